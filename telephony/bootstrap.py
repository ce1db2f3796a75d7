"""Runs the service: its rooms are put together, started, looked after at each tick, and stopped."""

import asyncio
from collections.abc import Coroutine, Generator
from datetime import UTC
from functools import partial
from typing import Any, TypeVar

import structlog
from apscheduler.schedulers.twisted import TwistedScheduler
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from telephony.api import serve
from telephony.api.app import create_app
from telephony.api.serve import Handle
from telephony.building.doors import dialplan_door, services_for_api
from telephony.building.ground import lay
from telephony.building.vitals import Vitals
from telephony.building.whole import Building
from telephony.clock import Clock
from telephony.config import Config
from telephony.config_hotline import Listen
from telephony.errors import ConfigError
from telephony.paths import Paths
from telephony.secret_store import Secrets
from telephony.store import agents as agent_rows
from telephony.texts import say

log = structlog.get_logger()
T = TypeVar("T")
TICK_SECONDS = 10


class Service:
    """All parts of the telephony side, started and stopped in order."""

    def __init__(self, paths: Paths, config: Config, secrets: Secrets, reactor: Any, clock: Clock) -> None:
        self.ground = lay(paths, config, secrets, reactor, clock)
        self.building = Building(self.ground)
        self.building.watches.switch.when_settled = self._settled_with
        self.agi = dialplan_door(self.building, secrets)
        self.vitals = Vitals(self.building, self.agi)
        self._services = services_for_api(self.building, secrets, self.vitals)
        self._api: Handle | None = None
        self._ticker = TwistedScheduler(timezone=UTC)

    @inlineCallbacks
    def start(self) -> Generator[Deferred[Any], Any, None]:
        """Take up the stored state, then open the doors to the switch."""
        ground, building = self.ground, self.building
        ground.paths.journal.mkdir(parents=True, exist_ok=True)
        ground.database.start()
        building.tapes.start()
        building.roster.restore((yield ground.database.read(agent_rows.load)))
        yield building.lobby.waiting.start()
        yield building.supervision.start()
        yield building.rooms.start()  # before the dialplan asks: a unit that hears the question is known
        yield building.notices.start()
        yield building.halls.start()
        yield building.seats.start()
        yield building.lobby.storm.refresh()
        self._listen_to_dialplan(ground.config.hotline.agi)
        building.spoken.clear()
        yield building.outbound.start()
        building.watches.journal.start(ground.reactor)
        building.watches.switch.start()
        ground.ami.start()
        self._api = yield _deferred(serve.start(create_app(self._services), ground.config.hotline.api))
        ground.pulse.on_beat = building.outbound.turns.look
        self.begin_to_tick()

    @inlineCallbacks
    def settled(self) -> Generator[Deferred[Any], Any, None]:
        """Fire when the switch has been reached and agrees with the store."""
        while not self.building.watches.switch.settled:
            yield self.ground.pulse.wait()

    @inlineCallbacks
    def stop(self) -> Generator[Deferred[Any], Any, None]:
        """Let go of the switch, finish what is being written, close the store."""
        building = self.building
        if self._ticker.running:
            self._ticker.shutdown(wait=False)
        if self._api is not None:
            yield _deferred(self._api.stop())
        yield building.outbound.stop()
        building.rooms.stop()
        building.lobby.stop()
        building.tapes.stop()
        building.halls.stop()
        building.supervision.stop()
        building.seats.stop()
        building.phones.stop()
        yield self.agi.stop()
        building.watches.journal.stop()
        building.roster.stop()
        yield self.ground.ami.stop()
        self.ground.database.stop()

    def begin_to_tick(self) -> None:
        """Call `tick` every TICK_SECONDS. Only a ticker: what is due, and when, stands in our own tables."""
        # APScheduler's Twisted executor runs a job in a thread of its pool: sockets and timers are not there.
        tick = partial(self.ground.reactor.callFromThread, self.tick)
        self._ticker.add_job(tick, "interval", seconds=TICK_SECONDS, coalesce=True, misfire_grace_time=None)
        self._ticker.start()

    def tick(self) -> None:
        """Every TICK_SECONDS: end lost calls, ask the database whether it is there, rotate the journal."""
        building = self.building
        building.watches.switch.sweep().addErrback(_log_fault, "sweep")
        self.vitals.ask_database()
        building.watches.ledger.rotate().addErrback(_log_fault, "rotate")
        building.lobby.storm.refresh().addErrback(_log_fault, "storm")
        building.outbound.alive()
        building.rooms.agree()
        building.transfers.agree().addErrback(_log_fault, "transfers")
        building.tapes.tick()
        building.halls.tick()
        building.supervision.agree()
        self.vitals.count()

    def _settled_with(self) -> None:
        """Go on with what waited for the switch: it agrees with the ledger now."""
        building = self.building
        building.outbound.settle()
        building.rooms.agree()
        building.transfers.agree().addErrback(_log_fault, "transfers")
        building.tapes.agree()
        building.refusals.settle().addErrback(_log_fault, "refusals")
        building.supervision.agree()
        building.seats.settled()
        building.phones.settled()

    def _listen_to_dialplan(self, at: Listen) -> None:
        try:
            self.agi.listen(at.port, str(at.address))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ConfigError(say("listen", name="agi", address=at.address, port=at.port, why=why)) from error


def _deferred(work: Coroutine[Any, Any, T]) -> Deferred[T]:
    return Deferred.fromFuture(asyncio.ensure_future(work))


def _log_fault(failure: Failure, what: str) -> None:
    log.error("background_work_failed", what=what, why=repr(failure.value))
