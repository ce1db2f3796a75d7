"""Puts the outbound side together: the dialer with its campaigns, its line, and what it is told by."""

import os
import signal
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.callback.book import SurveyBook
from telephony.callback.campaign import Order, nothing
from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.offers import Agents, House
from telephony.callback.person_calls import MARK, PersonCalls
from telephony.callback.recovery import Recovery
from telephony.callback.returns import Returns
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.rules_in_force import demo_planner, rules_of, version_of
from telephony.callback.turns import Plan, Turns
from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.health import Component
from telephony.paths import Paths
from telephony.pbx.outbound import Outbound as SwitchLine
from telephony.rules.call_story import Happening
from telephony.rules.planner import Planner
from telephony.rules.returns import hours
from telephony.store import calls as call_rows
from telephony.store import return_calls
from telephony.store.database import Database
from telephony.texts import say

log = structlog.get_logger()
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DIE_AT = "HOTLINE_DIE_AT"
"""Of a test: the point of the commit order at which the service kills itself; only in test mode."""


def worker_of(paths: Paths) -> str:
    """Return this installation's name among those that share a database; made at the first start."""
    file = paths.var / "worker-id"
    if not file.exists():
        paths.var.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def reader_of(paths: Paths) -> int:
    """Return the number under which this installation keeps its place in its journal."""
    return zlib.crc32(worker_of(paths).encode()) & 0x7FFFFFFF


