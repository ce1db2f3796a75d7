"""Attempts and their evidence in the store. Each change of state is conditional on the one before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.verdict import Evidence, Finding
from telephony.store.outbound_tables import LIVE, LIVE_STATES, attempts, evidence
from telephony.store.tables import UtcTime, insert_once

CANCELLED = "cancelled"
"""The state of an attempt that was reserved and never sent."""
_LIVE = attempts.c.state.in_(LIVE_STATES)
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_INSERT = attempts.insert()
_DIAL = (
    attempts.update()
    .where(attempts.c.id == sa.bindparam("of"), attempts.c.state == "reserved")
    .values(
        state="dialling",
        started_at=sa.bindparam("now", type_=UtcTime),
        latest_end_at=sa.bindparam("latest", type_=UtcTime),
    )
)
_RING = (
    attempts.update()
    .where(attempts.c.id == sa.bindparam("of"), attempts.c.state == "dialling")
    .values(state="ringing")
)
_CANCEL = (
    attempts.update().where(attempts.c.id.in_(_IDS), attempts.c.state == "reserved").values(state=CANCELLED)
)
_CANCEL_OF = (
    attempts.update()
    .where(attempts.c.campaign == sa.bindparam("of_campaign"), attempts.c.task_id == sa.bindparam("of_task"))
    .where(attempts.c.state == "reserved")
    .values(state=CANCELLED)
)
_EVIDENCE = sa.select(evidence).order_by(evidence.c.id)
_OF_ONE = _EVIDENCE.where(evidence.c.attempt_id == sa.bindparam("of"))
_OF_MANY = _EVIDENCE.where(evidence.c.attempt_id.in_(_IDS))
_SETTLED = (
    *("state", "ended_at", "counts", "alerted", "ring_seconds", "sip_code", "cause", "why", "rating"),
    *("digest", "ended_mono", "boot"),
)
_SETTLE = (
    attempts.update()
    .where(attempts.c.id == sa.bindparam("of"), _LIVE)
    .values({name: sa.bindparam(f"new_{name}", type_=attempts.c[name].type) for name in _SETTLED})
)


@dataclass(frozen=True, slots=True)
class Reservation:
    """An attempt that holds a channel and has not been sent; it must start no later than `start_by`."""

    id: str
    campaign: str
    task_id: int
    number: str
    trunk: str
    day: str
    band: str
    start_by: datetime


def reserve(
    connection: sa.Connection, reservations: Sequence[Reservation], epoch: str, now: datetime
) -> None:
    """Insert attempts as RESERVED; IntegrityError if a live one for a task or a number is there already."""
    rows = [
        {
            **{name: getattr(each, name) for name in ("id", "campaign", "task_id", "number", "trunk")},
            "day": each.day,
            "band": each.band,
            "epoch": epoch,
            "state": "reserved",
            "reserved_at": now,
            "counts": False,
            "alerted": False,
        }
        for each in reservations
    ]
    connection.execute(_INSERT, rows)


def dial(connection: sa.Connection, attempt_id: str, now: datetime, latest_end: datetime) -> bool:
    """RESERVED → DIALLING; False if it is reserved no more, and then nothing may be sent."""
    changed = connection.execute(_DIAL, {"of": attempt_id, "now": now, "latest": latest_end})
    return changed.rowcount == 1


def ringing(connection: sa.Connection, attempt_ids: Iterable[str]) -> None:
    """DIALLING → RINGING; others stay as they are."""
    connection.execute(_RING, [{"of": each} for each in attempt_ids])


def cancel(connection: sa.Connection, attempt_ids: Iterable[str]) -> None:
    """RESERVED → CANCELLED: nothing was sent."""
    connection.execute(_CANCEL, {"ids": list(attempt_ids)})


def cancel_of(connection: sa.Connection, campaign: str, task_id: int) -> None:
    """RESERVED → CANCELLED for a task that needs no call any more."""
    connection.execute(_CANCEL_OF, {"of_campaign": campaign, "of_task": task_id})


def append(connection: sa.Connection, told: Iterable[tuple[str, Evidence]]) -> None:
    """Append evidence, each with its attempt's id; what is there already is the same told twice."""
    rows = [
        {
            "attempt_id": attempt_id,
            **{name: getattr(each, name) for name in ("kind", "at", "key", "mono", "boot")},
            "data": dict(each.data),
        }
        for attempt_id, each in told
    ]
    if rows:
        connection.execute(insert_once(connection.dialect.name, evidence), rows)


