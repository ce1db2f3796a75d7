"""Puts the outbound side together: the dialer with its campaigns, its line, and what it is told by."""

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.building.ground import Ground
from telephony.building.outbound_sides import CallLedger, CampaignLine
from telephony.callback.book import SurveyBook
from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.offers import Agents, House
from telephony.callback.person_calls import PersonCalls
from telephony.callback.recovery import Recovery
from telephony.callback.returns import Returns
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.rules_in_force import demo_planner, rules_of, version_of
from telephony.callback.turns import Plan, Turns
from telephony.config import Config
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.floor.health import Component
from telephony.pbx.outbound import Outbound as SwitchLine
from telephony.rules.planner import Planner
from telephony.rules.returns import hours
from telephony.store import calls as call_rows
from telephony.store import return_calls
from telephony.texts import say

log = structlog.get_logger()
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Outbound:
    """The outbound side."""

    def __init__(self, ground: Ground, agents: Agents) -> None:
        config, database = ground.config, ground.database
        rules, dialer = config.revisits, config.revisits.dialer
        line = SwitchLine(ground.ami, ground.clock, dialer.caller_number)
        self._config, self._line, self._drain = config, line, dialer.drain_seconds
        self._database, self._tell = database, ground.pulse.beat
        self.times = Times(ground.clock, ground.reactor, BOOT_ID.read_text(encoding="ascii").strip())
        self.planner = Planner(rules_of(rules), config.calendar)
        self.campaign = Revisits(self.planner, version_of(rules), demo_planner(rules))
        voidable = timedelta(days=rules.voidable_days)
        self.rounds = Rounds(self.campaign, voidable, config.hotline.demo.caller_number)
        self.channels = Channels(_limits(config), line.others_on)
        self.returns = Returns(config.returns, config.calendar, config.reach)
        settings = Settings(uuid.uuid4().hex[:12], ground.worker)
        self.turns = Turns(self._house(agents, settings.worker), self._plan(), settings.epoch)
        self.returns.ready = self.turns.ready
        self.dialer = self._dialer(settings, ground.at_point)
        self._agreed = False
        self.is_storm: Callable[[], bool] = lambda: False
        """Whether far more people call than usual (telephony.floor.storm.Storm)."""
        self.recovery = Recovery(self.dialer, call_rows.answered_at)
        self.book = SurveyBook(database, self.dialer.witness, self.rounds, self.times)
        sides = (self.channels, self.times, config.agents, settings.worker)
        self.person_calls = PersonCalls(database, line, *sides)
        ground.ami.on_down(self.lost)

    def _house(self, agents: Agents, worker: str) -> House:
        return House(
            self._database,
            self._line.agents,
            agents,
            self.times,
            {agent.number: agent.skills for agent in self._config.agents.values()},
            self._tell,
            lambda: self.dialer.wake(),  # noqa: PLW0108 - there is none yet
            self._may_dial,
            worker,
        )

    def _dialer(self, settings: Settings, at_point: Callable[[str], None]) -> Dialer:
        return Dialer(
            [self.returns, self.campaign],
            database=self._database,
            line=CampaignLine(self._line, self.turns.words),
            channels=self.channels,
            times=self.times,
            settings=settings,
            desk=Desk(self._tell, CallLedger(settings.worker)),
            at_point=at_point,
        )

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
