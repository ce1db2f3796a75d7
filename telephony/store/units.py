"""The directory of units: those of units.yaml, and over them those that were imported."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.rules.duty import Contact, parse_window
from telephony.rules.units import EMERGENCY, Unit, emergency_fault
from telephony.store import calls as call_rows
from telephony.store.tables import insert_for
from telephony.store.threeway_tables import units as table
from telephony.texts import say

OWN = ("code", "short_code", "name", "level", "kind", "district")


@dataclass(frozen=True, kw_only=True)
class UnitView(Unit):
    """A unit as the directory has it; `updated_at` (Shanghai) is when it was imported, None in units.yaml."""

    updated_at: datetime | None = None

    @property
    def imported(self) -> bool:
        """Whether it is in the store; otherwise it is in units.yaml only."""
        return self.updated_at is not None


class Directory:
    """All units. An imported one takes the place of the configured one of the same code.

    If a changed units.yaml gives a short code to a unit while an imported one has it, it stays the
    imported one's: what people were told to dial goes on.
    """

    def __init__(self, configured: Mapping[str, Unit]) -> None:
        self._configured = {code: _view(unit, None) for code, unit in configured.items()}

    def all(self, connection: sa.Connection) -> list[UnitView]:
        """Return every unit by short code."""
        return sorted(self._by_code(connection).values(), key=lambda unit: (unit.short_code, unit.code))

    def find(self, connection: sa.Connection, code: str) -> UnitView:
        """Return the unit of a code or a short code, its contacts in their order; raise UnknownThingError."""
        # Only what may be meant is read: an agent waits. The configured unit's own code as well, as an
        # import may have given it another short code.
        named = self._configured.get(code) or _by_short_code(self._configured).get(code)
        units = {named.code: named} if named else {}
        meant = sa.or_(table.c.code.in_({code, *units}), table.c.short_code == code)
        units |= _imported(connection, sa.select(table).where(meant))
        # Codes begin with a letter and short codes are digits: no text is both.
        found = units.get(code) or _by_short_code(units).get(code)
        if found is None:
            raise UnknownThingError(say("unit.unknown", unit=code))
        return found

    def put(self, connection: sa.Connection, unit: Unit, now: datetime) -> UnitView:
        """Store a unit in place of the one of its code; raise NotAllowedError if it cannot be one."""
        (refusal,) = self.put_many(connection, [unit], now)
        if refusal is not None:
            raise NotAllowedError(refusal)
        return _view(unit, now)

    def put_many(self, connection: sa.Connection, units: Sequence[Unit], now: datetime) -> list[str | None]:
        """Store units one after the other; return of each None, or why it is not stored.

        The directory is read once: an import may bring 500, and calls wait behind it for the one writer.
        """
        known = self._by_code(connection)
        refusals = []
        for unit in units:
            refusals.append(refusal := self._refusal(known, unit))
            if refusal is None:
                known[unit.code] = _view(unit, now)
                _write(connection, unit, now)
        return refusals

    def remove(self, connection: sa.Connection, code: str, now: datetime) -> None:
        """Forget an imported unit: a configured one of the same code shows again.

        Raise UnknownThingError if there is none, NotAllowedError for one of units.yaml or if another unit
        has taken the short code of the one that would show again.
        """
        units = self._by_code(connection)
        if code not in units:
            raise UnknownThingError(say("unit.unknown", unit=code))
        if not units.pop(code).imported:
            raise NotAllowedError(say("unit.configured", unit=code))
        if code in self._configured:
            _refuse_taken(units, self._configured[code])
        connection.execute(table.delete().where(table.c.code == code))
        _note(connection, now, "unit_removed", code)

    def _by_code(self, connection: sa.Connection) -> dict[str, UnitView]:
        return self._configured | _imported(connection, sa.select(table))

    def _refusal(self, known: Mapping[str, UnitView], unit: Unit) -> str | None:
        try:
            _refuse_unfit(unit)
            _refuse_taken(known, unit)
            _refuse_moved(self._configured.get(unit.code), unit)
        except NotAllowedError as error:
            return str(error)
        return None


def _imported(connection: sa.Connection, query: sa.Select[Any]) -> dict[str, UnitView]:
    return {row["code"]: _of_row(row) for row in connection.execute(query).mappings()}


def _refuse_unfit(unit: Unit) -> None:
    if not unit.contacts:
        raise NotAllowedError(say("unit.no_contact", unit=unit.code))
    if key := emergency_fault(unit):
        raise NotAllowedError(say(key))


def _refuse_taken(known: Mapping[str, UnitView], unit: Unit) -> None:
    holder = _by_short_code(known).get(unit.short_code)
    if holder is not None and holder.code != unit.code:
        told = {"short_code": unit.short_code, "code": holder.code, "name": holder.name}
        raise NotAllowedError(say("unit.short_code_taken", **told))


def _refuse_moved(configured: UnitView | None, unit: Unit) -> None:
    # An import may give an emergency unit other numbers, but never leave 110 or 120 without anybody.
    if configured and configured.kind == EMERGENCY and configured.short_code != unit.short_code:
        told = {"unit": unit.code, "short_code": configured.short_code}
        raise NotAllowedError(say("unit.emergency_moved", **told))


def _by_short_code(units: Mapping[str, UnitView]) -> dict[str, UnitView]:
    """Return the units by short code, an imported one before a configured one."""
    return {unit.short_code: unit for unit in sorted(units.values(), key=lambda unit: unit.imported)}


def _write(connection: sa.Connection, unit: Unit, now: datetime) -> None:
    row = {name: getattr(unit, name) for name in OWN} | {"updated_at": now}
    row["contacts"] = [_told(contact) for contact in unit.contacts]
    insert = insert_for(connection, table).values(**row)
    connection.execute(insert.on_conflict_do_update(index_elements=["code"], set_=row))
    _note(connection, now, "unit_imported", unit.code)


def _note(connection: sa.Connection, now: datetime, kind: str, code: str) -> None:
    event = Happening(now, kind, f"{kind}:{uuid.uuid4().hex}", data={"unit": code})
    call_rows.append(connection, [(None, event)])


def _view(unit: Unit, updated_at: datetime | None) -> UnitView:
    own = {name: getattr(unit, name) for name in OWN}
    local = updated_at.astimezone(SHANGHAI) if updated_at else None
    return UnitView(**own, contacts=unit.contacts, updated_at=local)


def _of_row(row: Mapping[Any, Any]) -> UnitView:
    own = {name: row[name] for name in OWN}
    contacts = tuple(_contact(each) for each in row["contacts"])
    return UnitView(**own, contacts=contacts, updated_at=row["updated_at"].astimezone(SHANGHAI))


def _told(contact: Contact) -> dict[str, Any]:
    return {"name": contact.name, "number": contact.number, "duty": [each.text for each in contact.duty]}


def _contact(told: Mapping[str, Any]) -> Contact:
    return Contact(told["name"], told["number"], tuple(map(parse_window, told["duty"])))