@dataclass(frozen=True, slots=True)
class Told:
    """The evidence of some attempts, and the number of its newest row (0 if there is none)."""

    of: dict[str, list[Evidence]]
    last: int

    @property
    def all(self) -> list[Evidence]:
        """Return all of it, in no order that matters."""
        return [each for told in self.of.values() for each in told]


def told(connection: sa.Connection, attempt_ids: Sequence[str], up_to: int | None = None) -> Told:
    """Return the evidence of attempts; `up_to` leaves out what was appended after that row."""
    found: dict[str, list[Evidence]] = {each: [] for each in attempt_ids}
    if not attempt_ids:
        return Told(found, 0)
    one = len(attempt_ids) == 1  # by far the most frequent, and a list of parameters costs more
    query, wanted = (_OF_ONE, {"of": attempt_ids[0]}) if one else (_OF_MANY, {"ids": list(attempt_ids)})
    if up_to is not None:
        query = query.where(evidence.c.id <= up_to)
    rows = connection.execute(query, wanted).all()
    for _, attempt_id, kind, at, key, mono, boot, data in rows:
        found[attempt_id].append(Evidence(kind, at, key, mono, boot, data))
    return Told(found, rows[-1].id if rows else 0)


def settle(
    connection: sa.Connection, attempt_id: str, found: Finding, digest: str, end: Evidence | None
) -> bool:
    """Write the verdict of a live attempt; False if it has one already: terminal states never change.

    `end` is the evidence of its end, for the clock that nobody can set.
    """
    values = {
        "of": attempt_id,
        "new_state": found.outcome.value,
        "new_ended_at": found.ended_at,
        "new_counts": found.counts,
        "new_alerted": found.alerted,
        "new_ring_seconds": found.ring_seconds,
        "new_sip_code": found.sip_code,
        "new_cause": found.cause,
        "new_why": found.why,
        "new_rating": found.rating,
        "new_digest": digest,
        "new_ended_mono": end.mono if end else None,
        "new_boot": end.boot if end else None,
    }
    return connection.execute(_SETTLE, values).rowcount == 1


def one(connection: sa.Connection, attempt_id: str) -> sa.Row[Any] | None:
    """Return one attempt's row."""
    return connection.execute(sa.select(attempts).where(attempts.c.id == attempt_id)).first()


def live_of(connection: sa.Connection, epochs: Sequence[str]) -> list[sa.Row[Any]]:
    """Return the attempts of these epochs that have no verdict yet."""
    return list(connection.execute(sa.select(attempts).where(_LIVE, attempts.c.epoch.in_(epochs))))


def adopt(connection: sa.Connection, attempt_ids: Sequence[str], epoch: str) -> None:
    """Let these live attempts belong to an epoch that goes on with them."""
    if attempt_ids:
        connection.execute(attempts.update().where(attempts.c.id.in_(attempt_ids), _LIVE).values(epoch=epoch))


def live_to(connection: sa.Connection, number: str) -> bool:
    """Tell whether a call to this number is under way."""
    query = sa.select(attempts.c.id).where(attempts.c.number == number, is_live())
    return connection.execute(query).first() is not None


def is_live() -> sa.ColumnElement[bool]:
    """Return the condition that an attempt has no verdict yet."""
    return sa.text(LIVE)  # type: ignore[return-value]  # in the words of the partial index
