"""Tables beside the calls: what people declare and decide (outages, refusals, Art. 4), and agents' spells."""

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

agent_spells = sa.Table(
    "agent_spells",
    metadata,
    sa.Column("agent", sa.String(16), primary_key=True),
    sa.Column("begins_us", sa.BigInteger, primary_key=True, autoincrement=False, comment="µs since 1970"),
    sa.Column("nth", sa.Integer, primary_key=True, autoincrement=False, comment="of those of one instant"),
    sa.Column("ends_us", sa.BigInteger, comment="where the agent's next begins; none while it goes on"),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("call_id", sa.String(64)),
    sa.Column("ring", sa.String(6), comment="missed: it began because the agent missed a ring"),
    sa.Index(
        "ix_agent_spells_wrap_up",
        *("call_id", "agent", "begins_us", "ends_us"),
        **partial_index("state = 'wrap_up'"),
    ),
    sa.Index("ix_agent_spells_missed", "call_id", "agent", **partial_index("ring = 'missed'")),
    sqlite_with_rowid=False,
)
"""How long agents were in which state: made of the `agent` events, and counted again from them."""
