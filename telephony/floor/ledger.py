"""The call ledger: the switch's journal, folded into calls, legs and events.

The position in the journal moves in the same transaction as what was read there, so a kill at any
moment neither loses a record nor tells it twice.

A record belongs to the call of its linkedid, but that of a leg which we ordered ourselves to the call that it
was ordered for: such a leg is dialled over a trunk and begins with a linkedid of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.inbound import CallBacks
from telephony.floor.urging import Urging
from telephony.pbx import journal
from telephony.pbx.journal import Position
from telephony.rules.call_story import ORDERED, PLACED, Call, Happening, Party, Record, Role
from telephony.rules.call_telling import begin, interrupt, tell
from telephony.rules.numbers import national
from telephony.rules.retention import kind_of
from telephony.rules.returns import why_owed
from telephony.store import calls as call_rows
from telephony.store import journal as position_row
from telephony.store import ordered, recordings, refusals, return_calls, returns, stays
from telephony.store.database import Database
from telephony.store.recordings import Noted

log = structlog.get_logger()
Page = list[tuple[Record, Party]]


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
        place: str = "",
    ) -> None:
        self._call_backs, self._reader, self._place = call_backs, reader, place
        self._numbers, self._agents = config.numbers, config.agents
        self._area_code = config.hotline.area_code
        self._citizens = {trunk.name for trunk in config.hotline.trunks}
        self._citizens |= {phone.user for phone in config.hotline.test_phones}
        self._demo, self._reach = config.hotline.demo, config.reach
        self._database, self._clock, self._folder = database, clock, folder
        self._urging = Urging(config)
        self.bad_lines = 0

    def catch_up(self) -> Deferred[int]:
        """Read one more page of the journal; fires with the number of records it held."""
        return self._database.write(self._read_page)

    def note(self, call_id: str, happening: Happening) -> Deferred[None]:
        """Append an event that the journal does not know, such as a hold; it may name a line for an agent.

        Where `call_id` is the id of a leg that we ordered, the event goes to the call of that leg.
        """
        if happening.agent not in self._agents:
            happening = replace(happening, agent=None)

        def work(connection: sa.Connection) -> None:
            place = ordered.places(connection, [call_id]).get(call_id)
            call_rows.append(connection, [(place[0] if place else call_id, happening)])

        return self._database.write(work)

    def bury(self, living: frozenset[str], before: datetime, died_at: datetime) -> Deferred[list[str]]:
        """End calls older than `before` of which the switch knows nothing any more; fires with their ids.

        `living` holds the ids of calls and of legs. Calls on other installations' switches are none of ours.
        Who was cut off is to be called back.
        """

        def work(connection: sa.Connection) -> list[str]:
            dead = [
                call
                for call in call_rows.live(connection, self._place).values()
                if living.isdisjoint((call.id, *call.legs)) and call.arrived_at < before
            ]
            told = [(c.id, event) for c in dead for event in interrupt(c, max(died_at, c.arrived_at))]
            call_rows.save(connection, dead, self._place)
            call_rows.append(connection, told)
            stays.cut(connection, living, before, died_at, self._place)
            refusals.told(connection, told)
            self._owe(connection, dead)
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

    def _fold(self, connection: sa.Connection, records: Sequence[Record]) -> None:
        page = self._placed(connection, records)
        known = call_rows.load(connection, {record.call_id for record, _ in page})
        told: list[tuple[Call, Happening]] = []
        moves: list[tuple[str, Record]] = []
        begun: list[Noted] = []
        for record, party in page:
            call = _call_of(known, record, party)
            if call is None:
                continue  # an agent's feature code
            told += [(call, happening) for happening in tell(call, record, party.role, party.name)]
            self._complete(call)
            if record.kind == "arrived":
                self._called_back(connection, call)
            elif record.kind == "recording":
                begun.append(Noted(record.extra, call.id, record.leg_id, kind_of(party.role), record.at))
            elif record.kind == "fallback":
                answers_us = bool(self._called_back(connection, call))
                self._urging.note(connection, call, record.at, answers_us=answers_us)
            leg = call.legs.get(record.leg_id)
            if leg is not None and leg.bridged_at is not None:
                moves.append((call.id, record))
        call_rows.save(connection, known.values(), self._place)
        call_rows.append(connection, ((call.id, happening) for call, happening in told))
        stays.note(connection, moves)
        recordings.note(connection, self._place, begun)
        refusals.told(connection, [(call.id, happening) for call, happening in told])
        self._settle_returns(connection, told)

    def _placed(self, connection: sa.Connection, records: Sequence[Record]) -> Page:
        """Say of each record whose it is, and which call's."""
        places = ordered.places(connection, (record.leg_id for record in records))
        page: Page = []
        for record in records:
            # Whom the dialer rang and then bridged with an agent's older leg may bear that one's id.
            own = record.leg_id if record.leg_id.startswith(PLACED) else record.call_id
            call_id, party = places.get(record.leg_id, (own, None))
            mine = record if call_id == record.call_id else replace(record, call_id=call_id)
            page.append((mine, party or Party(self._role(record), record.endpoint)))
        return page

    def _settle_returns(self, connection: sa.Connection, told: Sequence[tuple[Call, Happening]]) -> None:
        """Close what is owed to those who were answered now, and open it for those whom we failed."""
        answered = [
            (call.caller_number, call.id, happening.at)
            for call, happening in told
            if happening.kind == "answered" and call.direction == "inbound" and call.caller_number
        ]
        returns.close_answered(connection, answered)
        talked = {
            call.id: happening.at
            for call, happening in told
            if happening.kind == "answered" and call.direction == "outbound"
        }
        if talked:
            return_calls.close_talked(connection, talked)
        self._owe(connection, [call for call, happening in told if happening.kind == "ended"])

    def _owe(self, connection: sa.Connection, ended: Iterable[Call]) -> None:
        for call in ended:
            nobody = self._demo.is_owed_nothing(call.caller_number, call.queue)
            why = None if nobody else why_owed(call, "")
            if why is not None and call.caller_number and call.ended_at:
                lost = (call.caller_number, call.id, call.centre, why, call.ended_at)
                returns.open_return(connection, *lost, call.queue, call.arrived_at, self._reach)

    def _called_back(self, connection: sa.Connection, call: Call) -> Sequence[int]:
        """Let the citizen's call count for revisits (Art. 17), also if it never came to be routed."""
        if self._call_backs is None or call.caller_number is None:
            return ()
        return self._call_backs.called_back(connection, call.caller_number, call.id, call.arrived_at)

    def _role(self, record: Record) -> Role:
        if record.leg_id.startswith(ORDERED):
            return "other"  # of an order that is not in our tables: no citizen calls
        if record.endpoint in self._citizens:
            return "citizen"
        return "agent" if record.endpoint in self._agents else "other"

    def _complete(self, call: Call) -> None:
        call.caller_number = call.caller_number and national(call.caller_number, self._area_code)
        number = self._numbers.get(call.called_number or "")
        if call.centre is None and number is not None:
            call.centre = number.centre


def _call_of(known: dict[str, Call], record: Record, party: Party) -> Call | None:
    """Return the call that a record belongs to; a citizen's first record begins one."""
    if record.call_id not in known and party.role == "citizen" and record.kind != "LINKEDID_END":
        known[record.call_id] = begin(record)
    return known.get(record.call_id)
