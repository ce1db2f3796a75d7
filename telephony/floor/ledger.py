"""The call ledger: the switch's journal, folded into calls, legs and events.

The position in the journal moves in the same transaction as what was read there, so a kill at any
moment neither loses a record nor tells it twice.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.inbound import CallBacks
from telephony.pbx import journal
from telephony.pbx.journal import Position
from telephony.rules.call_story import Call, Happening, Record, Role, begin, interrupt, tell
from telephony.rules.numbers import national
from telephony.store import calls as call_rows
from telephony.store import journal as position_row
from telephony.store.database import Database

log = structlog.get_logger()


class Ledger:
    """Writes what happened to calls."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        folder: Path,
        call_backs: CallBacks | None = None,
        reader: int = position_row.FIRST_READER,
    ) -> None:
        self._call_backs, self._reader = call_backs, reader
        self._numbers, self._agents = config.numbers, config.agents
        self._area_code = config.hotline.area_code
        self._citizens = {trunk.name for trunk in config.hotline.trunks}
        self._citizens |= {phone.user for phone in config.hotline.test_phones}
        self._database, self._clock, self._folder = database, clock, folder
        self.bad_lines = 0

    def catch_up(self) -> Deferred[int]:
        """Read one more page of the journal; fires with the number of records it held."""
        return self._database.write(self._read_page)

    def note(self, call_id: str, happening: Happening) -> Deferred[None]:
        """Append an event that the journal does not know, such as a hold; it may name a line for an agent."""
        if happening.agent not in self._agents:
            happening = replace(happening, agent=None)
        return self._database.write(lambda connection: call_rows.append(connection, [(call_id, happening)]))

    def bury(self, living: frozenset[str], before: datetime, died_at: datetime) -> Deferred[list[str]]:
        """End calls older than `before` of which the switch knows nothing any more; fires with their ids."""

        def work(connection: sa.Connection) -> list[str]:
            dead = [
                call
                for call in call_rows.live(connection).values()
                if call.id not in living and call.arrived_at < before
            ]
            told = [(c.id, event) for c in dead for event in interrupt(c, max(died_at, c.arrived_at))]
            call_rows.save(connection, dead)
            call_rows.append(connection, told)
            return [call.id for call in dead]

        return self._database.write(work)

    def rotate(self) -> Deferred[None]:
        """Put the journal aside if it has grown large and all of it has been read."""

        def work(connection: sa.Connection) -> None:
            journal.rotate(
                self._folder, Position(*position_row.position(connection, self._reader)), self._clock.now()
            )

        return self._database.write(work)

    def _read_page(self, connection: sa.Connection) -> int:
        before = Position(*position_row.position(connection, self._reader))
        page = journal.read(self._folder, before)
        if page.position == before:
            return 0  # nothing to write: the commit costs no sync
        if page.bad_lines:
            self.bad_lines += page.bad_lines
            log.warning("journal_lines_not_understood", count=page.bad_lines)
        self._fold(connection, page.records)
        end = page.position
        position_row.move(connection, end.file, end.offset, self._reader)
        return len(page.records)

    def _fold(self, connection: sa.Connection, records: Iterable[Record]) -> None:
        known = call_rows.load(connection, {record.call_id for record in records})
        told: list[tuple[str, Happening]] = []
        for record in records:
            role = self._role(record)
            if record.call_id not in known:
                if role != "citizen" or record.kind == "LINKEDID_END":
                    continue  # an agent's feature code
                known[record.call_id] = begin(record)
            call = known[record.call_id]
            told += [(call.id, happening) for happening in tell(call, record, role)]
            self._complete(call)
            if record.kind == "arrived":
                self._called_back(connection, call)
        call_rows.save(connection, known.values())
        call_rows.append(connection, told)

    def _called_back(self, connection: sa.Connection, call: Call) -> None:
        """Let the citizen's call count for revisits (Art. 17), also if it never came to be routed."""
        if self._call_backs is not None and call.caller_number is not None:
            self._call_backs.called_back(connection, call.caller_number, call.id, call.arrived_at)

    def _role(self, record: Record) -> Role:
        if record.endpoint in self._citizens:
            return "citizen"
        return "agent" if record.endpoint in self._agents else "other"

    def _complete(self, call: Call) -> None:
        call.caller_number = call.caller_number and national(call.caller_number, self._area_code)
        number = self._numbers.get(call.called_number or "")
        if call.centre is None and number is not None:
            call.centre = number.centre
