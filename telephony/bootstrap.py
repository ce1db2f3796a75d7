"""Puts the service together: the one place that knows every part; `main.py` runs it."""

import shutil
from collections.abc import Generator
from typing import Any

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.endpoints import HostnameEndpoint
from twisted.python.failure import Failure

from telephony.agi.entries import feature, inbound
from telephony.agi.server import FastAGIServer
from telephony.clock import Clock
from telephony.config import Config, Listen
from telephony.floor.health import Component, Health
from telephony.floor.inbound import Inbound
from telephony.floor.journal_watch import JournalWatch
from telephony.floor.ledger import Ledger
from telephony.floor.mirror import QueueMirror
from telephony.floor.pulse import Pulse
from telephony.floor.roster import Roster
from telephony.floor.switch_watch import SwitchWatch
from telephony.paths import Paths
from telephony.pbx.ami import AMIClient
from telephony.pbx.files import AMI_USER
from telephony.secret_store import Secrets
from telephony.store import agents as agent_rows
from telephony.store import migrate
from telephony.store.database import Database, url_of

log = structlog.get_logger()
SWEEP_SECONDS = 10
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
        self.roster = Roster(config, self.database, clock, reactor, mirror, self.pulse)
        self.ledger = Ledger(config, self.database, clock, paths.journal)
        self.journal = JournalWatch(self.ledger, paths.journal, self.pulse, reactor)
        self.switch = SwitchWatch(self.ami, self.roster, mirror, self.ledger, self.journal, clock, self.pulse)
        route = Inbound(config, self.database, clock, self.roster, self.pulse)
        handlers = {
            "inbound": inbound.entry(route, hotline.routing.preferred_ring_seconds),
            "feature": feature.entry(self.roster, hotline.agents.pause_reasons),
        }
        self.agi = FastAGIServer(handlers, secrets.agi_secret, clock=reactor)
        self.health = Health()
        self._fault = ""
        self._describe()

    @inlineCallbacks
    def start(self) -> Generator[Deferred[Any], Any, None]:
        """Take up the stored state, then open the doors to the switch."""
        self.paths.journal.mkdir(parents=True, exist_ok=True)
        self.database.start()
        self.roster.restore((yield self.database.read(agent_rows.load)))
        self.agi.listen(self.config.hotline.agi.port, str(self.config.hotline.agi.address))
        self.journal.start(self._reactor)
        self.switch.start()
        self.ami.start()

    @inlineCallbacks
    def stop(self) -> Generator[Deferred[Any], Any, None]:
        """Let go of the switch, finish what is being written, close the store."""
        yield self.agi.stop()
        self.journal.stop()
        self.roster.stop()
        yield self.ami.stop()
        self.database.stop()

    def _describe(self) -> None:
        hotline = self.config.hotline
        self.health.add("asterisk", lambda: _component(self.switch.settled, "settled", "not reached"))
        self.health.add("agi", lambda: _component(self.agi.listening, _address(hotline.agi), "not listening"))
        self.health.add("journal", lambda: _component(not self.journal.fault, "read", self.journal.fault))
        self.health.add("database", lambda: _component(not self._fault, "answers", self._fault))
        self.health.add("disk", self._disk)

    def _disk(self) -> Component:
        free = shutil.disk_usage(self.paths.var).free
        return Component(free >= LEAST_DISK, f"{free // 2**20} MiB free")

    def tick(self) -> None:
        """Every SWEEP_SECONDS: end lost calls, ask the database whether it is there, rotate the journal."""
        self.switch.sweep().addErrback(_log_fault, "sweep")
        self.database.read(migrate.is_current).addCallbacks(self._schema, self._unreachable)
        self.ledger.rotate().addErrback(_log_fault, "rotate")

    def _schema(self, current: bool) -> None:
        self._fault = "" if current else "its schema is of another version; run `hotline migrate`"

    def _unreachable(self, failure: Failure) -> None:
        self._fault = repr(failure.value)


def _component(ok: bool, good: str, bad: str | None) -> Component:
    return Component(ok, good if ok else bad or "")


def _address(listen: Listen) -> str:
    return f"{listen.address}:{listen.port}"


def _log_fault(failure: Failure, what: str) -> None:
    log.error("background_work_failed", what=what, why=repr(failure.value))
