"""A switch that a test plays: it rings, is answered, lets go, and tells of it late, twice, or not at all.

It also knows what really happened, which no service can make it forget.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from twisted.internet.defer import fail, succeed

from telephony.callback.simulate.far_end import ANSWERED, CAUSE_OF, FAILED, NO_ANSWER, STATUS_OF, TIMED_OUT
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.rules.verdict import Kind

ON_TIME = (0.0,)
APOLOGY, LONGEST_TALK = 5.0, 1500.0
_SECOND = timedelta(seconds=1)


@dataclass
class RealCall:
    """What really became of a call, by the clock that nobody can set."""

    id: str
    task: int
    number: str
    worker: str
    guard: float
    wall: datetime
    started: float
    rang_from: float | None = None
    answered: float | None = None
    ended: float | None = None
    how: str = ""

    @property
    def is_live(self):
        return self.ended is None

    @property
    def state(self):
        return "Up" if self.answered is not None else "Ringing" if self.rang_from is not None else "Down"

    def rang_out(self, floor):
        """Whether it really rang for the floor, and then the network or our guard timer ended it."""
        if self.rang_from is None or self.answered is not None or self.how not in {"guard", "480", "408"}:
            return False
        return self.ended - self.rang_from >= floor - 1e-6


class Switch:
    """Survives every service. `fates` says how the next events fare: after how many seconds they arrive, each
    number one arrival, none: lost. `orders` says what becomes of the next orders.
    """

    def __init__(self, time):
        self.time, self.calls, self.connections = time, {}, []
        self.fates, self.orders = deque(), deque()
        self.rings_by_itself, self.news = "RINGING", 0
        self.watch = lambda _: None

    @property
    def live(self):
        return [call for call in self.calls.values() if call.is_live]

    def connect(self, told, worker):
        """Return a new connection of a service, which is told of everything."""
        connection = Connection(self, told, worker)
        self.connections.append(connection)
        return connection

    def place(self, order, worker):
        now = self.time.monotonic()
        call = RealCall(
            order.attempt_id, order.task_id, order.number, worker, order.guard, self.time.now(), now
        )
        assert call.id not in self.calls, "the switch would ring twice"
        self.calls[call.id] = call
        self.news += 1
        self.watch(call)
        self.time.callLater(order.guard, self._guard, call)
        if self.rings_by_itself:
            self.time.callLater(0, self.alert, call, self.rings_by_itself)

    def alert(self, call, status="RINGING"):
        if call.is_live and call.answered is None:
            if call.rang_from is None:
                call.rang_from = self.time.monotonic()
            self.tell(call, Kind.ALERTING, {"status": status})

    def answer(self, call):
        if call.is_live and call.answered is None:
            call.answered = self.time.monotonic()
            served = any(each.worker == call.worker for each in self.connections)
            self.time.callLater(LONGEST_TALK if served else APOLOGY, self.hang_up, call)
            self.tell(call, Kind.UP, {})
            self.tell(call, Kind.DIAL_END, {"status": "ANSWER"})
            self.tell(call, Kind.RESPONSE, {"reason": ANSWERED})

    def refuse(self, call, code):
        if call.is_live and call.answered is None:
            causes = {"cause": CAUSE_OF.get(code, 127), "sip_code": code}
            self.tell(call, Kind.RELEASED, causes)
            self.tell(call, Kind.DIAL_END, {"status": STATUS_OF.get(code, "NOANSWER")})
            self._end(call, str(code), causes)
            self.tell(call, Kind.RESPONSE, {"reason": FAILED})

    def hang_up(self, call, *, ours=False):
        """End a call: by the citizen who has answered, or by our side."""
        if not call.is_live:
            return
        causes = {"cause": 16, "sip_code": None}
        if ours:
            causes = {"cause": NO_ANSWER, "sip_code": 480} if call.answered is None else causes
        elif call.answered is not None:
            self.tell(call, Kind.RELEASED, causes)
        else:
            return
        if call.answered is None:
            self.tell(call, Kind.DIAL_END, {"status": "NOANSWER"})
        self._end(call, "ours" if ours else "citizen", causes)
        if call.answered is None:
            self.tell(call, Kind.RESPONSE, {"reason": FAILED})

    def service_died(self, worker):
        """End what its dialplan cannot go on with: who has answered hears an apology."""
        self.connections = [each for each in self.connections if each.worker != worker]
        for call in self.live:
            if call.worker == worker and call.answered is not None:
                self.time.callLater(APOLOGY, lambda call=call: self.hang_up(call, ours=True))

    def answered_at(self, _connection, attempt_id):
        """Return what the switch's journal proves."""
        call = self.calls.get(attempt_id)
        if call is None or call.answered is None:
            return None
        return self.time.now() - (self.time.monotonic() - call.answered) * _SECOND

    def tell(self, call, kind, data):
        at = self.time.now()
        for connection in list(self.connections):
            for delay in self.fates.popleft() if self.fates else ON_TIME:
                if delay:
                    self.time.callLater(delay, connection.hear, call.id, kind, at, data)
                else:
                    connection.hear(call.id, kind, at, data)

    def _guard(self, call):
        if call.is_live and call.answered is None:
            self.tell(call, Kind.RESPONSE, {"reason": TIMED_OUT})
            self._end(call, "guard", {"cause": NO_ANSWER, "sip_code": 480})

    def _end(self, call, how, causes):
        call.ended, call.how = self.time.monotonic(), how
        self.news += 1
        self.tell(call, Kind.HANGUP, causes)


class Connection:
    """telephony.callback.campaign.Line of one service; while it is down, nothing is told and nothing said."""

    def __init__(self, switch, told, worker):
        self._switch, self._told, self.worker, self.is_up = switch, told, worker, True

    def hear(self, attempt_id, kind, at, data):
        if self.is_up and self in self._switch.connections:
            self._told(attempt_id, kind, at, data)

    def originate(self, order):
        if self not in self._switch.connections:
            return fail(SwitchUnavailableError("dead"))
        fate = self._switch.orders.popleft() if self._switch.orders else "taken"
        if not self.is_up or fate == "lost":
            return fail(SwitchUnavailableError("no answer"))
        if fate == "refused":
            return fail(SwitchRefusedError("no"))
        self._switch.place(order, self.worker)
        return fail(SwitchUnavailableError("no answer")) if fate == "taken in silence" else succeed(None)

    def living(self):
        if not self.is_up:
            return fail(SwitchUnavailableError("down"))
        return succeed({call.id: call.state for call in self._switch.live})
