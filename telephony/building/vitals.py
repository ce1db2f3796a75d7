"""What health and metrics tell of the parts: whether each works, and how much each has done."""

import shutil

from twisted.python.failure import Failure

from telephony import calendars
from telephony.agi.server import FastAGIServer
from telephony.building.whole import Building
from telephony.clock import SHANGHAI
from telephony.config_hotline import Listen
from telephony.floor.health import Component, Health
from telephony.store import migrate
from telephony.texts import say

LEAST_DISK = 500 * 1024 * 1024
"""Bytes free below which we say so: recordings and the ledger need room."""


class Vitals:
    """The components of `health`, asked when it is asked, and `counters`, as they were at the last tick."""

    def __init__(self, building: Building, agi: FastAGIServer) -> None:
        self._building, self._ground, self._agi = building, building.ground, agi
        self._fault = ""
        self.counters: dict[str, float] = {}
        self.health = Health()
        self.health.add("asterisk", self._asterisk)
        self.health.add("agi", self._dialplan)
        self.health.add("journal", self._journal)
        self.health.add("database", self._database)
        self.health.add("disk", self._disk)
        self.health.add("dialer", building.outbound.health)
        self.health.add("calendar", self._calendar)
        self.health.add("recordings", building.tapes.recordings.upkeep.health)

    def ask_database(self) -> None:
        """Ask the database whether it is there, and of the schema that we need."""
        self._ground.database.read(migrate.is_current).addCallbacks(self._schema, self._unreachable)

    def count(self) -> None:
        """Bring the counters up to date."""
        agi, rooms = self._agi, self._building.rooms
        self.counters.update(
            agi_sessions_open=agi.open,
            waiting_callers=len(self._building.lobby.waiting.guests()),
            agi_sessions_total=agi.total,
            agi_refused_total=agi.refused,
            agi_failed_total=agi.failed,
            journal_bad_lines_total=self._building.watches.ledger.bad_lines,
            threeway_conversations=len(rooms.conversations.all()),
            threeway_legs_reaped_total=rooms.reaper.reaped,
        )

    def _asterisk(self) -> Component:
        settled = self._building.watches.switch.settled
        return _component(settled, say("health.settled"), say("health.not_reached"))

    def _dialplan(self) -> Component:
        at = _address(self._ground.config.hotline.agi)
        return _component(self._agi.listening, at, say("health.not_listening"))

    def _journal(self) -> Component:
        fault = self._building.watches.journal.fault
        return _component(not fault, say("health.journal"), say("health.journal_fault", why=fault))

    def _database(self) -> Component:
        return _component(not self._fault, say("health.database"), self._fault)

    def _disk(self) -> Component:
        free = shutil.disk_usage(self._ground.paths.var).free
        return Component(free >= LEAST_DISK, say("health.disk", free=free // 2**20))

    def _calendar(self) -> Component:
        calendar, now = self._ground.config.calendar, self._ground.clock.now()
        today = now.astimezone(SHANGHAI).date()
        enough = calendars.days_left(calendar, today) >= calendars.LEAST_DAYS
        return Component(enough, calendars.outlook(calendar, today))

    def _schema(self, current: bool) -> None:
        self._fault = "" if current else say("health.schema")

    def _unreachable(self, failure: Failure) -> None:
        self._fault = say("health.database_silent", why=repr(failure.value))


def _component(ok: bool, good: str, bad: str) -> Component:
    return Component(ok, good if ok else bad)


def _address(listen: Listen) -> str:
    return f"{listen.address}:{listen.port}"
