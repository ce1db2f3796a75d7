"""The session of `hotline demo leader-day`: announced, opened, three citizens, its end, a certificate."""

from contextlib import ExitStack
from typing import Any

from telephony.cli.demo_hall import FACTOR, SECONDS, Hall
from telephony.cli.demo_hall_calls import FIRST, THIRD, HallCalls
from telephony.cli.demo_line import BY
from telephony.cli.demo_steps import Steps
from telephony.peers.sipp import SippCitizen
from telephony.rules.leader_day import CERTIFIED, CLOSED, OPEN, PLANNED, PUBLISHED
from telephony.texts import forms

LEAST_SECONDS = 7200
NOTICE_DAYS = 7


class Session:
    """Plays a day from its plan to its certificate; each step raises WrongStepError if it is wrong."""

    def __init__(self, hall: Hall, steps: Steps, unit: str) -> None:
        self._hall, self._steps, self._unit = hall, steps, unit
        self._calls = HallCalls(hall, steps)

    def play(self) -> None:
        """Play it."""
        self._announced()
        self._opened()
        with ExitStack() as stack:
            citizen, first = stack.enter_context(self._hall.caller(FIRST))
            self._calls.screened("hall_screened", first, FIRST)
            self._calls.to_leader(first)
            self._calls.gives_up()
            self._calls.result(first)
            _, third = stack.enter_context(self._hall.caller(THIRD))
            self._calls.waits("hall_third", third, THIRD)
            self._calls.end_passes(first, third)
            self._calls.to_agents(third)
            self._closed(citizen, first)
        self._presence()
        self._register()
        self._certified()

    # Before the day.

    def _announced(self) -> None:
        self._steps.begin("hall_planned", "hall_day")
        self._hall.plan()

        def planned() -> dict[str, Any]:
            day = self._hall.shown()
            told = {name: day[name] for name in ("id", "state", "played", "leader", "seat")}
            return {**told, "minutes": SECONDS * FACTOR / 60}

        self._steps.expect({"state": PLANNED, "played": FACTOR}, planned)
        self._publishes("hall_refused", NOTICE_DAYS - 1, PLANNED)
        self._publishes("hall_published", NOTICE_DAYS, PUBLISHED)
        self._notice()

    def _publishes(self, name: str, full_days: int, state: str) -> None:
        self._steps.begin(name, "hall_day")
        why = self._hall.publish(full_days)

        def measure() -> dict[str, Any]:
            notices = [each["published_at"] for each in self._hall.shown("notices")]
            told = {"state": self._hall.shown()["state"], "notices": len(notices)}
            return {"full_days": full_days, "refused": bool(why), "why": why, "at": notices, **told}

        refused = state == PLANNED
        self._steps.expect({"refused": refused, "state": state, "notices": int(not refused)}, measure)

    def _notice(self) -> None:
        self._steps.begin("hall_notice", "hall_day")

        def measure() -> dict[str, Any]:
            text = self._hall.client.text(f"leader-days/{self._hall.day}/notice", form="text")
            scope = forms("leader.played_scope")["zh"]
            return {"says_number": self._hall.number in text, "says_scope": scope in text, "text": text}

        self._steps.expect({"says_number": True, "says_scope": True}, measure)

    def _opened(self) -> None:
        """Let the hour come: the line is opened by the clock."""
        self._steps.begin("hall_opened", "hall_day")

        def measure() -> dict[str, Any]:
            day = self._hall.shown()
            leader = {"leader": self._hall.line.state(self._hall.seat.agent)}
            return {name: day[name] for name in ("state", "opened_by", "opened_at")} | leader

        self._steps.expect({"state": OPEN, "opened_by": "clock", "leader": "ready"}, measure)

    # The end, and after the day.

    def _closed(self, citizen: SippCitizen, call_id: str) -> None:
        """Let the last talk end: the clock closes the day."""
        self._steps.begin("hall_closed", "hall_end")
        citizen.hangup()

        def measure() -> dict[str, Any]:
            day = self._hall.shown()
            told = {name: day[name] for name in ("state", "closed_by", "closed_at", "ends_at")}
            return {**told, "standing": self._hall.entry(call_id)["standing"]}

        self._steps.expect({"state": CLOSED, "closed_by": "clock", "standing": "answered"}, measure)

    def _presence(self) -> None:
        self._steps.begin("hall_presence", "hall_end")

        def measure() -> dict[str, Any]:
            found = self._hall.shown("presence")
            told = {name: found[name] for name in ("there", "paused", "away", "short", "missing")}
            return {**told, "enough": found["there"] >= LEAST_SECONDS}

        self._steps.expect({"enough": True, "short": False, "missing": 0.0}, measure)

    def _register(self) -> None:
        """Empty it: one is handed to a unit, of the other an agent has taken care already."""
        self._steps.begin("hall_register", "hall_calls")

        def owed() -> dict[str, Any]:
            entries = self._hall.shown("register")
            standings = [each["standing"] for each in entries]
            return {"standings": standings, "noted": [each["may_be_noted"] for each in entries]}

        wanted = {"standings": ["not_reached"] * 2, "noted": [False, True]}
        self._steps.expect(wanted, owed)
        for entry in self._hall.shown("register"):
            how = {"how": "noted", "note": BY} if entry["may_be_noted"] else {"how": "handed_to_unit"}
            unit = None if entry["may_be_noted"] else self._unit
            body = {**how, "unit": unit, "by": BY}
            self._hall.client.send("POST", f"leader-calls/{entry['call_id']}/settle", body)
        self._steps.begin("hall_settled", "hall_calls")
        self._steps.expect({"open": 0}, lambda: {"open": len(self._hall.shown("register"))})

    def _certified(self) -> None:
        self._steps.begin("hall_certified", "hall_end")
        self._hall.client.send("POST", f"leader-days/{self._hall.day}/certify", {"by": BY})

        def measure() -> dict[str, Any]:
            found = self._hall.shown("certificate")
            document = found["document"]
            told = {name: found[name] for name in ("state", "frozen", "intact", "digest")}
            deviations = [each["code"] for each in document["deviations"]]
            return {**told, "agrees": document["recount"]["agrees"], "deviations": deviations}

        whole = {"frozen": True, "intact": True, "agrees": True, "deviations": []}
        self._steps.expect({"state": CERTIFIED, **whole}, measure)
