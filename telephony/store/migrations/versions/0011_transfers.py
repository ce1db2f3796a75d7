"""transfers."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None
_LIVE = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "transfers",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="also the place's number",
        ),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column(
            "worker", sa.String(length=32), nullable=False, comment="the installation whose switch it is on"
        ),
        sa.Column("kind", sa.String(length=8), nullable=False, comment="agent, queue, unit, centre"),
        sa.Column(
            "target", sa.String(length=40), nullable=False, comment="number, name or code, as asked for"
        ),
        sa.Column("mode", sa.String(length=8), nullable=False, comment="blind, attended"),
        sa.Column(
            "agent", sa.String(length=16), nullable=True, comment="the agent who is rung, if it is one"
        ),
        sa.Column(
            "queue",
            sa.String(length=40),
            nullable=True,
            comment="the queue in which the citizen waits, if it is one",
        ),
        sa.Column("from_agent", sa.String(length=16), nullable=False),
        sa.Column("from_leg", sa.String(length=64), nullable=False),
        sa.Column("citizen_leg", sa.String(length=64), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column(
            "wish",
            sa.String(length=10),
            nullable=True,
            comment="complete or cancel, if a person asked for it",
        ),
        sa.Column("wish_by", sa.String(length=40), nullable=True),
        sa.Column("cause", sa.String(length=40), nullable=True, comment="why it did not come about"),
        sa.Column(
            "answered_by",
            sa.String(length=16),
            nullable=True,
            comment="the agent who has the citizen after it",
        ),
        sa.Column("started_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column(
            "moved_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="the switch's own time of the first step",
        ),
        sa.Column("ended_at", tables.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_transfers_started_at", "transfers", ["started_at"], unique=False)
    op.create_index(
        "ux_transfers_live",
        "transfers",
        ["call_id"],
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index("ux_transfers_live", table_name="transfers", sqlite_where=_LIVE, postgresql_where=_LIVE)
    op.drop_index("ix_transfers_started_at", table_name="transfers")
    op.drop_table("transfers")
