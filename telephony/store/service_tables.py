"""Tables of what is declared and decided by people beside the calls: outages, refusals (Art. 4)."""

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, partial_index, serial

outages = sa.Table(
    "outages",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("starts_at", UtcTime, nullable=False),
    sa.Column("ends_at", UtcTime, nullable=False),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("declared_at", UtcTime, nullable=False),
    sa.Index("ix_outages_starts_at", "starts_at"),
)

refusals = sa.Table(
    "refusals",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False, comment="one of the five of Art. 4"),
    sa.Column("agent", sa.String(16), nullable=False, comment="who had the citizen"),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("note", sa.String(200)),
    sa.Column("at", UtcTime, nullable=False, comment="committed before the citizen is moved"),
    sa.Column("citizen_leg", sa.String(64), nullable=False),
    sa.Column("agent_leg", sa.String(64), nullable=False),
    sa.Column("recording", sa.String(100), comment="the citizen hears the explanation on it"),
    sa.Column("begun_at", UtcTime, comment="when the explanation began to be played"),
    sa.Column("outcome", sa.String(10), comment="said, cut_short, not_said; none while it is under way"),
    sa.Column("outcome_at", UtcTime),
    sa.Index("ux_refusals_open", "call_id", unique=True, **partial_index("outcome IS NULL")),
    sa.Index("ix_refusals_at", "at"),
)
