"""The tables. Times are UTC; event rows are append-only and idempotent under their key."""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

metadata = sa.MetaData()


class _IsoText(sqlite.DATETIME):
    """What SQLite keeps of an instant: the text that SQLAlchemy writes as well, made quicker."""

    def bind_processor(self, dialect: sa.Dialect) -> Any:  # noqa: ARG002
        """Return what writes a time, which is in UTC already, without its zone."""
        return lambda value: None if value is None else value.isoformat(" ", "microseconds")[:26]

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:  # noqa: ARG002
        """Return what reads it again."""
        return lambda text: None if text is None else datetime.fromisoformat(text)


class UtcTime(sa.types.TypeDecorator[datetime]):
    """An aware instant; SQLite, which forgets time zones, gets UTC and gives it back as UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        """Return the type that the database keeps it as."""
        kept: Any = _IsoText if dialect.name == "sqlite" else self.impl_instance
        return dialect.type_descriptor(kept)

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Refuse a time without a zone: it would be read as another instant elsewhere."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without a zone reached the store: {value}")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:  # noqa: ARG002
        """Give every instant back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def partial_index(text: str) -> dict[str, Any]:
    """Return the condition of a partial index, for both databases."""
    return {"sqlite_where": sa.text(text), "postgresql_where": sa.text(text)}


serial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True, comment="the switch's linkedid of the call"),
    sa.Column("direction", sa.String(10), nullable=False),
    sa.Column("state", sa.String(10), nullable=False, index=True),
    sa.Column("called_number", sa.String(20)),
    sa.Column("caller_number", sa.String(40), index=True),
    sa.Column("key", sa.String(1)),
    sa.Column("centre", sa.String(40)),
    sa.Column("queue", sa.String(40)),
    sa.Column("agent", sa.String(16)),
    sa.Column("priority", sa.Integer),
    sa.Column("marks", sa.JSON, nullable=False),
    sa.Column("route_reason", sa.Text),
    sa.Column("arrived_at", UtcTime, nullable=False, index=True),
    sa.Column("queued_at", UtcTime),
    sa.Column("answered_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_by", sa.String(10)),
    sa.Column("outcome", sa.String(16), index=True),
    sa.Column("recording", sa.String(100)),
    sa.Column("notice", serial, index=True, comment="the notice that was played to the citizen"),
    sa.Column("notice_stage", sa.String(8), comment="begun, heard (to its end), passed (on to a person)"),
    sa.Column("rating", sa.String(1), comment="the key by which the caller rated the service"),
    sa.Column("worker", sa.String(32), comment="the installation whose switch it is on"),
)

legs = sa.Table(
    "legs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True, comment="the switch's uniqueid of the channel"),
    sa.Column("call_id", sa.String(64), sa.ForeignKey("calls.id"), nullable=False, index=True),
    sa.Column("role", sa.String(10), nullable=False),
    sa.Column("party", sa.String(40)),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("answered_at", UtcTime),
    sa.Column("bridged_at", UtcTime),
    sa.Column("ended_at", UtcTime),
    sa.Column("cause", sa.Integer, comment="Q.850 cause of the hangup"),
    sa.Column("recording", sa.String(100), comment="what this party heard and said, from recorded_from on"),
    sa.Column("recorded_from", UtcTime),
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("call_id", sa.String(64), index=True),
    sa.Column("agent", sa.String(16), index=True),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    # Agents' changes of a time, found without the other events: their time by state is taken from them.
    sa.Index("ix_events_agent_states", "agent", "at", **partial_index("kind = 'agent'")),
)

