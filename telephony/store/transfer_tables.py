"""The table of transfers: one row for each, from the command on; a call has one live one at most."""

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial

_LIVE = {"sqlite_where": sa.text("ended_at IS NULL"), "postgresql_where": sa.text("ended_at IS NULL")}

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True, comment="also the place's number"),
    sa.Column("call_id", sa.String(64), nullable=False),
    sa.Column("worker", sa.String(32), nullable=False, comment="the installation whose switch it is on"),
    sa.Column("kind", sa.String(8), nullable=False, comment="agent, queue, unit, centre"),
    sa.Column("target", sa.String(40), nullable=False, comment="number, name or code, as asked for"),
    sa.Column("mode", sa.String(8), nullable=False, comment="blind, attended"),
    sa.Column("agent", sa.String(16), comment="the agent who is rung, if it is one"),
    sa.Column("queue", sa.String(40), comment="the queue in which the citizen waits, if it is one"),
    sa.Column("from_agent", sa.String(16), nullable=False),
    sa.Column("from_leg", sa.String(64), nullable=False),
    sa.Column("citizen_leg", sa.String(64), nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("wish", sa.String(10), comment="complete or cancel, if a person asked for it"),
    sa.Column("wish_by", sa.String(40)),
    sa.Column("cause", sa.String(40), comment="why it did not come about"),
    sa.Column("answered_by", sa.String(16), comment="the agent who has the citizen after it"),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("moved_at", UtcTime, comment="the switch's own time of the first step"),
    sa.Column("ended_at", UtcTime),
    sa.Index("ux_transfers_live", "call_id", unique=True, **_LIVE),  # type: ignore[arg-type]
    sa.Index("ix_transfers_started_at", "started_at"),
)
