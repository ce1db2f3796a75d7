"""The demo's hall (hotline.yaml, `demo.leader`): its day, callers and agents, and that nothing is left."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from telephony.cli.client import RefusedError
from telephony.cli.demo import ARRIVE_SECONDS, events
from telephony.cli.demo_line import BY, OVER_SECONDS, Line
from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.peers.sipp import SippCitizen
from telephony.rules.leader_day import ANNOUNCED, OPEN, PLANNED
from telephony.texts import say

FACTOR = 120
"""Seconds of the day's clock in a real one: its two hours pass in a minute."""
BEGINS_SECONDS, SECONDS = 6.0, 66.0
"""Until it begins, and that it lasts: twelve minutes more than Art. 6 asks for, by its clock."""


class Hall:
    """Plays on the demo's own seat; `tidy` leaves no day open and nobody logged in, however a play ended."""

    def __init__(self, line: Line, config: Config, clock: Clock) -> None:
        self.line, self.client, self.parties = line, line.client, line.parties
        self.demo, self._clock = config.hotline.demo, clock
        self.seat = config.seats[self.demo.leader.seat]
        self.number = config.demo_hall_number
        self.screener, self.agent = self.demo.leader.screener, self.demo.agent
        self.agents = (self.seat.agent, self.screener, self.agent)
        self.day = 0

    # The day.

    def plan(self) -> None:
        """Plan the day; its line opens BEGINS_SECONDS from now."""
        lengths = {"begins_in_seconds": BEGINS_SECONDS, "seconds": SECONDS}
        planned = self.client.send("POST", "leader-days/played", {"by": BY, "factor": FACTOR, **lengths})
        self.day = planned["id"]

    def publish(self, full_days: int) -> str:
        """Announce the day so many full days before it; return why it is refused, if it is."""
        try:
            self.client.send(
                "POST", f"leader-days/played/{self.day}/publish", {"by": BY, "full_days": full_days}
            )
        except RefusedError as error:
            return str(error)
        return ""

    def shown(self, part: str = "") -> Any:
        """Return the day, or a part of it such as `presence`."""
        return self.client.get(f"leader-days/{self.day}{part and '/'}{part}")

    def entry(self, call_id: str) -> Mapping[str, Any]:
        """Return a call as the day has it; nothing while it is not let in."""
        return next((each for each in self.shown("calls") if each["call_id"] == call_id), {})

    # Callers.

    @contextmanager
    def caller(self, name: str) -> Iterator[tuple[SippCitizen, str]]:
        """Let the citizen call the leader's number; give the call and its id."""
        mark = self.line.mark()
        with self.parties.citizen(name, self.number, "") as citizen:
            yield citizen, self._arrived(mark)

    def _arrived(self, mark: int) -> str:
        for event in events(self.client, ARRIVE_SECONDS, mark, kind="arrived"):
            call = self.line.call(event["call_id"])
            ours = call["caller_number"] == self.demo.caller_number
            if ours and call["called_number"] in {self.number, None}:
                return str(call["id"])
        raise NotAllowedError(say("demo.not_arrived"))

    # In the end.

    def tidy(self) -> None:
        """End every day of the demonstration's that is not over, and log its agents out."""
        for agent in self.agents:
            with suppress(HotlineError):  # the next one all the same; what is left is told by `left`
                if self.line.state(agent) != "logged_out":
                    self.client.send("POST", f"agents/{agent}/logout")
        with suppress(HotlineError):
            for day in self._days():
                what = "close" if day["state"] == OPEN else "cancel"
                with suppress(HotlineError):
                    self.client.send("POST", f"leader-days/{day['id']}/{what}", {"by": BY, "reason": BY})
        with suppress(HotlineError):
            self._wait_over()

    def left(self) -> dict[str, object]:
        """Return what there still is of the demonstration."""
        alarms, waiting = self.client.get("alarms"), self.client.get("waiting")
        ours = [each for each in waiting if each["number"] == self.demo.caller_number]
        return {
            "live_calls": len(self._live()),
            "waiting": len(ours),
            "open_days": len(self._days()),
            "open_entries": len(self.shown("register")) if self.day else 0,
            "alarms": len([each for each in alarms if self._is_of_day(each)]),
            "open_returns": len(self.line.owed()),
            "agents": [self.line.state(agent) for agent in self.agents],
        }

    def _is_of_day(self, alarm: Mapping[str, Any]) -> bool:
        return (alarm["kind"].partition("-")[0], alarm["subject"]) == ("leader", str(self.day))

    def _days(self) -> list[Any]:
        found = self.client.get("leader-days", played=True, limit=1000)
        return [each for each in found if each["state"] in {PLANNED, OPEN, *ANNOUNCED}]

    def _live(self) -> list[str]:
        calls = self.client.get("calls", number=self.demo.caller_number, limit=50)
        mine = [each for each in calls if each["called_number"] == self.number]
        return [each["id"] for each in mine if each["state"] != "ended"]

    def _wait_over(self) -> None:
        deadline = self._clock.monotonic() + OVER_SECONDS
        while self._live() and self._clock.monotonic() < deadline:
            self.client.poll("events", 1.0, after=self.line.mark())
