"""Units: whom an agent can bring into a call, and which of their numbers are staffed when.

Their numbers are shown whole: they are offices', not citizens'.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Body, Path
from pydantic import ValidationError

from telephony.api.inputs import WORD, TimeQuery
from telephony.api.problems import why_of
from telephony.api.services import Door, Services, read, write
from telephony.clock import SHANGHAI
from telephony.config_units import UnitEntry
from telephony.logs import visible
from telephony.rules.duty import Contact, numbers_now
from telephony.rules.unit_figures import UnitFigures
from telephony.rules.units import Unit
from telephony.store import unit_reports
from telephony.store.units import Directory, UnitView

router = APIRouter(prefix="/units", tags=["units"])
MOST_UNITS = 500
UnitPath = Annotated[str, Path(pattern=WORD, description="the unit's code, or its short code")]
Rows = Annotated[list[Any], Body(max_length=MOST_UNITS)]


@dataclass(frozen=True)
class ShownContact:
    """A unit's number; each of its duty hours such as `workday 08:00-18:00`, none for always."""

    name: str
    number: str
    duty: list[str]


@dataclass(frozen=True, kw_only=True)
class ShownUnit:
    """A unit, its contacts in the order of trying; not imported is one of units.yaml."""

    code: str
    short_code: str
    name: str
    level: str
    district: str | None
    kind: str
    contacts: list[ShownContact]
    imported: bool
    updated_at: datetime | None


@dataclass(frozen=True)
class OnDuty:
    """The contacts to ring at a time, in their order; none when nobody is on duty."""

    code: str
    name: str
    at: datetime
    contacts: list[ShownContact]


@dataclass(frozen=True)
class RowResult:
    """What became of one row; `row` counts from 1. `why` says what is wrong with one that is not stored."""

    row: int
    code: str | None
    stored: bool
    why: str | None = None


@dataclass(frozen=True)
class Imported:
    """What became of an import: each row by itself."""

    stored: int
    refused: int
    rows: list[RowResult]


@dataclass(frozen=True, kw_only=True)
class UnitStats(UnitFigures):
    """How a unit did; one that has left the directory since has no name."""

    name: str | None


@dataclass(frozen=True)
class Stats:
    """The figures of each unit that was asked, by code, and of all together."""

    units: list[UnitStats]
    total: UnitFigures


@dataclass(frozen=True)
class _Checked:
    """A row's unit, or what is wrong with the row."""

    code: str | None
    unit: Unit | None = None
    why: str | None = None


@router.get("")
async def units(services: Door) -> list[ShownUnit]:
    """Return every unit by short code."""
    return [_shown(unit) for unit in await read(services, _directory(services).all)]


@router.post("/import")
async def import_units(services: Door, rows: Rows) -> Imported:
    """Store many units, each in place of the one of its code.

    A wrong row keeps no right one out, and is named.
    """
    checked = [_checked(row) for row in rows]
    work = partial(_directory(services).put_many, now=services.clock.now())
    refusals = iter(await write(services, partial(work, units=[each.unit for each in checked if each.unit])))
    whys = [next(refusals) if each.unit else each.why for each in checked]
    results = [
        RowResult(place, each.code, why is None, why)
        for place, (each, why) in enumerate(zip(checked, whys, strict=True), 1)
    ]
    stored = sum(result.stored for result in results)
    return Imported(stored, len(results) - stored, results)


@router.get("/stats")
async def stats(services: Door, since: TimeQuery = None, until: TimeQuery = None) -> Stats:
    """Return how the units did that were asked into calls from `since` on (included) until `until` (not)."""

    def look(connection: sa.Connection) -> Stats:
        found = unit_reports.unit_report(connection, since, until)
        names = {unit.code: unit.name for unit in _directory(services).all(connection)}
        shown = [UnitStats(**vars(each), name=names.get(each.unit or "")) for each in found.units]
        return Stats(shown, found.total)

    return await read(services, look)


@router.get("/{code}")
async def unit(services: Door, code: UnitPath) -> ShownUnit:
    """Return a unit."""
    return _shown(await _found(services, code))


@router.get("/{code}/numbers")
async def numbers(services: Door, code: UnitPath, at: TimeQuery = None) -> OnDuty:
    """Return the contacts to ring now, or at a time; of a year without a calendar all who may be on duty."""
    found, when = await _found(services, code), at or services.clock.now()
    contacts = numbers_now(found.contacts, when, services.config.calendar)
    return OnDuty(found.code, found.name, when.astimezone(SHANGHAI), _contacts(contacts))


@router.delete("/{code}", status_code=204)
async def remove(services: Door, code: UnitPath) -> None:
    """Forget an imported unit; a configured one of the same code shows again."""
    await write(services, partial(_directory(services).remove, code=code, now=services.clock.now()))


def _directory(services: Services) -> Directory:
    return Directory(services.config.units)


async def _found(services: Services, code: str) -> UnitView:
    return await read(services, partial(_directory(services).find, code=code))


def _checked(row: Any) -> _Checked:
    try:
        entry = UnitEntry.model_validate(row)
    except ValidationError as error:
        code = row.get("code") if isinstance(row, dict) else None
        return _Checked(visible(code[:80]) if isinstance(code, str) else None, why=why_of(error))
    return _Checked(entry.code, entry.unit())


def _shown(unit: UnitView) -> ShownUnit:
    own = {name: getattr(unit, name) for name in ("code", "short_code", "name", "level", "district", "kind")}
    return ShownUnit(
        **own, contacts=_contacts(unit.contacts), imported=unit.imported, updated_at=unit.updated_at
    )


def _contacts(contacts: Sequence[Contact]) -> list[ShownContact]:
    return [ShownContact(each.name, each.number, [window.text for window in each.duty]) for each in contacts]
