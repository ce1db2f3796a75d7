"""Pauses with a limit: one that lasts longer than its reason allows raises one alarm, until it is over."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock, Delayed, Timer
from telephony.config_hotline import AgentRules
from telephony.floor.agent import Agent
from telephony.floor.pulse import Pulse
from telephony.rules.call_story import Happening
from telephony.store import agents as agent_rows
from telephony.store import calls as call_rows
from telephony.store.database import Database

LONG_PAUSE = "long-pause"
"""The kind of the alarm; its subject is the agent."""
RETRY = 1.0
"""Seconds until the next try when the store refused."""
log = structlog.get_logger()


class PauseLimits:
    """Watches over pauses; each is measured from its beginning, also if its reason is changed meanwhile.

    `worker` names this installation: a pause here of who is at work elsewhere is over.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what the roster hands in, once
        self,
        rules: AgentRules,
        database: Database,
        clock: Clock,
        timer: Timer,
        pulse: Pulse,
        worker: str = "",
    ) -> None:
        self._worker = worker
        self._limits = {reason.name: reason.minutes for reason in rules.pause_reasons}
        self._database, self._clock, self._timer, self._pulse = database, clock, timer, pulse
        self._timers: dict[str, Delayed] = {}
        self._raised: set[str] = set()
        self._stopped = False

    def begin(self, agents: Iterable[Agent]) -> None:
        """Take up the pauses that the store holds; alarms of pauses that are over are taken back."""
        known = list(agents)
        over = [agent.number for agent in known if agent.state != "paused"]
        self._write(partial(_take_back, agents=over, at=self._clock.now()))
        for agent in known:
            self.note(agent)

    def note(self, agent: Agent) -> None:
        """Note that an agent's state may have changed."""
        number = agent.number
        if (timer := self._timers.pop(number, None)) is not None and timer.active():
            timer.cancel()
        if agent.state != "paused":
            if number in self._raised:
                self._raised.discard(number)
                self._write(partial(_take_back, agents=[number], at=self._clock.now()))
            return
        minutes = self._limits.get(agent.machine.reason or "")
        if minutes is not None and number not in self._raised:
            passed = max(0.0, (self._clock.now() - agent.since).total_seconds())
            left = max(0.0, minutes * 60 - passed)  # the clock may have been set back: never longer than that
            self._timers[number] = self._timer.callLater(left, self._too_long, agent)

    def stop(self) -> None:
        """Cancel timers; the store knows since when each pause lasts."""
        self._stopped = True
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()
        self._timers.clear()

    def _too_long(self, agent: Agent) -> None:
        self._timers.pop(agent.number, None)
        if agent.state != "paused":
            return
        self._raised.add(agent.number)
        now, reason, since = self._clock.now(), agent.machine.reason, agent.since
        data = {"reason": reason, "minutes": self._limits.get(reason or "")}
        key = f"{LONG_PAUSE}:{agent.number}:{since.timestamp():.6f}"
        told = Happening(now, "pause_too_long", key, agent.number, data)
        self._write(partial(_raise, told=told, since=since, number=agent.number, worker=self._worker))

    def _write(self, work: Any) -> None:
        def failed(failure: Any) -> None:
            log.error("pause_limit_not_stored", why=repr(failure.value))
            if not self._stopped:
                self._timer.callLater(RETRY, self._again, work)

        done: Deferred[Any] = self._database.write(work)
        done.addCallbacks(lambda _: self._pulse.beat(), failed)

    def _again(self, work: Any) -> None:
        if not self._stopped:
            self._write(work)


def _raise(connection: sa.Connection, *, told: Happening, since: datetime, number: str, worker: str) -> None:
    if agent_rows.is_elsewhere(connection, number, worker):
        return
    # A person may have acknowledged it already, before a restart: the same pause alarms once.
    if agent_rows.alarmed_since(connection, LONG_PAUSE, number, since) is None:
        agent_rows.raise_alarm(connection, told.at, LONG_PAUSE, number)
        call_rows.append(connection, [(None, told)])


def _take_back(connection: sa.Connection, *, agents: list[str], at: datetime) -> None:
    agent_rows.take_back_alarms(connection, LONG_PAUSE, agents, at)
