"""returns."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    time = tables.UtcTime(timezone=True)
    columns: tuple[sa.Column[object], ...] = (
        sa.Column("queue", sa.String(length=40), nullable=True, comment="whose agents call back"),
        sa.Column("since", time, nullable=True, comment="when the lost call arrived: the place in the line"),
        sa.Column(
            "next_at",
            time,
            nullable=True,
            comment="no call before; none while one is under way, or a person's turn",
        ),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False, comment="calls that were used"),
        sa.Column("given_up_at", time, nullable=True, comment="from here on it is a person's"),
        sa.Column("given_up_why", sa.String(length=20), nullable=True),
        sa.Column(
            "closed_call",
            sa.String(length=64),
            nullable=True,
            comment="in which the citizen talked with an agent",
        ),
    )
    for column in columns:
        op.add_column("returns", column)
    op.execute("UPDATE returns SET since = opened_at")
    open_ones = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_returns_next_at", "returns", ["next_at"], sqlite_where=open_ones, postgresql_where=open_ones
    )
    op.create_index("ix_returns_call_id", "returns", ["call_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_returns_call_id", table_name="returns")
    op.drop_index("ix_returns_next_at", table_name="returns")
    for name in ("closed_call", "given_up_why", "given_up_at", "tries", "next_at", "since", "queue"):
        op.drop_column("returns", name)
