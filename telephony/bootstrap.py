"""Puts the service together: the one place that knows every part."""

import asyncio
import shutil
from collections.abc import Coroutine, Generator
from datetime import UTC
from functools import partial
from typing import Any, TypeVar

import structlog
from apscheduler.schedulers.twisted import TwistedScheduler
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import HostnameEndpoint
from twisted.python.failure import Failure

from telephony import calendars
from telephony.agi.entries import feature, inbound, keep, rating, transfer, unit, wait, waiting
from telephony.agi.entries import survey as survey_entry
from telephony.agi.server import FastAGIServer
from telephony.api import serve
from telephony.api.app import create_app
from telephony.api.serve import Handle
from telephony.api.services import Services
from telephony.callback.case_prompt import CasePrompts
from telephony.callback.survey import Survey
from telephony.clock import SHANGHAI, Clock
from telephony.config import Config
from telephony.config_hotline import Listen
from telephony.errors import ConfigError
from telephony.floor.absent_phones import AbsentPhones
from telephony.floor.health import Component, Health
from telephony.floor.inbound import Inbound
from telephony.floor.journal_watch import JournalWatch
from telephony.floor.ledger import Ledger
from telephony.floor.mirror import QueueMirror
from telephony.floor.notice_sounds import NoticeSounds
from telephony.floor.notices import Notices
from telephony.floor.overflow import Overflow
from telephony.floor.pulse import Pulse
from telephony.floor.ratings import Ratings
from telephony.floor.refusals import Refusals
from telephony.floor.roster import Roster
from telephony.floor.storm import Storm
from telephony.floor.supervision import Supervision
from telephony.floor.supervisions import Supervisions
from telephony.floor.switch_watch import SwitchWatch
from telephony.floor.transfers import Transfers, Wanted
from telephony.floor.transfers_by_phone import TransfersByPhone
from telephony.floor.waiting_room import WaitingRoom
from telephony.floor.waiting_seen import WaitingSeen
from telephony.floor.waiting_words import Words
from telephony.halls import Halls, seats_of
from telephony.leader.seat import Seats
from telephony.outbound import Outbound, death_point, reader_of, worker_of
from telephony.paths import Paths
from telephony.pbx.ami import AMIClient
from telephony.pbx.conference import Conference
from telephony.pbx.files import AMI_USER
from telephony.pbx.outbound import Outbound as SwitchLine
from telephony.pbx.recorder import Recorder
from telephony.pbx.refusal import RefusalLine
from telephony.pbx.snapshot import ask_phone
from telephony.pbx.supervision import SpyLine
from telephony.pbx.transfers import TransferLine
from telephony.pbx.waiting import WaitingLine
from telephony.rooms import Rooms
from telephony.rules.transfer import Mode
from telephony.secret_store import Secrets
from telephony.spoken import SpokenPrompts
from telephony.store import agents as agent_rows
from telephony.store import migrate
from telephony.store.database import Database, url_of
from telephony.store.journal import FIRST_READER
from telephony.tapes import Tapes
from telephony.texts import say
from telephony.welcome import listening

log = structlog.get_logger()
T = TypeVar("T")
TICK_SECONDS = 10
LEAST_DISK = 500 * 1024 * 1024
"""Bytes free below which we say so: recordings and the ledger need room."""


