"""Transfers in and out of the store. What happens to a call moves its transfer on in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.rules import transfer as rules
from telephony.rules.call_story import Happening
from telephony.store.tables import events, inserted_id
from telephony.store.transfer_tables import transfers

WISH = "transfer_wish"
"""The kind of event that tells what a person wants of a transfer."""
MOST = 1000
"""Rows in one answer at most."""
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_LIVE = sa.select(transfers).where(transfers.c.call_id.in_(_IDS), transfers.c.ended_at.is_(None))
_UPDATE = transfers.update().where(
    transfers.c.id == sa.bindparam("reference"), transfers.c.ended_at.is_(None)
)
_DIGITS_OF_A_BIGINT = 18
_OF_LEGS = frozenset({"answered", "agent_joined", "ring_ended"})
"""Events that name no transfer: those of before it belong to an earlier part of the call."""


@dataclass(frozen=True, kw_only=True)
class TransferView:
    """A transfer; times are Shanghai's. `moved_at` is when the citizen's or the agent's line first moved."""

    id: int
    call_id: str
    kind: str
    target: str
    mode: str
    agent: str | None
    queue: str | None
    from_agent: str
    from_leg: str
    citizen_leg: str
    by: str
    state: str
    wish: str | None
    wish_by: str | None
    cause: str | None
    answered_by: str | None
    started_at: datetime
    moved_at: datetime | None
    ended_at: datetime | None


_FIELDS = tuple(each.name for each in fields(TransferView))


def begin(connection: sa.Connection, row: Mapping[str, Any]) -> int:
    """Enter a transfer; return its id. Raise IntegrityError if one is under way on the call."""
    return inserted_id(connection.execute(transfers.insert().values(**row)))


def live_on(connection: sa.Connection, call_id: str) -> TransferView | None:
    """Return the transfer that is under way on a call."""
    row = connection.execute(_LIVE, {"ids": [call_id]}).first()
    return None if row is None else _view(row)


def live(connection: sa.Connection, worker: str) -> list[TransferView]:
    """Return this installation's transfers that are not over."""
    query = sa.select(transfers).where(transfers.c.worker == worker, transfers.c.ended_at.is_(None))
    return [_view(row) for row in connection.execute(query.order_by(transfers.c.id))]


def find(connection: sa.Connection, reference: str) -> TransferView | None:
    """Return one by its own id, or the newest of a call."""
    wanted = transfers.c.call_id == reference
    if reference.isascii() and reference.isdigit() and len(reference) <= _DIGITS_OF_A_BIGINT:
        wanted = sa.or_(wanted, transfers.c.id == int(reference))
    row = connection.execute(
        sa.select(transfers).where(wanted).order_by(transfers.c.id.desc()).limit(1)
    ).first()
    return None if row is None else _view(row)


def find_all(
    connection: sa.Connection, *, live: bool | None = None, agent: str | None = None, limit: int = 100
) -> list[TransferView]:
    """Return transfers, the newest first; `agent`: who gave or got the citizen."""
    query = sa.select(transfers).order_by(transfers.c.id.desc()).limit(min(limit, MOST))
    if live is not None:
        query = query.where(transfers.c.ended_at.is_(None) if live else transfers.c.ended_at.is_not(None))
    if agent is not None:
        took = transfers.c.answered_by == agent
        query = query.where(sa.or_(transfers.c.from_agent == agent, transfers.c.agent == agent, took))
    return [_view(row) for row in connection.execute(query)]


def wish(connection: sa.Connection, transfer_id: int, what: str, by: str) -> None:
    """Keep that a person wants a transfer completed or cancelled."""
    connection.execute(_UPDATE, {"reference": transfer_id, "wish": what, "wish_by": by})


def wished_at(connection: sa.Connection, call_id: str) -> datetime | None:
    """Return when a person last wanted the transfer of a call completed or cancelled."""
    mine = sa.and_(events.c.call_id == call_id, events.c.kind == WISH)
    return connection.scalar(sa.select(events.c.at).where(mine).order_by(events.c.id.desc()).limit(1))


def close(
    connection: sa.Connection, transfer_id: int, cause: str, now: datetime, state: str = rules.FAILED
) -> None:
    """End a transfer that never began, or of which nobody knows more."""
    ended = {"state": state, "cause": cause, "ended_at": now}
    connection.execute(_UPDATE, {"reference": transfer_id, **ended})


def follow(connection: sa.Connection, told: Sequence[tuple[str | None, Happening]]) -> None:
    """Move transfers on by what happened to their calls; told again, what is over stays as it is."""
    mine = [(call_id, event) for call_id, event in told if call_id and event.kind in rules.KINDS]
    if not mine:
        return
    rows = connection.execute(_LIVE, {"ids": sorted({call_id for call_id, _ in mine})})
    live_ones = {row.call_id: dict(row._mapping) for row in rows}  # noqa: SLF001 - SQLAlchemy's public accessor
    for call_id, row in live_ones.items():
        before = dict(row)
        _apply(row, (event for of, event in mine if of == call_id))
        changed = {name: value for name, value in row.items() if value != before[name]}
        if changed:
            connection.execute(_UPDATE, {"reference": row["id"], **changed})


def _apply(row: dict[str, Any], happened: Iterable[Happening]) -> None:
    for event in happened:
        if row["ended_at"] is not None or (event.kind in _OF_LEGS and event.at < row["started_at"]):
            continue
        what = rules.event_of(event, row["id"])
        row["cause"] = _why(row, event)
        if what is None:
            continue
        row["moved_at"] = row["moved_at"] or event.at
        row["state"] = rules.follow(row["state"], what, row["wish"])
        if row["state"] in rules.OVER:
            _end(row, event)


def _why(row: Mapping[str, Any], event: Happening) -> str | None:
    """Return why it does not come about, after an event; how the other agent's ring ended tells it best."""
    known: str | None = row["cause"]
    told = rules.cause_of(event)
    if event.kind == "ring_ended":
        return told if event.agent == row["agent"] and known in {None, rules.NO_ANSWER} else known
    if told is None or row["state"] == rules.RETURNING or (told == rules.NO_ANSWER and known):
        return known
    return told


def _end(row: dict[str, Any], event: Happening) -> None:
    row["ended_at"] = event.at
    if row["state"] == rules.COMPLETED:
        row["cause"] = None
    if row["state"] == rules.CANCELLED:
        row["cause"] = "cancelled"
    row["answered_by"] = _who(row, event)


def _who(row: Mapping[str, Any], event: Happening) -> str | None:
    """Return the agent who has the citizen now; None if it is a unit, or the citizen has gone."""
    if event.kind in {"answered", "agent_joined"}:
        return event.agent
    word = event.data.get("word") or rules.event_of(event, row["id"])
    return {"taken": row["agent"], "kept": row["from_agent"]}.get(str(word))


def _view(row: sa.Row[Any]) -> TransferView:
    return TransferView(**{name: _moment(getattr(row, name)) for name in _FIELDS})


def _moment(value: Any) -> Any:
    return value.astimezone(SHANGHAI) if isinstance(value, datetime) else value
