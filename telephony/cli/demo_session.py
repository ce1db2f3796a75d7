"""The session of `hotline demo leader-day`: announced, opened, three citizens, its end, a certificate."""

from contextlib import ExitStack
from typing import Any

from telephony.cli.demo_hall import FACTOR, SECONDS, Hall
from telephony.cli.demo_line import BY
from telephony.cli.demo_steps import STEP_SECONDS, Steps
from telephony.peers.sipp import SippCitizen
from telephony.rules.leader_day import CERTIFIED, CLOSED, OPEN, PLANNED, PUBLISHED
from telephony.texts import forms

HEAR_SECONDS = 3.0
LEAST_SECONDS = 7200
NOTICE_DAYS = 7
FIRST, SECOND, THIRD = "first", "second", "third"


class Session:
    """Plays a day from its plan to its certificate; each step raises WrongStepError if it is wrong."""

    def __init__(self, hall: Hall, steps: Steps, unit: str) -> None:
        self._hall, self._steps, self._unit = hall, steps, unit
        self._leader, self._screener = hall.seat.agent, hall.screener

    def play(self) -> None:
        """Play it."""
        self._announced()
        self._opened()
        with ExitStack() as stack:
            citizen, first = stack.enter_context(self._hall.caller(FIRST))
            self._screened("hall_screened", first, FIRST)
            self._to_leader(first)
            self._gives_up()
            self._result(first)
            _, third = stack.enter_context(self._hall.caller(THIRD))
            self._waits("hall_third", third, THIRD)
            self._end_passes(first, third)
            self._to_agents(third)
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
            leader = {"leader": self._hall.line.state(self._leader)}
            return {name: day[name] for name in ("state", "opened_by", "opened_at")} | leader

        self._steps.expect({"state": OPEN, "opened_by": "clock", "leader": "ready"}, measure)

    # Citizens.

    def _screened(self, name: str, call_id: str, who: str) -> None:
        """Let the screening agent talk first, and put down what the citizen wants."""
        self._steps.begin(name, "hall_calls")

        def talks() -> dict[str, Any]:
            call = self._hall.line.call(call_id)
            told = {"state": call["state"], "agent": call["agent"]}
            talking = told == {"state": "talking", "agent": self._screener}
            hears = self._hall.parties.hears(who, {"helper"}, HEAR_SECONDS) if talking else []
            return {**told, "citizen_hears": hears}

        self._steps.expect({"agent": self._screener, "citizen_hears": ["helper"]}, talks)
        summary = forms("demo.leader_summary")["zh"]
        body = {"in_scope": True, "summary": summary, "by": self._screener}
        self._hall.client.send("POST", f"leader-calls/{call_id}/screen", body)
        self._hall.line.pause(self._screener)

    def _handed(self, call_id: str) -> str:
        body = {"by": self._screener}
        return str(self._hall.client.send("POST", f"leader-calls/{call_id}/hand-over", body)["how"])

    def _to_leader(self, call_id: str) -> None:
        """Let the screening agent speak with the leader first, the citizen hearing music, and then go."""
        self._steps.begin("hall_handed", "hall_calls")
        how, hears = self._handed(call_id), self._hall.parties.hears

        def asked() -> dict[str, Any]:
            transfer = self._hall.client.get(f"transfers/{call_id}")["state"]
            told = {"how": how, "transfer": transfer, "summary": self._hall.entry(call_id)["summary"]}
            if transfer != "consulting":
                return told
            return {**told, "leader_hears": hears("leader", {"helper"}, HEAR_SECONDS)}

        self._steps.expect({"how": "attended", "transfer": "consulting", "leader_hears": ["helper"]}, asked)
        self._steps.begin("hall_talk", "hall_calls")
        self._hall.client.send("POST", f"transfers/{call_id}/complete", {"by": self._screener})

        def talks() -> dict[str, Any]:
            return {
                "standing": self._hall.entry(call_id)["standing"],
                "citizen_hears": hears(FIRST, {"leader"}, HEAR_SECONDS),
                "leader_hears": hears("leader", {"citizen"}, HEAR_SECONDS),
            }

        both = {"citizen_hears": ["leader"], "leader_hears": ["citizen"]}
        self._steps.expect({"standing": "with_leader", **both}, talks)

    def _waits(self, name: str, call_id: str, who: str) -> None:
        """Let a citizen be screened and wait for the leader, who talks with another."""
        self._screener_ready()
        self._screened(f"{name}_screened", call_id, who)
        self._steps.begin(f"{name}_waits", "hall_calls")
        how = self._handed(call_id)

        def measure() -> dict[str, Any]:
            line = [each for each in self._hall.client.get("waiting") if each["call_id"] == call_id]
            told = {each: line[0][each] for each in ("queue", "position", "expected_seconds")} if line else {}
            return {"how": how, **told}

        self._steps.expect({"how": "queue", "queue": self._hall.seat.queue, "position": 1}, measure)

    def _screener_ready(self) -> None:
        self._steps.begin("hall_ready", "hall_calls")
        line = self._hall.line
        self._steps.expect({"rests": True}, lambda: {"rests": line.rests(self._screener)})
        line.ready(self._screener)

    def _gives_up(self) -> None:
        """Let a second citizen wait and hang up: nobody has answered them, which is on the register."""
        with self._hall.caller(SECOND) as (citizen, second):
            self._waits("hall_second", second, SECOND)
            self._steps.begin("hall_gave_up", "hall_calls")
            citizen.hangup()

            def measure() -> dict[str, Any]:
                entries = {each["call_id"]: each["standing"] for each in self._hall.shown("register")}
                return {"standing": entries.get(second), "outcome": self._hall.line.call(second)["outcome"]}

            self._steps.expect({"standing": "not_reached", "outcome": "abandoned_later"}, measure)

    def _result(self, call_id: str) -> None:
        self._steps.begin("hall_result", "hall_calls")
        body = {"result": "on_the_spot", "by": BY}
        self._hall.client.send("POST", f"leader-calls/{call_id}/result", body)

        def measure() -> dict[str, Any]:
            return {name: self._hall.entry(call_id)[name] for name in ("result", "result_by", "standing")}

        self._steps.expect({"result": "on_the_spot", "standing": "with_leader"}, measure)

    # The end.

    def _end_passes(self, first: str, third: str) -> None:
        """Let the end pass in the talk: who waits is sent on to the agents of every day, the talk goes on."""
        self._steps.begin("hall_end", "hall_end")

        def measure() -> dict[str, Any]:
            waiting, talk = self._hall.entry(third), self._hall.entry(first)
            line = [each for each in self._hall.client.get("waiting") if each["call_id"] == third]
            return {
                "told": waiting["sent_off_at"] is not None,
                "waits_in": line[0]["queue"] if line else None,
                "day": self._hall.shown()["state"],
                "with_leader": talk["standing"] == "with_leader",
                "citizen_hears": self._hall.parties.hears(FIRST, {"leader"}, HEAR_SECONDS),
            }

        normal = {"told": True, "waits_in": self._hall.seat.normal_queue}
        going_on = {"day": OPEN, "with_leader": True, "citizen_hears": ["leader"]}
        self._steps.expect({**normal, **going_on}, measure, SECONDS + STEP_SECONDS)

    def _to_agents(self, call_id: str) -> None:
        self._steps.begin("hall_agents", "hall_end")
        self._hall.line.ready(self._hall.agent)

        def measure() -> dict[str, Any]:
            call = self._hall.line.call(call_id)
            told = {"state": call["state"], "agent": call["agent"]}
            return {**told, "citizen_hears": self._hall.parties.hears(THIRD, {"agent"}, HEAR_SECONDS)}

        self._steps.expect({"agent": self._hall.agent, "citizen_hears": ["agent"]}, measure)

    def _closed(self, citizen: SippCitizen, call_id: str) -> None:
        """Let the last talk end: the clock closes the day."""
        self._steps.begin("hall_closed", "hall_end")
        citizen.hangup()

        def measure() -> dict[str, Any]:
            day = self._hall.shown()
            told = {name: day[name] for name in ("state", "closed_by", "closed_at", "ends_at")}
            return {**told, "standing": self._hall.entry(call_id)["standing"]}

        self._steps.expect({"state": CLOSED, "closed_by": "clock", "standing": "answered"}, measure)

    # After the day.

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
