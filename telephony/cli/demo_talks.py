"""The waiting room of `hotline demo waiting`: places, order, transfers, and one who gives up waiting."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from telephony.cli.demo_line import Line
from telephony.cli.demo_steps import Steps
from telephony.peers.baresip import Baresip
from telephony.peers.sipp import SippCitizen

RING_SECONDS = 20.0
HEAR_SECONDS = 3.0
FIRST, SECOND = "first", "second"


class Talks:
    """Two citizens wait for one agent; the first is transferred about, the second gives up."""

    def __init__(self, line: Line, steps: Steps, helper: Baresip) -> None:
        self._line, self._steps, self._helper = line, steps, helper
        self._agent, self._other = line.line.agent, line.line.helper

    def play(self) -> None:
        """Play it; raise WrongStepError at the first step that is wrong."""
        queue = self._line.line.queue
        with ExitStack() as stack:
            _, first = stack.enter_context(self._line.caller(FIRST, queue))
            citizen, second = stack.enter_context(self._line.caller(SECOND, queue))
            self._lined_up("in_line", {first: 0, second: 0})
            self._taken("turn", first, second)
            self._blind(first)
            self._lined_up("back_in_line", {first: 20, second: 0})
            self._taken("turn_again", first, second)
            self._not_reached(first)
            self._attended(first)
            self._gives_up(citizen, second)

    def _lined_up(self, name: str, priorities: Mapping[str, int]) -> None:
        """Note who waits in what order, and in which places."""
        self._steps.begin(name, "line")
        order = list(priorities)

        def measure() -> dict[str, Any]:
            line = [each for each in self._line.client.get("waiting") if each["call_id"] in priorities]
            return {
                "order": [each["call_id"] for each in line],
                "positions": [each["position"] for each in line],
                "priorities": [each["priority"] for each in line],
                "expected_seconds": [each["expected_seconds"] for each in line],
            }

        places = {"positions": [1, 2], "priorities": list(priorities.values())}
        self._steps.expect({"order": order, **places}, measure)

    def _taken(self, name: str, call_id: str, other: str) -> None:
        """Let the agent be ready: one has the call, the other waits and is next."""
        self._steps.begin(name, "line")
        self._line.ready(self._agent)

        def measure() -> dict[str, Any]:
            waiting = [each["call_id"] for each in self._line.client.get("waiting")]
            return {
                **self._talk(call_id, "agent"),
                "waits": [each for each in (call_id, other) if each in waiting],
                "wait_seconds": self._line.call(call_id)["wait_seconds"],
            }

        asserted = {"state": "talking", "agent": self._agent, "citizen_hears": ["agent"], "waits": [other]}
        self._steps.expect(asserted, measure)

    def _talk(self, call_id: str, voice: str) -> dict[str, Any]:
        """Return what a call is at, with whom, and whom its citizen hears once it is this voice."""
        call = self._line.call(call_id)
        hears = self._line.parties.hears(FIRST, {voice}, HEAR_SECONDS)
        return {"call_id": call_id, "state": call["state"], "agent": call["agent"], "citizen_hears": hears}

    # Transfers.

    def _transfer(self, call_id: str, to: str, mode: str) -> None:
        self._line.client.send(
            "POST", "transfers", {"call_id": call_id, "to": to, "mode": mode, "by": self._agent}
        )

    def _shown(self, call_id: str) -> dict[str, Any]:
        found = self._line.client.get(f"transfers/{call_id}")
        return {"transfer": found["state"], "cause": found["cause"], "answered_by": found["answered_by"]}

    def _blind(self, call_id: str) -> None:
        """Give the call back to the queue; the agent who gave it away takes no other meanwhile."""
        self._steps.begin("transferred", "transfer")
        self._line.pause(self._agent)
        self._transfer(call_id, f"queue:{self._line.line.queue}", "blind")

        def measure() -> dict[str, Any]:
            return {**self._shown(call_id), "agent_rests": self._line.rests(self._agent)}

        self._steps.expect({"transfer": "waiting", "agent_rests": True}, measure)

    def _not_reached(self, call_id: str) -> None:
        """Let the other agent refuse an attended transfer: the first one has the citizen again."""
        self._steps.begin("not_reached", "transfer")
        self._ring(call_id)
        self._helper.hangup()

        def measure() -> dict[str, Any]:
            return {**self._shown(call_id), **self._talk(call_id, "agent")}

        back = {"state": "talking", "agent": self._agent, "citizen_hears": ["agent"]}
        self._steps.expect({"transfer": "failed", "answered_by": self._agent, **back}, measure)

    def _ring(self, call_id: str) -> None:
        self._line.ready(self._other)
        self._transfer(call_id, f"agent:{self._other}", "attended")
        self._helper.wait_event("CALL_INCOMING", RING_SECONDS)

    def _attended(self, call_id: str) -> None:
        """Let the two agents speak while the citizen hears music, then let the first one go."""
        self._steps.begin("consulting", "transfer")
        self._ring(call_id)
        self._helper.answer()
        hears = self._line.parties.hears

        def measure() -> dict[str, Any]:
            return {
                **self._shown(call_id),
                "citizen_hears": hears(FIRST, set(), HEAR_SECONDS),
                "agent_hears": hears("agent", {"helper"}, HEAR_SECONDS),
                "helper_hears": hears("helper", {"agent"}, HEAR_SECONDS),
            }

        heard = {"citizen_hears": [], "agent_hears": ["helper"], "helper_hears": ["agent"]}
        self._steps.expect({"transfer": "consulting", **heard}, measure)
        self._completed(call_id)

    def _completed(self, call_id: str) -> None:
        self._steps.begin("completed", "transfer")
        self._line.pause(self._agent)
        self._line.client.send("POST", f"transfers/{call_id}/complete", {"by": self._agent})

        def measure() -> dict[str, Any]:
            rests = {"agent_rests": self._line.rests(self._agent)}
            return {**self._shown(call_id), **self._talk(call_id, "helper"), **rests}

        now = {"state": "talking", "citizen_hears": ["helper"], "agent_rests": True}
        self._steps.expect({"transfer": "completed", "answered_by": self._other, **now}, measure)
        self._line.pause(self._other)

    # One who gives up.

    def _gives_up(self, citizen: SippCitizen, call_id: str) -> None:
        """Let the second hang up, who has waited all the time: a call back is owed."""
        self._steps.begin("gave_up", "returns")
        citizen.hangup()

        def measure() -> dict[str, Any]:
            call, owed = self._line.call(call_id), self._line.owed_for(call_id)
            told = {name: owed.get(name) for name in ("why", "state", "queue")}
            return {"outcome": call["outcome"], "since": owed.get("since"), "id": owed.get("id"), **told}

        queue = self._line.line.queue
        wanted = {"outcome": "abandoned", "why": "abandoned", "state": "planned", "queue": queue}
        self._line.settle(self._steps.expect(wanted, measure))
