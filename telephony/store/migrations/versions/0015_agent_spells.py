"""agent spells, made of the events that there are."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_FILL = """
INSERT INTO agent_spells (agent, begins_us, nth, ends_us, state, call_id)
SELECT agent, begins_us, row_number() OVER (PARTITION BY agent, begins_us ORDER BY id) - 1,
       lead(begins_us) OVER (PARTITION BY agent ORDER BY begins_us, id), state, call_id
FROM (SELECT id, agent, call_id, {state} AS state, {begins} AS begins_us
      FROM events WHERE kind = 'agent' AND agent IS NOT NULL) AS changes
"""
_SQLITE = {
    "state": "json_extract(data, '$.to')",
    "begins": "unixepoch(substr(at, 1, 19)) * 1000000 + CAST(substr(at, 21, 6) AS INTEGER)",
}
_POSTGRESQL = {"state": "data ->> 'to'", "begins": "CAST(extract(epoch FROM at) * 1000000 AS BIGINT)"}
_WRAP_UP, _MISSED = "state = 'wrap_up'", "ring = 'missed'"


def upgrade() -> None:
    """Apply. Of rings of before nobody knows which the agent missed: none of them counts as missed."""
    op.create_table(
        "agent_spells",
        sa.Column("agent", sa.String(length=16), nullable=False),
        sa.Column("begins_us", sa.BigInteger(), autoincrement=False, nullable=False, comment="µs since 1970"),
        sa.Column(
            "nth", sa.Integer(), autoincrement=False, nullable=False, comment="of those of one instant"
        ),
        sa.Column(
            "ends_us",
            sa.BigInteger(),
            nullable=True,
            comment="where the agent's next begins; none while it goes on",
        ),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column(
            "ring",
            sa.String(length=6),
            nullable=True,
            comment="missed: it began because the agent missed a ring",
        ),
        sa.PrimaryKeyConstraint("agent", "begins_us", "nth"),
        sqlite_with_rowid=False,
    )
    dialect = op.get_bind().dialect.name
    op.execute(_FILL.format(**(_SQLITE if dialect == "sqlite" else _POSTGRESQL)))
    for name, columns, where in (
        ("ix_agent_spells_wrap_up", ["call_id", "agent", "begins_us", "ends_us"], _WRAP_UP),
        ("ix_agent_spells_missed", ["call_id", "agent"], _MISSED),
    ):
        op.create_index(
            name, "agent_spells", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade() -> None:
    """Take back."""
    op.drop_table("agent_spells")
