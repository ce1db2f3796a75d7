"""One agent at work: the machine, its clock times and its row in the store."""

from datetime import datetime, timedelta
from typing import Any

from automat import NoTransition

from telephony.config import Agent as AgentConfig
from telephony.errors import NotAllowedError
from telephony.floor.agent_machine import AgentMachine
from telephony.floor.views import AgentView
from telephony.pbx.queues import Membership
from telephony.texts import forms, say

PHONE_UNKNOWN = "unknown"


class Agent:
    """An agent; `do` is the one way to change its state."""

    def __init__(self, config: AgentConfig, now: datetime) -> None:
        self.config = config
        self.machine = AgentMachine()
        self.since = now
        self.wrap_up_until: datetime | None = None
        self.call_id: str | None = None
        self.leg_id: str | None = None
        self.phone = PHONE_UNKNOWN
        self.in_use = False
        """Whether the phone has a call of any kind, such as a feature code: app_queue would not ring it."""
        self.untold = 0
        """Changes that are not stored yet, so that the switch has not been told of them."""

    @property
    def number(self) -> str:
        """Return the agent's number, which is also the softphone's user."""
        return self.config.number

    @property
    def state(self) -> str:
        """Return the state's name."""
        return str(self.machine.state())

    def do(self, what: str, now: datetime, *args: str) -> str:
        """Give the machine an input; return the state before it. Raise NotAllowedError where it has none."""
        before = self.state
        try:
            getattr(self.machine, what)(*args)
        except NoTransition as error:
            text = say("agent.not_now", number=self.number, what=what, **forms(f"state.{before}"))
            raise NotAllowedError(text) from error
        self.machine.settle()
        if self.state != before:
            self.since = now
        if self.state not in {"ringing", "talking", "wrap_up"}:
            self.call_id = self.leg_id = None
        if self.state != "wrap_up":
            self.wrap_up_until = None
        return before

    def start_wrap_up(self, now: datetime, seconds: int) -> None:
        """Set when the wrap-up ends."""
        self.wrap_up_until = now + timedelta(seconds=seconds)

    @property
    def free(self) -> bool:
        """Whether the phone would ring now if the switch were asked to ring it."""
        return self.state == "ready" and self.phone != "unreachable" and not self.in_use and not self.untold

    @property
    def membership(self) -> Membership:
        """Return what app_queue should hold of this agent."""
        machine = self.machine
        state = self.state
        at_work = state != "logged_out" and machine.after != "logged_out"
        paused = state in {"paused", "wrap_up"} or machine.after == "paused"
        reason = machine.reason or machine.after_reason or ("wrap-up" if state == "wrap_up" else "")
        return Membership(at_work, paused and at_work, reason if paused and at_work else "")

    def row(self) -> dict[str, Any]:
        """Return the agent's row for the store."""
        machine = self.machine
        return {
            "number": self.number,
            "state": self.state,
            "reason": machine.reason,
            "after": machine.after,
            "after_reason": machine.after_reason,
            "since": self.since,
            "wrap_up_until": self.wrap_up_until,
            "missed_rings": machine.missed_rings,
            "call_id": self.call_id,
        }

    def restore(self, row: dict[str, Any]) -> None:
        """Take up the state that the store holds."""
        self.machine.restore(row["state"])
        self.machine.reason, self.machine.after = row["reason"], row["after"]
        self.machine.after_reason, self.machine.missed_rings = row["after_reason"], row["missed_rings"]
        self.since, self.wrap_up_until, self.call_id = row["since"], row["wrap_up_until"], row["call_id"]

    def leave(self, now: datetime) -> None:
        """Be logged out here, whatever was: the agent is at work at another installation."""
        self.machine = AgentMachine()
        self.since = now
        self.wrap_up_until = self.call_id = self.leg_id = None

    def view(self) -> AgentView:
        """Return the agent as shown."""
        config, machine = self.config, self.machine
        return AgentView(
            number=self.number,
            name=config.name,
            centre=config.centre,
            state=self.state,
            reason=machine.reason,
            since=self.since,
            wrap_up_until=self.wrap_up_until,
            missed_rings=machine.missed_rings,
            call_id=self.call_id,
            after=machine.after,
            phone=self.phone,
        )
