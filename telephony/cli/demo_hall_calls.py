"""The calls of `hotline demo leader-day`: screened, handed to the leader, given up, sent on at the end."""

from typing import Any

from telephony.cli.demo_hall import SECONDS, Hall
from telephony.cli.demo_line import BY
from telephony.cli.demo_steps import STEP_SECONDS, Steps
from telephony.rules.leader_day import OPEN
from telephony.texts import forms

HEAR_SECONDS = 3.0
FIRST, SECOND, THIRD = "first", "second", "third"


class HallCalls:
    """What becomes of the day's citizens; each step raises WrongStepError if it is wrong."""

    def __init__(self, hall: Hall, steps: Steps) -> None:
        self._hall, self._steps, self._screener = hall, steps, hall.screener

    def screened(self, name: str, call_id: str, who: str) -> None:
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

    def to_leader(self, call_id: str) -> None:
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

    def waits(self, name: str, call_id: str, who: str) -> None:
        """Let a citizen be screened and wait for the leader, who talks with another."""
        self._screener_ready()
        self.screened(f"{name}_screened", call_id, who)
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

    def gives_up(self) -> None:
        """Let a second citizen wait and hang up: nobody has answered them, which is on the register."""
        with self._hall.caller(SECOND) as (citizen, second):
            self.waits("hall_second", second, SECOND)
            self._steps.begin("hall_gave_up", "hall_calls")
            citizen.hangup()

            def measure() -> dict[str, Any]:
                entries = {each["call_id"]: each["standing"] for each in self._hall.shown("register")}
                return {"standing": entries.get(second), "outcome": self._hall.line.call(second)["outcome"]}

            self._steps.expect({"standing": "not_reached", "outcome": "abandoned_later"}, measure)

    def result(self, call_id: str) -> None:
        """Let what the leader decided be put down while the talk goes on."""
        self._steps.begin("hall_result", "hall_calls")
        body = {"result": "on_the_spot", "by": BY}
        self._hall.client.send("POST", f"leader-calls/{call_id}/result", body)

        def measure() -> dict[str, Any]:
            return {name: self._hall.entry(call_id)[name] for name in ("result", "result_by", "standing")}

        self._steps.expect({"result": "on_the_spot", "standing": "with_leader"}, measure)

    def end_passes(self, first: str, third: str) -> None:
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

    def to_agents(self, call_id: str) -> None:
        """Let an agent of every day take who was sent on."""
        self._steps.begin("hall_agents", "hall_end")
        self._hall.line.ready(self._hall.agent)

        def measure() -> dict[str, Any]:
            call = self._hall.line.call(call_id)
            told = {"state": call["state"], "agent": call["agent"]}
            return {**told, "citizen_hears": self._hall.parties.hears(THIRD, {"agent"}, HEAR_SECONDS)}

        self._steps.expect({"agent": self._hall.agent, "citizen_hears": ["agent"]}, measure)