class Service:
    """All parts of the telephony side, started and stopped in order."""

    def __init__(self, paths: Paths, config: Config, secrets: Secrets, reactor: Any, clock: Clock) -> None:
        hotline = config.hotline
        self.paths, self.config, self._reactor = paths, config, reactor
        self.database = Database(url_of(hotline.database, paths.var), reactor)
        self.pulse = Pulse()
        endpoint: Any = HostnameEndpoint(reactor, str(hotline.ami.address), hotline.ami.port)
        self.ami = AMIClient(endpoint, reactor, username=AMI_USER, secret=secrets.ami_secret)
        mirror = QueueMirror(self.ami)
        # Of several services on one database each has agents, a disk and a switch of its own.
        place = worker_of(paths) if hotline.database != "sqlite" else ""
        self.roster = Roster(config, self.database, clock, reactor, mirror, self.pulse, place)
        line = SwitchLine(self.ami, clock, config.revisits.dialer.caller_number)
        self.outbound = Outbound(
            paths, config, self.database, line, clock, reactor, self.pulse.beat, self.roster
        )
        reader = reader_of(paths) if hotline.database != "sqlite" else FIRST_READER
        self.ledger = Ledger(config, self.database, clock, paths.journal, self.outbound, reader, place)
        self.tapes = Tapes(
            paths, config, self.database, Recorder(self.ami), clock, reactor, self.pulse, place
        )
        self.journal = JournalWatch(self.ledger, paths.journal, self.pulse, reactor)
        self.switch = SwitchWatch(self.ami, self.roster, mirror, self.ledger, self.journal, clock, self.pulse)
        self.ami.on_down(self.outbound.lost)
        sounds = NoticeSounds(paths, config.prompts.voice, reactor)
        self.notices = Notices(config, self.database, clock, sounds)
        self.storm = Storm(hotline.storm, self.database, clock, reactor)
        self.outbound.campaign.rests = lambda: self.storm.revisits_rest
        self.waiting = WaitingRoom(
            config, self.database, clock, reactor, self.roster, WaitingLine(self.ami), self.pulse
        )
        self.overflow = Overflow(
            config,
            self.database,
            clock,
            reactor,
            self.waiting,
            lambda: self.storm.factor,
            self.pulse.beat,
        )
        self.waiting.overflow = self.overflow
        self._join_returns(self.waiting.words)
        self.storm.listeners += [self.outbound.dialer.wake, self.overflow.soon]
        self.ami.on_down(self.waiting.lost)
        self.roster.when_changed = self.waiting.look
        self.waiting.when_stalled = self._look_again
        self.switch.when_seen = WaitingSeen(self.waiting, config, self.database, clock).seen
        self.spoken = SpokenPrompts(paths, config.prompts.voice, reactor)
        self.rooms = Rooms(
            config,
            self.database,
            Conference(self.ami, clock, config.threeway.caller_number),
            clock,
            reactor,
            self.roster,
            self.spoken,
            worker_of(paths),
            self.pulse.beat,
            self.outbound.replied,
        )
        self.halls, self.refusals = self._halls(clock), self._refusals(clock)
        told = (self.notices.incident_of, self.halls.lines.line_of)
        route = Inbound(config, self.database, clock, self.roster, self.pulse, self.outbound, *told)
        self.phones, self.seats = self._phones_and_seats(clock, place)
        self.supervision = self._supervision(clock, worker_of(paths))
        self.transfers = self._transfers(reactor, clock)
        self.switch.when_settled = self._settled_with
        tapes, cases = self.tapes.recordings, CasePrompts(self.spoken)
        survey = Survey(self.outbound.book, cases, clock, paths.recordings, tapes.reason_recorded)
        handlers = {
            "inbound": inbound.entry(route, hotline.routing.preferred_ring_seconds, hotline.area_code),
            "feature": feature.entry(
                self.roster,
                hotline.agents.reasons,
                self.rooms.by_phone,
                TransfersByPhone(self.transfers, list(config.queues)),
            ),
            "transfer": transfer.entry(self.transfers),
            "unit": unit.entry(self.rooms.hearing, config.threeway),
            "waiting": waiting.entry(self.rooms.hearing),
            "wait": wait.entry(self.waiting, clock, hotline.area_code, config.normal_queues),
            "keep": keep.entry(self.outbound.keep_place, config.calls_back, hotline.area_code),
            "rating": rating.entry(
                Ratings(config, self.database, clock, self.pulse), hotline.rating.key_seconds
            ),
            "survey": survey_entry.entry(survey, config.revisits.survey),
        }
        self.agi = FastAGIServer(handlers, secrets.agi_secret, clock=reactor)
        self.health = Health()
        self.counters: dict[str, float] = {}
        self._fault = ""
        self._api: Handle | None = None
        self._services = Services(
            config,
            secrets,
            clock,
            self.database,
            self.roster,
            self.pulse,
            self.health,
            listening(config),
            self.counters,
            self.outbound,
            self.rooms,
            self.notices,
            self.storm,
            self.waiting,
            self.tapes,
            refusals=self.refusals,
            supervision=self.supervision,
            transfers=self.transfers,
            halls=self.halls,
        )
        self._ticker = TwistedScheduler(timezone=UTC)
        self._describe()

    def _halls(self, clock: Clock) -> Halls:
        # Sounds in a folder of their own: notices of incidents remove what is none of theirs.
        sounds = NoticeSounds(self.paths, self.config.prompts.voice, self._reactor, "leaders")
        sides = (sounds, self.pulse.beat, self._give, self.roster)
        halls = Halls(self.config, self.database, clock, *sides)
        halls.hold(self._reactor, self.waiting.elsewhere, self._is_busy, self.roster.serves)
        return halls

    def _give(self, call_id: str, to: str, mode: Mode, by: str) -> Deferred[Any]:
        return self.transfers.start(Wanted(call_id, to, mode, by))

    def _phones_and_seats(self, clock: Clock, place: str) -> tuple[AbsentPhones, Seats]:
        phones = AbsentPhones(self.roster.absent, self._ask_phone, clock, self._reactor)
        self.ami.on_down(phones.lost)
        sides = (self.roster, self.ami, phones.ask, self.halls.days, self.pulse.beat, place)
        return phones, seats_of(self.config, self.database, clock, self._reactor, *sides)

    def _ask_phone(self, agent: str) -> None:
        ask_phone(self.ami, agent).addErrback(_not_asked, agent)

    def _is_busy(self, agent: str) -> bool:
        # Until switch and journal have been asked an agent may be in a call that nobody knows of here.
        if not self.switch.settled:
            return True
        return self.waiting.rings_for(agent) or self.roster.one(agent).state in {"ringing", "talking"}

    def _refusals(self, clock: Clock) -> Refusals:
        at_point, explaining = death_point(self.config.revisits.mode), RefusalLine(self.ami)
        return Refusals(self.database, explaining, clock, self.pulse.beat, at_point, self.roster.worker)

    def _transfers(self, reactor: Any, clock: Clock) -> Transfers:
        worker, line = worker_of(self.paths), TransferLine(self.ami)
        sides = (self.roster, self.rooms.handing, worker, self.pulse.beat)
        made = Transfers(self.config, self.database, line, clock, reactor, *sides)
        made.at_point = death_point(self.config.revisits.mode)
        return made

    @inlineCallbacks
    def start(self) -> Generator[Deferred[Any], Any, None]:
        """Take up the stored state, then open the doors to the switch."""
        self.paths.journal.mkdir(parents=True, exist_ok=True)
        self.database.start()
        self.tapes.start()
        self.roster.restore((yield self.database.read(agent_rows.load)))
        yield self.waiting.start()
        yield self.supervision.start()
        yield self.rooms.start()  # before the dialplan asks: a unit that hears the question is known
        yield self.notices.start()
        yield self.halls.start()
        yield self.seats.start()
        yield self.storm.refresh()
        self._listen_to_dialplan(self.config.hotline.agi)
        self.spoken.clear()
        yield self.outbound.start()
        self.journal.start(self._reactor)
        self.switch.start()
        self.ami.start()
        self._api = yield _deferred(serve.start(create_app(self._services), self.config.hotline.api))
        self.pulse.on_beat = self.outbound.turns.look
        self.begin_to_tick()

    def _settled_with(self) -> None:
        """Go on with what waited for the switch: it agrees with the ledger now."""
        self.outbound.settle()
        self.rooms.agree()
        self.transfers.agree().addErrback(_log_fault, "transfers")
        self.tapes.agree()
        self.refusals.settle().addErrback(_log_fault, "refusals")
        self.supervision.agree()
        self.seats.settled()
        self.phones.settled()

    def _look_again(self) -> None:
        self.switch.sweep().addErrback(_log_fault, "sweep")

    def _join_returns(self, words: Words) -> None:
        """Let the room know of storms, whom to offer a call back, and whose turn it is to be called back."""
        words.is_storm = lambda: self.storm.is_on
        words.offers_return = self.config.calls_back
        turns = self.outbound.turns
        self.outbound.is_storm = lambda: self.storm.is_on
        # One book of who is given to whom: the room gives all turns, also those of returns.
        self.waiting.returns, turns.allot, turns.rings = turns.give, self.waiting.look, self.waiting.rings_for

    def _supervision(self, clock: Clock, worker: str) -> Supervision:
        line = SpyLine(self.ami, self.config.threeway.caller_number)
        tell = self.pulse.beat
        known = Supervisions(self.database, line, clock, self._reactor, self.roster, worker, tell)
        known.at_point = death_point(self.config.revisits.mode)
        self.switch.calls_of_legs = self._calls_of_legs
        return Supervision(self.config.agents, known)

    def _calls_of_legs(self) -> dict[str, str]:
        returns = self.outbound.turns.offers.calls_of_legs()
        return {**self.rooms.calls_of_legs(), **self.supervision.calls_of_legs(), **returns}

    def begin_to_tick(self) -> None:
        """Call `tick` every TICK_SECONDS. Only a ticker: what is due, and when, stands in our own tables."""
        # APScheduler's Twisted executor runs a job in a thread of its pool: sockets and timers are not there.
        tick = partial(self._reactor.callFromThread, self.tick)
        self._ticker.add_job(tick, "interval", seconds=TICK_SECONDS, coalesce=True, misfire_grace_time=None)
        self._ticker.start()

    def _listen_to_dialplan(self, at: Listen) -> None:
        try:
            self.agi.listen(at.port, str(at.address))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigError(say("listen", name="agi", address=at.address, port=at.port, why=why)) from error

    @inlineCallbacks
    def settled(self) -> Generator[Deferred[Any], Any, None]:
        """Fire when the switch has been reached and agrees with the store."""
        while not self.switch.settled:
            yield self.pulse.wait()

    @inlineCallbacks
    def stop(self) -> Generator[Deferred[Any], Any, None]:
        """Let go of the switch, finish what is being written, close the store."""
        if self._ticker.running:
            self._ticker.shutdown(wait=False)
        if self._api is not None:
            yield _deferred(self._api.stop())
        yield self.outbound.stop()
        self.rooms.stop()
        self.waiting.stop()
        self.storm.stop()
        self.tapes.stop()
        self.overflow.stop()
        self.halls.stop()
        self.supervision.stop()
        self.seats.stop()
        self.phones.stop()
        yield self.agi.stop()
        self.journal.stop()
        self.roster.stop()
        yield self.ami.stop()
        self.database.stop()

    def _describe(self) -> None:
        hotline = self.config.hotline
        self.health.add(
            "asterisk",
            lambda: _component(self.switch.settled, say("health.settled"), say("health.not_reached")),
        )
        self.health.add(
            "agi", lambda: _component(self.agi.listening, _address(hotline.agi), say("health.not_listening"))
        )
        self.health.add(
            "journal",
            lambda: _component(
                not self.journal.fault,
                say("health.journal"),
                say("health.journal_fault", why=self.journal.fault),
            ),
        )
        self.health.add("database", lambda: _component(not self._fault, say("health.database"), self._fault))
        self.health.add("disk", self._disk)
        self.health.add("dialer", self.outbound.health)
        self.health.add("calendar", self._calendar)
        self.health.add("recordings", self.tapes.recordings.health)

    def _disk(self) -> Component:
        free = shutil.disk_usage(self.paths.var).free
        return Component(free >= LEAST_DISK, say("health.disk", free=free // 2**20))

    def _calendar(self) -> Component:
        calendar, today = self.config.calendar, self._services.clock.now().astimezone(SHANGHAI).date()
        enough = calendars.days_left(calendar, today) >= calendars.LEAST_DAYS
        return Component(enough, calendars.outlook(calendar, today))

    def tick(self) -> None:
        """Every TICK_SECONDS: end lost calls, ask the database whether it is there, rotate the journal."""
        self.switch.sweep().addErrback(_log_fault, "sweep")
        self.database.read(migrate.is_current).addCallbacks(self._schema, self._unreachable)
        self.ledger.rotate().addErrback(_log_fault, "rotate")
        self.storm.refresh().addErrback(_log_fault, "storm")
        self.outbound.alive()
        self.rooms.agree()
        self.transfers.agree().addErrback(_log_fault, "transfers")
        self.tapes.tick()
        self.halls.tick()
        self.supervision.agree()
        agi = self.agi
        self.counters.update(
            agi_sessions_open=agi.open,
            waiting_callers=len(self.waiting.guests()),
            agi_sessions_total=agi.total,
            agi_refused_total=agi.refused,
            agi_failed_total=agi.failed,
            journal_bad_lines_total=self.ledger.bad_lines,
            threeway_conversations=len(self.rooms.conversations.all()),
            threeway_legs_reaped_total=self.rooms.reaper.reaped,
        )

    def _schema(self, current: bool) -> None:
        self._fault = "" if current else say("health.schema")

    def _unreachable(self, failure: Failure) -> None:
        self._fault = say("health.database_silent", why=repr(failure.value))


def _component(ok: bool, good: str, bad: str | None) -> Component:
    return Component(ok, good if ok else bad or "")


def _address(listen: Listen) -> str:
    return f"{listen.address}:{listen.port}"


def _deferred(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    return Deferred.fromFuture(asyncio.ensure_future(work))


def _not_asked(failure: Failure, agent: str) -> None:
    # Then the phone is not there, or the switch is lost and is asked again.
    log.warning("phone_not_asked", agent=agent, why=failure.getErrorMessage())


def _log_fault(failure: Failure, what: str) -> None:
    log.error("background_work_failed", what=what, why=repr(failure.value))
