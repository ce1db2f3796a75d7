"""What relieves the line in `hotline demo waiting`: a notice, a kept place, helpers, and who is let go."""

from datetime import timedelta
from typing import Any

from telephony.cli.demo_line import BY, Line
from telephony.cli.demo_steps import Steps
from telephony.cli.demo_talks import HEAR_SECONDS, RING_SECONDS
from telephony.peers.baresip import Baresip
from telephony.peers.far_end import FarEnd
from telephony.texts import forms

NOTICE_MINUTES = 5
LET_GO_SECONDS = 75.0
"""The dialplan asks the service every `waiting.ask_seconds`, at most 60, and says something."""
COUNTED = ("heard", "left", "went_on", "cut_short")
BUSY = "busy"


class Relief:
    """Each of these callers calls alone: what becomes of one is not disturbed by another."""

    def __init__(self, line: Line, steps: Steps, helper: Baresip, far_end: FarEnd) -> None:
        self._line, self._steps, self._helper, self._far_end = line, steps, helper, far_end
        self._agent, self._other, self._queue = line.line.agent, line.line.helper, line.line.queue
        self._busy = line.line.busy_queue

    def play(self) -> None:
        """Play it; raise WrongStepError at the first step that is wrong."""
        self._notice()
        self._kept()
        self._spilled()
        self._let_go()

    # A notice of a known incident.

    def _notice(self) -> None:
        self._steps.begin("notice_on", "notice")
        until = self._steps.clock.now() + timedelta(minutes=NOTICE_MINUTES)
        body = {"text": forms("demo.notice")["zh"], "until": until.isoformat(), "why": BY, "by": BY}
        notice = self._line.client.send("PUT", f"notices/{self._line.line.number}", body)["id"]

        def measure() -> dict[str, Any]:
            found = self._line.client.get(f"notices/{notice}")
            told = ("is_on", "ends_at", *COUNTED)
            return {"id": notice, **{name: found[name] for name in told}}

        self._steps.expect({"is_on": True, "heard": 0}, measure)
        self._heard(measure)
        self._steps.begin("notice_off", "notice")
        self._line.client.send("POST", f"notices/{self._line.line.number}/off", {"by": BY})
        self._steps.expect({"is_on": False, "heard": 1, "left": 1}, measure)

    def _heard(self, counts: Any) -> None:
        """Let a citizen hear it to its end and hang up: the call is answered by it, and counted."""
        self._steps.begin("notice_heard", "notice")
        with self._line.caller("listener", self._queue, "notice_heard") as (citizen, call_id):
            citizen.hangup()

            def measure() -> dict[str, Any]:
                owed = bool(self._line.owed_for(call_id))
                return {**counts(), "outcome": self._line.call(call_id)["outcome"], "owed_a_return": owed}

            wanted = {"outcome": "by_notice", "heard": 1, "left": 1, "owed_a_return": False}
            self._steps.expect(wanted, measure)

    # A kept place.

    def _kept(self) -> None:
        """Let a citizen press the key and hang up, and be called back when the turn comes."""
        self._steps.begin("kept", "returns")
        with self._line.caller("keeper", self._queue) as (citizen, call_id):
            citizen.press("1")

            def measure() -> dict[str, Any]:
                owed = self._line.owed_for(call_id)
                told = {name: owed.get(name) for name in ("id", "why", "state", "since")}
                call = self._line.call(call_id)
                return {**told, "outcome": call["outcome"], "arrived_at": call["arrived_at"]}

            wanted = {"why": "kept", "state": "planned", "outcome": "kept"}
            owed = self._steps.expect(wanted, measure)["id"]
        self._called_back(owed)

    def _called_back(self, owed: int) -> None:
        self._steps.begin("called_back", "returns")
        self._line.ready(self._agent)
        hears = self._line.parties.hears

        def measure() -> dict[str, Any]:
            calls = self._line.client.get(f"returns/{owed}")["attempts"]
            states = {"calls": [each["state"] for each in calls], "agent": self._line.state(self._agent)}
            # The agent talks before the citizen is rung; an answered call is ringing to its end.
            if states["agent"] != "talking" or not set(states["calls"]) & {"ringing", "answered"}:
                return states
            heard = {
                "citizen_hears": hears("called", {"agent"}, HEAR_SECONDS),
                "agent_hears": hears("agent", {"citizen"}, HEAR_SECONDS),
            }
            return {**states, **heard, "call_id": calls[0]["id"]}

        both = {"citizen_hears": ["agent"], "agent_hears": ["citizen"]}
        self._steps.expect({"agent": "talking", **both}, measure)
        self._closed(owed)

    def _closed(self, owed: int) -> None:
        self._steps.begin("return_closed", "returns")
        self._line.pause(self._agent)
        self._far_end.hang_up(self._line.demo.caller_number)

        def measure() -> dict[str, Any]:
            found = self._line.client.get(f"returns/{owed}")
            told = {name: found[name] for name in ("state", "closed_by", "tries")}
            calls = [each["state"] for each in found["attempts"]]
            return {**told, "calls": calls, "agent_rests": self._line.rests(self._agent)}

        wanted = {"state": "closed", "closed_by": "rules", "calls": ["answered"], "agent_rests": True}
        self._steps.expect(wanted, measure)

    # A queue that is past its limits.

    def _spilled(self) -> None:
        """Let a citizen wait past the first limit: an agent of another queue helps."""
        self._steps.begin("spilled", "overflow")
        self._line.ready(self._other)
        mark = self._line.mark()
        with self._line.caller(BUSY, self._busy) as (_, call_id):
            spill = self._line.event("spilled", mark, call_id)["data"]
            self._helper.wait_event("CALL_INCOMING", RING_SECONDS)
            self._helper.answer()

            def measure() -> dict[str, Any]:
                call = self._line.call(call_id)
                told = {name: call[name] for name in ("state", "queue", "agent")}
                heard = self._line.parties.hears(BUSY, {"helper"}, HEAR_SECONDS)
                passed = {"past_the_limit": spill["waited"] >= spill["limit"], "citizen_hears": heard}
                spilled = {name: spill[name] for name in ("to", "because", "limit", "waited", "factor")}
                return {**told, **spilled, **passed}

            where = {"to": self._line.helped_by, "because": "waited", "past_the_limit": True}
            talk = {"state": "talking", "queue": self._busy, "agent": self._other}
            self._steps.expect({**where, **talk, "citizen_hears": ["helper"]}, measure)
            self._line.pause(self._other)

    def _let_go(self) -> None:
        """Let a citizen wait past the last limit: told so, let go, and owed a call back."""
        self._steps.begin("let_go", "overflow")
        with self._line.caller("let-go", self._busy) as (_, call_id):

            def measure() -> dict[str, Any]:
                call, owed = self._line.call(call_id), self._line.owed_for(call_id)
                told = {name: owed.get(name) for name in ("id", "why", "state")}
                return {**told, "outcome": call["outcome"], "ended_by": call["ended_by"]}

            wanted = {"outcome": "overflowed", "ended_by": "system", "why": "overflow", "state": "planned"}
            self._line.settle(self._steps.expect(wanted, measure, LET_GO_SECONDS))
