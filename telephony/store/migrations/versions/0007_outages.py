"""outages."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "outages",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("starts_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("ends_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("declared_at", tables.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_outages_starts_at", "outages", ["starts_at"], unique=False)
    op.create_index(
        "ix_events_agent_states",
        "events",
        ["agent", "at"],
        unique=False,
        sqlite_where=sa.text("kind = 'agent'"),
        postgresql_where=sa.text("kind = 'agent'"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(
        "ix_events_agent_states",
        table_name="events",
        sqlite_where=sa.text("kind = 'agent'"),
        postgresql_where=sa.text("kind = 'agent'"),
    )
    op.drop_index("ix_outages_starts_at", table_name="outages")
    op.drop_table("outages")
