"""The scripted far end: the line of the simulation, which tells of a call as a real Asterisk 22 does.

Which event says what was measured on the real switch (asterisk-facts.md, docs/asterisk-findings.md).
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from telephony.callback.campaign import Order, Told
from telephony.callback.simulate.scenario import FarEnd
from telephony.callback.simulate.time import Call, VirtualTime
from telephony.errors import SwitchUnavailableError
from telephony.rules.survey import Keys, Played, play
from telephony.rules.verdict import ANSWERED, TIMED_OUT, Datum, Kind

CAUSE_OF = {
    401: 21,
    403: 21,
    407: 21,
    603: 21,
    404: 1,
    485: 1,
    604: 1,
    410: 22,
    484: 28,
    408: 18,
    480: 19,
    483: 19,
    486: 17,
    600: 17,
    500: 38,
    502: 27,
    503: 34,
    504: 102,
    501: 29,
    488: 58,
    606: 58,
    420: 127,
    409: 41,
}
"""Q.850 cause that Asterisk gives a SIP status; others are 127 (interworking)."""
STATUS_OF = {486: "BUSY", 600: "BUSY", 503: "CONGESTION"}
"""DialEnd's word; any other refusal is NOANSWER."""
FAILED = 0
NORMAL, NO_ANSWER = 16, 19
ASK_SECONDS, GOODBYE_SECONDS, APOLOGY_SECONDS = 8.0, 6.0, 5.0
"""How long a question, the end of a survey, and the apology of a switch without its service take."""


@dataclass
class _Ringing:
    order: Order
    does: FarEnd
    state: str = "Down"
    ends: Call | None = None


class ScriptedLine:
    """Survives the service, as the switch does: what happens while nobody listens is told to nobody."""

    is_up = True

    def __init__(self, time: VirtualTime, scripts: Mapping[int, tuple[FarEnd, ...]], keys: Keys) -> None:
        self._time, self._scripts, self._keys = time, scripts, keys
        self._calls: dict[str, _Ringing] = {}
        self._placed: defaultdict[int, int] = defaultdict(int)
        self._told: Told | None = None
        self._rate: Callable[[str, str, Mapping[str, Datum]], Deferred[Any]] | None = None
        self.answered: dict[str, datetime] = {}
        """The switch's journal, as far as it proves an answer."""
        self.busy_seconds = 0.0

    def listen(self, told: Told | None, rate: Callable[[str, str, Mapping[str, Datum]], Any] | None) -> None:
        """Tell a service of everything from now on; None: it is dead."""
        self._told, self._rate = told, rate

    def originate(self, order: Order) -> Deferred[Any]:
        """Ring the far end."""
        if self._told is None:
            return fail(SwitchUnavailableError("the service is dead"))
        script = self._scripts[order.task_id]
        does = script[min(self._placed[order.task_id], len(script) - 1)]
        self._placed[order.task_id] += 1
        self._calls[order.attempt_id] = _Ringing(order, does)
        self._time.callLater(0, self._begin, order.attempt_id)
        return succeed(None)

    def living(self) -> Deferred[Mapping[str, str]]:
        """Return the state of every channel."""
        return succeed({attempt_id: call.state for attempt_id, call in self._calls.items()})

    def _begin(self, attempt_id: str) -> None:
        call = self._calls[attempt_id]
        does, guard = call.does, call.order.guard
        if does.alerting != "none":
            call.state = "Ringing" if does.alerting == 180 else "Dialing"  # noqa: PLR2004 - SIP's own number
            status = "RINGING" if does.alerting == 180 else "PROGRESS"  # noqa: PLR2004
            self._tell(attempt_id, Kind.ALERTING, {"status": status})
        silent = does.final == "timeout" and not does.answered
        if silent or does.ring_seconds >= guard:
            call.ends = self._time.callLater(guard, self._rang_out, attempt_id)
        elif does.answered:
            call.ends = self._time.callLater(does.ring_seconds, self._answer, attempt_id)
        else:
            call.ends = self._time.callLater(does.ring_seconds, self._refuse, attempt_id, does.final)

    def _rang_out(self, attempt_id: str) -> None:
        self._tell(attempt_id, Kind.RESPONSE, {"reason": TIMED_OUT})
        self._hang_up(attempt_id, NO_ANSWER, 480)

    def _refuse(self, attempt_id: str, code: int) -> None:
        self._tell(attempt_id, Kind.DIAL_END, {"status": STATUS_OF.get(code, "NOANSWER")})
        self._tell(attempt_id, Kind.RESPONSE, {"reason": FAILED})
        self._tell(attempt_id, Kind.RELEASED, {"cause": CAUSE_OF.get(code, 127), "sip_code": code})
        self._hang_up(attempt_id, CAUSE_OF.get(code, 127), code)

    def _answer(self, attempt_id: str) -> None:
        call = self._calls[attempt_id]
        call.state = "Up"
        self.answered[attempt_id] = self._time.now()
        self._tell(attempt_id, Kind.DIAL_END, {"status": "ANSWER"})
        self._tell(attempt_id, Kind.UP, {})
        self._tell(attempt_id, Kind.RESPONSE, {"reason": ANSWERED})
        if self._told is None:
            call.ends = self._time.callLater(APOLOGY_SECONDS, self._hang_up, attempt_id, NORMAL, None)
            return
        played = play(call.does.keys, self._keys)
        asking = (attempt_id, played, self._rate)
        call.ends = self._time.callLater(played.asked * ASK_SECONDS, self._said, *asking)

    def _said(self, attempt_id: str, played: Played, asked_by: object) -> None:
        # A survey dies with the service that holds it: another life knows nothing of it.
        if self._rate is not None and self._rate == asked_by and played.rating is not None:
            self._rate(attempt_id, Kind.RATED, {"rating": played.rating})
        self._time.callLater(GOODBYE_SECONDS, self._hang_up, attempt_id, NORMAL, None)

    def _hang_up(self, attempt_id: str, cause: int, code: int | None) -> None:
        del self._calls[attempt_id]
        self._tell(attempt_id, Kind.HANGUP, {"cause": cause, "sip_code": code})

    def _tell(self, attempt_id: str, kind: str, data: Mapping[str, Datum]) -> None:
        if self._told is not None:
            self._told(attempt_id, kind, self._time.now(), data)
