"""The demo's line (hotline.yaml, `demo.line`): its callers and agents, and that nothing of them is left."""

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

from telephony.cli.client import Client
from telephony.cli.demo import ARRIVE_SECONDS, events
from telephony.cli.demo_parties import Parties
from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.peers.far_end import FarEnd
from telephony.peers.sipp import SippCitizen
from telephony.texts import say

EVENT_SECONDS = 30.0
OVER_SECONDS = 20.0
"""Until calls that have been hung up are over in the ledger."""
BY = "hotline demo"
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Line:
    """Plays on the demo's own number, queues and agents; `tidy` leaves nothing of it behind."""

    def __init__(self, client: Client, config: Config, parties: Parties, clock: Clock) -> None:
        self.client, self.parties, self._clock = client, parties, clock
        self.demo, self.line = config.hotline.demo, config.hotline.demo.line
        self.centre = config.numbers[self.line.number].centre
        self.helped_by = " ".join(config.queues[self.line.busy_queue].overflow[0].to)
        self._reason = config.hotline.agents.pause_reasons[0].name
        self._keys = {target.queue: key for key, target in config.numbers[self.line.number].keys.items()}

    # Callers.

    @contextmanager
    def caller(self, name: str, queue: str, until: str = "waits") -> Iterator[tuple[SippCitizen, str]]:
        """Let the citizen call and choose a queue; give the call and its id once `until` has happened."""
        mark = self.mark()
        with self.parties.citizen(name, self.line.number, self._keys[queue]) as citizen:
            call_id = self._arrived(mark)
            self.event(until, mark, call_id)
            yield citizen, call_id

    def _arrived(self, mark: int) -> str:
        for event in events(self.client, ARRIVE_SECONDS, mark, kind="arrived"):
            call = self.client.get(f"calls/{event['call_id']}")
            # Nobody else's call is ours, and none of another demonstration.
            if (call["caller_number"], call["called_number"]) in {
                (self.demo.caller_number, self.line.number),
                (self.demo.caller_number, None),
            }:
                return str(call["id"])
        raise NotAllowedError(say("demo.not_arrived"))

    def mark(self) -> int:
        """Return after which event there is only what happens from now on."""
        return int(self.client.get("events", limit=1)["last"])

    def event(self, kind: str, mark: int, call_id: str) -> Mapping[str, Any]:
        """Wait for a call's event after a mark; raise NotAllowedError if it does not come."""
        found = next(events(self.client, EVENT_SECONDS, mark, kind=kind, call_id=call_id), None)
        if found is None:
            raise NotAllowedError(say("demo.no_event", kind=kind, id=call_id, seconds=EVENT_SECONDS))
        return dict(found)

    def call(self, call_id: str) -> Mapping[str, Any]:
        """Return a call as the ledger holds it."""
        return dict(self.client.get(f"calls/{call_id}"))

    # Agents.

    def state(self, agent: str) -> str:
        """Return an agent's state."""
        return str(self.client.get(f"agents/{agent}")["state"])

    def ready(self, agent: str) -> None:
        """Let an agent take calls."""
        if self.state(agent) != "ready":
            self.client.send("POST", f"agents/{agent}/ready")

    def pause(self, agent: str) -> None:
        """Let an agent take no calls; one who talks is to take none afterwards."""
        self.client.send("POST", f"agents/{agent}/pause", {"reason": self._reason})

    def rests(self, agent: str) -> bool:
        """Tell whether an agent has no call and takes none."""
        return self.state(agent) in {"wrap_up", "paused"}

    # Returns.

    def owed(self) -> list[Any]:
        """Return the open returns of the demo's citizen."""
        found = self.client.get("returns", limit=1000)
        return [each for each in found if each["number"] == self.demo.caller_number]

    def owed_for(self, call_id: str) -> Mapping[str, Any]:
        """Return the open return of a lost call; nothing if there is none."""
        return next((each for each in self.owed() if each["call_id"] == call_id), {})

    def settle(self, owed: Mapping[str, Any]) -> None:
        """Close a return that nobody is to call back."""
        self.client.send("POST", f"returns/{owed['id']}/close", {"by": BY, "note": BY})

    # In the end.

    def tidy(self, far_end: FarEnd) -> None:
        """Leave no agent, notice, call or return of the demonstration's, whatever there is of them."""
        for agent in (self.line.agent, self.line.helper):
            with suppress(HotlineError):  # the next one all the same; what is left is told by `left`
                if self.state(agent) != "logged_out":
                    self.client.send("POST", f"agents/{agent}/logout")
        with suppress(HotlineError):  # none is on
            self.client.send("POST", f"notices/{self.line.number}/off", {"by": BY})
        with suppress(HotlineError):
            self._wait_over(far_end)
        with suppress(HotlineError):
            for each in self.owed():
                self.settle(each)

    def left(self) -> dict[str, object]:
        """Return what there still is of the demonstration."""
        notices = self.client.get("notices")
        return {
            "live_calls": len(self._live()),
            "waiting": len([each for each in self.client.get("waiting") if self._ours(each["number"])]),
            "notices": len([each for each in notices if each["number"] == self.line.number]),
            "open_returns": len(self.owed()),
            "agents": [self.state(agent) for agent in (self.line.agent, self.line.helper)],
        }

    def _ours(self, number: str | None) -> bool:
        return number == self.demo.caller_number

    def _live(self) -> list[str]:
        calls = self.client.get("calls", number=self.demo.caller_number, limit=50)
        return [each["id"] for each in calls if each["state"] != "ended" and self._on_line(each)]

    def _on_line(self, call: Mapping[str, Any]) -> bool:
        return call["called_number"] == self.line.number or "return" in call["marks"]

    def _wait_over(self, far_end: FarEnd) -> None:
        deadline = self._clock.monotonic() + OVER_SECONDS
        while True:
            mark = self.mark()
            if not self._live() or self._clock.monotonic() > deadline:
                return
            with suppress(HotlineError):  # the citizen was not called
                far_end.hang_up(self.demo.caller_number)
            self.client.poll("events", 1.0, after=mark)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let the first signal to end unwind what was begun; more of them do not disturb that."""

    def end(number: int, _frame: FrameType | None) -> NoReturn:
        for each in ENDS:
            signal.signal(each, signal.SIG_IGN)
        raise SystemExit(128 + number)

    before = {each: signal.signal(each, end) for each in ENDS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
