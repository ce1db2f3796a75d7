"""The agents: commands from people, events from the switch, one row in the store for each.

Commit, then act: a change is written first, then app_queue is told. Where several installations share a
store, a row is of the one where the agent was at work last. Whoever is at work elsewhere is logged out here
until they log in here; what we still thought of them changes nothing that is stored.
"""

import itertools
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.config import Config
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.floor.agent import Agent
from telephony.floor.agent_machine import MISSED
from telephony.floor.mirror import QueueMirror
from telephony.floor.pause_limits import LONG_PAUSE, PauseLimits
from telephony.floor.pulse import Pulse
from telephony.floor.views import AgentView
from telephony.rules.call_story import Datum, Happening
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store.database import Database
from telephony.texts import say

log = structlog.get_logger()
Command = Literal["login", "logout", "pause", "ready"]
RETRY = 1.0
"""Seconds until the next try when the store refused (disk full, database away)."""
_REACH: tuple[agent_rows.Taking, ...] = ("none", "logged_out", "any")


@dataclass(frozen=True)
class _Change:
    """What the store is to learn of one change of an agent, besides the agent's row."""

    agent: Agent
    told: list[tuple[str | None, Happening]]
    alarm: str | None
    taking: agent_rows.Taking


class Roster:
    """All agents of the configuration; `worker` names this installation among those that share the store."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        timer: Timer,
        mirror: QueueMirror,
        pulse: Pulse,
        worker: str = "",
    ) -> None:
        self.worker = worker
        self._rules = config.hotline.agents
        self._database, self._clock, self._timer = database, clock, timer
        self._mirror, self._pulse = mirror, pulse
        self._agents = {number: Agent(agent, clock.now()) for number, agent in config.agents.items()}
        self._timers: dict[str, Delayed] = {}
        self._owed: list[_Change] = []
        self._retry: Delayed | None = None
        self._listens: set[str] = set()
        self._limits = PauseLimits(config.hotline.agents, database, clock, timer, pulse, worker)
        self._keys = map("agent:{}:{}".format, itertools.repeat(uuid.uuid4().hex), itertools.count())
        self.ready_agents: frozenset[str] = frozenset()
        """Who would ring now; read by the route in another thread, so it is replaced whole."""
        self.when_changed: Callable[[], None] = lambda: None
        """Called when somebody may have become free, or is free no longer."""
        self.phone_listeners: list[Callable[[str, bool], None]] = []
        """Called with each report of an agent's softphone, news or not: whether it is there."""

    def restore(self, rows: Mapping[str, dict[str, Any]]) -> None:
        """Take up the states that the store holds, but of who was at work elsewhere last."""
        elsewhere = {number for number, row in rows.items() if not agent_rows.is_of(row, self.worker)}
        for number, agent in self._agents.items():
            if number in rows and number not in elsewhere:
                agent.restore(rows[number])
            self._set_timer(agent)
            self._note_ready(agent)
        self._limits.begin(agent for agent in self._agents.values() if agent.number not in elsewhere)

    def all(self) -> list[AgentView]:
        """Return every agent, in the order of the configuration."""
        return [agent.view() for agent in self._agents.values()]

    def free(self) -> list[str]:
        """Return who would ring now: ready, the switch has been told so, and the phone is not in use."""
        return [agent.number for agent in self._agents.values() if agent.free]

    def absent(self) -> list[str]:
        """Return who is at work, and whose phone is not known to be there."""
        at_work = (agent for agent in self._agents.values() if agent.state != "logged_out")
        return [agent.number for agent in at_work if agent.phone != "registered"]

    def serves(self, queue: str) -> bool:
        """Tell whether anybody at work, also in a pause, serves a queue at a phone that is there."""
        mine = (agent for agent in self._agents.values() if queue in agent.config.skills)
        return any(agent.state != "logged_out" and agent.phone != "unreachable" for agent in mine)

    def one(self, number: str) -> AgentView:
        """Return one agent; raise UnknownThingError."""
        return self._agent(number).view()

    def command(
        self, number: str, what: Command, reason: str | None, by: str, why: str | None = None
    ) -> Deferred[AgentView]:
        """Do what a person asked for; fires when it is stored and the switch has been told.

        `why` is what a supervisor says who orders it for somebody else. Raise UnknownThingError for an
        unknown agent, NotAllowedError if it makes no sense now.
        """
        agent = self._agent(number)
        if what != "pause":
            return self._change(agent, what, by=by, why=why)
        reasons = self._rules.reasons
        if reason is not None and reason not in reasons:
            raise NotAllowedError(say("agent.pause_reason", reasons=", ".join(reasons)))
        return self._change(agent, what, reason or reasons[0], by=by, why=why)

    # What the switch reports. An event for someone who is no agent, or that makes no sense, changes nothing.

    def offered(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that an agent's phone rings for a call."""
        self._reported(number, "offered", call_id, leg_id)

    def connected(self, number: str, call_id: str, leg_id: str) -> None:
        """Note that agent and citizen hear each other."""
        self._reported(number, "connected", call_id, leg_id)

    def only_listens(self, leg_id: str, *, listens: bool) -> None:
        """Note that a supervisor's leg only listens, so that no wrap-up comes after it; or no more."""
        (self._listens.add if listens else self._listens.discard)(leg_id)

    def ring_ended(self, number: str, leg_id: str, *, withdrawn: bool) -> None:
        """Note that a ring was not answered: withdrawn by the caller's side, or missed by the agent.

        One missed ring too many in a row pauses the agent and raises an alarm, unless they leave anyhow.
        """
        agent = self._agents.get(number)
        if agent is None or agent.state != "ringing" or agent.leg_id != leg_id:
            return
        if withdrawn:
            self._log_fault(self._change(agent, "ring_withdrawn", by="switch"))
        elif agent.machine.after or agent.machine.missed_rings + 1 < self._rules.missed_rings_to_pause:
            self._log_fault(self._change(agent, "ring_missed", by="switch", ring="missed"))
        else:
            agent.machine.ring_missed()
            self._log_fault(self._change(agent, "missed_too_often", by="switch", alarm=MISSED, ring="missed"))

    def leg_ended(self, number: str, leg_id: str) -> None:
        """Note that a channel of the agent is gone: the end of a talk, or of a ring nobody missed."""
        agent = self._agents.get(number)
        if agent is None or agent.leg_id != leg_id:
            return
        if agent.state == "talking":
            self._end_of_talk(agent)
        elif agent.state == "ringing":
            self._log_fault(self._change(agent, "ring_withdrawn", by="switch"))

    def phone(self, number: str, state: str) -> None:
        """Note whether the agent's softphone is registered, and whether it is in use."""
        agent = self._agents.get(number)
        if agent is None:
            return
        agent.in_use = state == "in_use"
        agent.phone = "registered" if agent.in_use else state
        self._note_ready(agent)
        for tell in self.phone_listeners:
            tell(number, agent.phone == "registered")
        self.when_changed()

    def reconcile(self, channels: Mapping[str, tuple[str, str, str]], members: Iterable[str]) -> None:
        """Settle after a restart of either side.

        `channels` says for each agent with a leg in a call: its state (Up, Ringing), call and leg.
        """
        for stranger in set(members) - set(self._agents):
            self._log_fault(self._mirror.remove(stranger))
        for number, agent in self._agents.items():
            state, call_id, leg_id = channels.get(number, ("", "", ""))
            if state == "Up" and (agent.state != "talking" or agent.call_id != call_id):
                self.connected(number, call_id, leg_id)
            elif state == "" and agent.state == "talking":
                self._end_of_talk(agent)
            elif state == "" and agent.state == "ringing":
                self._log_fault(self._change(agent, "ring_withdrawn", by="switch"))
            agent.leg_id = leg_id or agent.leg_id
            self._log_fault(self._mirror.apply(agent))

    def stop(self) -> None:
        """Cancel timers; the store knows when each wrap-up ends."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._limits.stop()
        if self._retry is not None:
            self._retry.cancel()

    def _agent(self, number: str) -> Agent:
        if number not in self._agents:
            raise UnknownThingError(say("agent.unknown", number=number))
        return self._agents[number]

    def _reported(self, number: str, what: str, call_id: str, leg_id: str) -> None:
        agent = self._agents.get(number)
        if agent is None:
            return
        try:
            changed = self._change(agent, what, by="switch", call=(call_id, leg_id))
        except NotAllowedError:
            log.warning("agent_event_out_of_order", agent=number, event_kind=what, state=agent.state)
            return
        self._log_fault(changed)

    def _end_of_talk(self, agent: Agent) -> None:
        none = self._wrap_up(agent) == 0 or agent.leg_id in self._listens
        at_once = ("wrap_up_over",) if none else ()
        self._listens.discard(agent.leg_id or "")
        self._log_fault(self._change(agent, "hung_up", by="switch", then=at_once))

    def _wrap_up(self, agent: Agent) -> int:
        """Return how long the wrap-up lasts, in seconds; of a leader's seat it may be none."""
        own = agent.config.wrap_up_seconds
        return self._rules.wrap_up_seconds if own is None else own

    def _wrap_up_over(self, agent: Agent) -> None:
        self._timers.pop(agent.number, None)
        if agent.state == "wrap_up":
            self._log_fault(self._change(agent, "wrap_up_over", by="timer"))

    def _change(  # noqa: PLR0913 - what changed, by whom, and what comes with it
        self,
        agent: Agent,
        what: str,
        *args: str,
        by: str,
        why: str | None = None,
        call: tuple[str, str] | None = None,
        alarm: str | None = None,
        ring: str | None = None,
        then: Iterable[str] = (),
    ) -> Deferred[AgentView]:
        now = self._clock.now()
        call_id = agent.call_id
        before = agent.do(what, now, *args)
        events = [_event(agent, before, by, now, next(self._keys), why=why, ring=ring)]
        for what_next in then:
            before = agent.do(what_next, now)
            events.append(_event(agent, before, by, now, next(self._keys)))
        if call is not None:
            agent.call_id, agent.leg_id = call
        if agent.state == "wrap_up" and before != "wrap_up":
            agent.start_wrap_up(now, self._wrap_up(agent))
        self._set_timer(agent)
        self._limits.note(agent)
        self._note_ready(agent)
        told = [(agent.call_id or call_id, event) for event in events]
        change = _Change(agent, told, alarm, _taking(what, events[0]))
        # What is owed goes first: one may be the log-in without which the rest is refused.
        return self._store(*self._take_owed(), change).addCallback(lambda _: agent.view())

    def _store(self, *changes: _Change) -> Deferred[Any]:
        agents = {change.agent.number: change.agent for change in changes}.values()
        rows = [agent.row() | {"worker": self.worker} for agent in agents]
        _untold(agents, 1)

        def act(elsewhere: set[str]) -> Deferred[Any]:
            self._pulse.beat()
            _untold(agents, -1)
            self._let_go([agent for agent in agents if agent.number in elsewhere])
            applied = DeferredList([self._mirror.apply(agent) for agent in agents])
            # Whatever the switch is asked now, it does after what it has just been told.
            self.when_changed()
            return applied

        def owe(failure: Failure) -> Failure:
            _untold(agents, -1)
            # The phone rang and the time passed whether it is stored or not: the switch must hear of it yet.
            self._owed += changes
            if self._retry is None:
                self._retry = self._timer.callLater(RETRY, self._store_owed)
            return failure

        # Urgent: until it is stored the agent is free for nobody, and callers wait.
        work = partial(_write, rows=rows, changes=changes)
        return self._database.write(work, urgent=True).addCallbacks(act, owe)

    def _let_go(self, agents: Iterable[Agent]) -> None:
        """Have these agents logged out here: another installation has their rows."""
        for agent in agents:
            log.info("agent_is_elsewhere", agent=agent.number, state=agent.state)
            if not agent.untold:  # else the next change will tell, which may be a log-in here
                agent.leave(self._clock.now())
                self._set_timer(agent)
                self._limits.note(agent)
                self._note_ready(agent)

    def _take_owed(self) -> list[_Change]:
        owed, self._owed = self._owed, []
        if self._retry is not None and self._retry.active():
            self._retry.cancel()
        self._retry = None
        return owed

    def _store_owed(self) -> None:
        self._log_fault(self._store(*self._take_owed()))

    def _set_timer(self, agent: Agent) -> None:
        timer = self._timers.pop(agent.number, None)
        if timer is not None and timer.active():
            timer.cancel()
        if agent.wrap_up_until is not None:
            left = max(0.0, (agent.wrap_up_until - self._clock.now()).total_seconds())
            left = min(left, self._wrap_up(agent))  # the clock may have been set back meanwhile
            self._timers[agent.number] = self._timer.callLater(left, self._wrap_up_over, agent)

    def _note_ready(self, agent: Agent) -> None:
        ready = agent.state == "ready" and agent.phone != "unreachable"
        if ready != (agent.number in self.ready_agents):
            self.ready_agents ^= {agent.number}

    @staticmethod
    def _log_fault(changed: Deferred[Any]) -> None:
        changed.addErrback(lambda failure: log.error("agent_not_stored", why=repr(failure.value)))


def _taking(what: str, event: Happening) -> agent_rows.Taking:
    if what == "login":
        return "any"
    return "logged_out" if event.data["from"] == "logged_out" else "none"


def _write(connection: sa.Connection, *, rows: list[dict[str, Any]], changes: Iterable[_Change]) -> set[str]:
    """Write what changed; return the agents of whom nothing was written, as their row is another worker's."""
    elsewhere = set()
    for row in rows:
        taking = max(
            (each.taking for each in changes if each.agent.number == row["number"]), key=_REACH.index
        )
        if not agent_rows.save(connection, row, taking):
            elsewhere.add(row["number"])
        elif taking == "any" and row["state"] != "paused":
            # The pause whose limit was passed at another installation is over.
            agent_rows.take_back_alarms(connection, LONG_PAUSE, [row["number"]], row["since"])
    for change in changes:
        if change.agent.number in elsewhere:
            continue
        call_rows.append(connection, change.told)
        if change.alarm is not None:
            at = change.told[-1][1].at
            agent_rows.raise_alarm(connection, at, change.alarm, change.agent.number)
    return elsewhere


def _untold(agents: Iterable[Agent], more: int) -> None:
    for agent in agents:
        agent.untold += more


def _event(agent: Agent, before: str, by: str, now: datetime, key: str, **more: str | None) -> Happening:
    machine = agent.machine
    data: dict[str, Datum] = {"from": before, "to": agent.state, "reason": machine.reason}
    data |= {"after": machine.after, "by": by}
    data |= {name: value for name, value in more.items() if value is not None}
    return Happening(now, "agent", key, agent.number, data)
