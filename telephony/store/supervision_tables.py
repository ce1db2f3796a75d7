"""The table of supervision: who took part in whose call, how, and what came of a take-over."""

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial

_LIVE = sa.text("ended_at IS NULL")

supervisions = sa.Table(
    "supervisions",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True, comment="the room's number comes of it"),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("supervisor", sa.String(16), nullable=False),
    sa.Column("agent", sa.String(16), nullable=False, comment="who is supervised"),
    sa.Column("leg_id", sa.String(64), nullable=False, comment="the supervisor's; chosen by us"),
    sa.Column("agent_leg", sa.String(64), nullable=False),
    sa.Column("citizen_leg", sa.String(64), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("ordered_at", UtcTime, nullable=False),
    sa.Column("answered_at", UtcTime),
    sa.Column("taken_at", UtcTime, comment="the citizen was taken over"),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_why", sa.String(20)),
    sa.Column("changes", sa.JSON, nullable=False, comment="what was done, by whom and when, in order"),
    sa.Column("worker", sa.String(32), nullable=False, comment="the installation whose switch it is on"),
    sa.Index("ux_supervisions_live", "supervisor", unique=True, sqlite_where=_LIVE, postgresql_where=_LIVE),
    sa.Index("ix_supervisions_ordered_at", "ordered_at"),
)
