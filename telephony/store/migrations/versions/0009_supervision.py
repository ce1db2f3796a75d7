"""supervision."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "supervisions",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="the room's number comes of it",
        ),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("supervisor", sa.String(length=16), nullable=False),
        sa.Column("agent", sa.String(length=16), nullable=False, comment="who is supervised"),
        sa.Column("leg_id", sa.String(length=64), nullable=False, comment="the supervisor's; chosen by us"),
        sa.Column("agent_leg", sa.String(length=64), nullable=False),
        sa.Column("citizen_leg", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("ordered_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("answered_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column(
            "taken_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="the citizen was taken over",
        ),
        sa.Column("ended_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(length=20), nullable=True),
        sa.Column(
            "changes",
            sa.JSON(),
            nullable=False,
            comment="what was done, by whom and when, in order",
        ),
        sa.Column(
            "worker", sa.String(length=32), nullable=False, comment="the installation whose switch it is on"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_supervisions_call_id"), "supervisions", ["call_id"], unique=False)
    op.create_index("ix_supervisions_ordered_at", "supervisions", ["ordered_at"], unique=False)
    op.create_index(
        "ux_supervisions_live",
        "supervisions",
        ["supervisor"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