class Outbound:
    """The outbound side; `line` is the switch's."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        paths: Paths,
        config: Config,
        database: Database,
        line: SwitchLine,
        clock: Clock,
        reactor: Any,
        tell: Callable[[], None],
        agents: Agents,
    ) -> None:
        rules, dialer = config.revisits, config.revisits.dialer
        self._config, self._line, self._drain = config, line, dialer.drain_seconds
        self._database, self._tell = database, tell
        self.times = Times(clock, reactor, BOOT_ID.read_text(encoding="ascii").strip())
        self.planner = Planner(rules_of(rules), config.calendar)
        self.campaign = Revisits(self.planner, version_of(rules), demo_planner(rules))
        voidable = timedelta(days=rules.voidable_days)
        self.rounds = Rounds(self.campaign, voidable, config.hotline.demo.caller_number)
        self.channels = Channels(_limits(config), line.others_on)
        self.returns = Returns(config.returns, config.calendar, config.reach)
        settings = Settings(uuid.uuid4().hex[:12], worker_of(paths))
        house = House(
            database,
            line.agents,
            agents,
            self.times,
            {agent.number: agent.skills for agent in config.agents.values()},
            tell,
            lambda: self.dialer.wake(),  # noqa: PLW0108 - there is none yet
            self._may_dial,
            settings.worker,
        )
        self.turns = Turns(house, self._plan(), settings.epoch)
        self.returns.ready = self.turns.ready
        self.dialer = Dialer(
            [self.returns, self.campaign],
            database=database,
            line=_Line(line, self.turns.words),
            channels=self.channels,
            times=self.times,
            settings=settings,
            desk=Desk(tell, _Ledger(settings.worker)),
            at_point=death_point(rules.mode),
        )
        self._agreed = False
        self.is_storm: Callable[[], bool] = lambda: False
        """Whether far more people call than usual (telephony.floor.storm.Storm)."""
        self.recovery = Recovery(self.dialer, call_rows.answered_at)
        self.book = SurveyBook(database, self.dialer.witness, self.rounds, self.times)
        sides = (self.channels, self.times, config.agents, settings.worker)
        self.person_calls = PersonCalls(database, line, *sides)

    def _plan(self) -> Plan:
        rules = self._config.returns
        return Plan(
            rules.order == "agent_first",
            rules.agent_ring_seconds,
            rules.priority,
            self._config.hotline.default_queue,
            self._open_in,
            lambda: rules.storm_line_share if self.is_storm() else rules.line_share,
            self._config.hotline.demo.caller_number,
        )

    def _open_in(self, seconds: float) -> bool:
        at = self.times.now() + timedelta(seconds=seconds)
        rules = self._config.returns
        return rules.automatic and hours(at, self.returns.rules, self._config.calendar) is not None

    def _may_dial(self) -> bool:
        dialer = self.dialer
        ready = dialer.open and not dialer.stopping and self._line.is_up
        return ready and bool(self.channels.slots(self.times.monotonic()))

    def keep_place(self, call_id: str) -> Deferred[bool]:
        """Keep the place of a citizen who waits and hangs up now; False if there is nobody to call back."""
        now, reach = self.times.now(), self._config.reach
        keep = partial(return_calls.keep, call_id=call_id, now=now, reach=reach)
        kept = self._database.write(keep, urgent=True)
        return kept.addCallback(self._told)

    def _told(self, kept: bool) -> bool:
        self._tell()
        return kept

    def called_back(
        self, connection: sa.Connection, number: str, call_id: str, at: datetime
    ) -> Sequence[int]:
        """Note that a citizen called us (telephony.floor.inbound.CallBacks)."""
        return self.rounds.called_back(connection, number, (call_id, at), self.times.tick())

    def replied(self, connection: sa.Connection, case_number: str, at: datetime, contact: str) -> None:
        """Open the revisit of a reply that was given in a three-way call (Art. 13, 16)."""
        self.rounds.reply(connection, Reply(case_number, at, contact), self.times.tick())

    def start(self) -> Deferred[None]:
        """Take up the stored tasks; dialling begins when the switch has been settled with."""
        self._line.start(self.dialer.witness.note)
        self.turns.start()
        return self.recovery.begin()

    def settle(self) -> None:
        """Agree with the switch, which the ledger has just settled with, then dial."""
        self._agreed = True
        self.recovery.settle().addErrback(self._not_settled)
        self.turns.offers.agree().addErrback(self._not_settled)

    def lost(self) -> None:
        """Dial no more: the switch is out of reach, and has to be agreed with again."""
        self._agreed = self.dialer.open = False

    def alive(self) -> None:
        """Show that we live, look after workers that do not, and look at the plan; called by the ticker."""
        self.recovery.alive().addErrback(lambda failure: log.error("not_alive", why=repr(failure.value)))
        if self._agreed and not self.dialer.open:  # it failed half way
            self.settle()
        self.dialer.wake()
        self.turns.look()

    def stop(self) -> Deferred[None]:
        """Reserve no more and wait a while for calls under way."""
        self.turns.stop()
        return self.dialer.stop(self._drain)

    def health(self) -> Component:
        """Say whether the dialer may dial, and why not."""
        dialer = self.dialer
        if dialer.asleep == "clock_behind":
            return Component(False, say("health.clock_behind"))
        calls = len(dialer.witness.live)
        if dialer.asleep == "paused":
            return Component(True, say("health.dialer_paused", calls=calls))
        text = say("health.dialer_dials", calls=calls) if dialer.open else say("health.dialer_waits")
        return Component(True, text)

    def _not_settled(self, failure: Failure) -> None:
        quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
        (log.warning if quiet else log.error)("dialer_not_settled", why=repr(failure.value))


class _Line:
    """telephony.callback.campaign.Line on the switch."""

    def __init__(self, line: SwitchLine, words: Callable[[int], Mapping[str, str]]) -> None:
        self._line, self._words = line, words

    @property
    def is_up(self) -> bool:
        return self._line.is_up

    def originate(self, order: Order) -> Deferred[Any]:
        return self._line.originate(
            order.attempt_id,
            number=order.number,
            trunk=order.trunk,
            context=order.entry,
            seconds=order.guard,
            words=self._words(order.task_id) if order.entry == Returns.entry else {},
        )

    def living(self) -> Deferred[Mapping[str, str]]:
        return self._line.living()


class _Ledger:
    """telephony.callback.desk.Ledger on the ledger of calls."""

    def __init__(self, worker: str) -> None:
        self._worker = worker

    def opened(self, connection: sa.Connection, orders: Sequence[Order], now: datetime) -> None:
        for each in orders:
            mark = return_calls.CAMPAIGN if each.entry == Returns.entry else MARK
            numbers = [(each.attempt_id, each.number)]
            call_rows.open_outbound(connection, numbers, now, mark, self._worker)

    def closed(self, connection: sa.Connection, attempt_id: str, outcome: str, now: datetime) -> None:
        call_rows.close_outbound(connection, attempt_id, outcome, now)
        judged = Happening(now, "attempt_judged", f"{attempt_id}:judged", data={"outcome": outcome})
        call_rows.append(connection, [(attempt_id, judged)])


def _limits(config: Config) -> Limits:
    dialer = config.revisits.dialer
    return Limits(
        {trunk.name: trunk.channels for trunk in config.hotline.trunks},
        dialer.channels,
        dialer.inbound_share,
        dialer.calls_per_second,
        dialer.breaker_faults,
        dialer.breaker_seconds,
    )


def death_point(mode: str) -> Callable[[str], None]:
    """Return what is called at each point of a commit order: it ends the service where a test wants it to."""
    point = os.environ.get(DIE_AT, "") if mode == "test" else ""
    return partial(_die_if, point) if point else nothing


def _die_if(wanted: str, point: str) -> None:
    if point == wanted:
        os.kill(os.getpid(), signal.SIGKILL)