agents = sa.Table(
    "agents",
    metadata,
    sa.Column("number", sa.String(16), primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(40)),
    sa.Column("after", sa.String(12), comment="the state wanted when the call and its wrap-up are over"),
    sa.Column("after_reason", sa.String(40)),
    sa.Column("since", UtcTime, nullable=False),
    sa.Column("wrap_up_until", UtcTime),
    sa.Column("missed_rings", sa.Integer, nullable=False),
    sa.Column("call_id", sa.String(64)),
    sa.Column("worker", sa.String(32), comment="the installation where the agent was at work last"),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_number", sa.String(40), primary_key=True),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("updated_at", UtcTime, nullable=False),
    sa.Column("subject", sa.String(200), comment="what it is about, as the citizen may hear it"),
    sa.Column("category", sa.String(1), comment="A to D (Art. 8)"),
    sa.Column("district", sa.String(40)),
    sa.Column("unit", sa.String(60)),
    sa.Column("channel", sa.String(20), comment="how it came in (Art. 3)"),
    sa.Column("round", sa.Integer, nullable=False, server_default="1", comment="a redo starts a new one"),
    sa.Column(
        "confidential",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="units get neither the citizen's number nor name",
    ),
)

case_numbers = sa.Table(
    "case_numbers",
    metadata,
    sa.Column("case_number", sa.String(40), sa.ForeignKey("cases.case_number"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("number", sa.String(20), nullable=False, index=True),
)

urgings = sa.Table(
    "urgings",
    metadata,
    sa.Column("call_id", sa.String(64), primary_key=True, comment="a call urges one case, and once"),
    sa.Column("case_number", sa.String(40), nullable=False, index=True),
    sa.Column("at", UtcTime, nullable=False),
)

blacklist = sa.Table(
    "blacklist",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
)

alarms = sa.Table(
    "alarms",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("kind", sa.String(30), nullable=False),
    sa.Column("subject", sa.String(60), nullable=False),
    sa.Column("acknowledged_at", UtcTime),
    sa.Index(
        "ux_alarms_standing", "kind", "subject", unique=True, **partial_index("acknowledged_at IS NULL")
    ),
)

journal_position = sa.Table(
    "journal_position",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("file", sa.String(40), nullable=False, comment="device and inode: the file may be renamed"),
    sa.Column("offset", sa.BigInteger, nullable=False),
)

ENDED = "ended"
"""The one terminal state of a call; rows in it never change again."""


def insert_for(connection: sa.Connection, table: sa.Table) -> Any:
    """Return an INSERT that knows ON CONFLICT, which SQLite and PostgreSQL spell alike."""
    return _insert(connection.dialect.name, table)


@cache
def insert_once(dialect: str, table: sa.Table) -> Any:
    """Return the INSERT that does nothing where a key is there already; made once."""
    return _insert(dialect, table).on_conflict_do_nothing()


@cache
def upsert(
    dialect: str,
    table: sa.Table,
    key: str | tuple[str, ...],
    changed: tuple[str, ...],
    only: sa.ColumnElement[bool] | None = None,
) -> Any:
    """Return the INSERT that writes the columns `changed` where the key is there already, if `only` holds.

    The row of a call that has ended stays as it is. Building and compiling a statement costs more than
    executing it: this one is made once and executed with rows as parameters.
    """
    statement = _insert(dialect, table)
    alive = table.c.state != ENDED if table is calls else None
    where = alive if only is None else only
    new = {name: statement.excluded[name] for name in changed}
    keys = [key] if isinstance(key, str) else list(key)
    return statement.on_conflict_do_update(index_elements=keys, set_=new, where=where)


def _insert(dialect: str, table: sa.Table) -> Any:
    flavour: Any = sqlite if dialect == "sqlite" else postgresql
    return flavour.insert(table)


def insert_new(connection: sa.Connection, table: sa.Table, values: dict[str, Any]) -> None:
    """Insert a row unless its key is there already."""
    connection.execute(insert_for(connection, table).values(**values).on_conflict_do_nothing())


def inserted_id(result: sa.CursorResult[Any]) -> int:
    """Return the number that the database gave to the row just inserted."""
    return int(result.inserted_primary_key[0])  # type: ignore[index]  # of one row there is always one
