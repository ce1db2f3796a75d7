"""refusals."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "refusals",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False, comment="one of the five of Art. 4"),
        sa.Column("agent", sa.String(length=16), nullable=False, comment="who had the citizen"),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column(
            "at",
            tables.UtcTime(timezone=True),
            nullable=False,
            comment="committed before the citizen is moved",
        ),
        sa.Column("citizen_leg", sa.String(length=64), nullable=False),
        sa.Column("agent_leg", sa.String(length=64), nullable=False),
        sa.Column(
            "recording",
            sa.String(length=100),
            nullable=True,
            comment="the citizen hears the explanation on it",
        ),
        sa.Column(
            "begun_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="when the explanation began to be played",
        ),
        sa.Column(
            "outcome",
            sa.String(length=10),
            nullable=True,
            comment="said, cut_short, not_said; none while it is under way",
        ),
        sa.Column("outcome_at", tables.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_refusals_at", "refusals", ["at"], unique=False)
    op.create_index(op.f("ix_refusals_call_id"), "refusals", ["call_id"], unique=False)
    op.create_index(
        "ux_refusals_open",
        "refusals",
        ["call_id"],
        unique=True,
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(
        "ux_refusals_open",
        table_name="refusals",
        sqlite_where=sa.text("outcome IS NULL"),
        postgresql_where=sa.text("outcome IS NULL"),
    )
    op.drop_index(op.f("ix_refusals_call_id"), table_name="refusals")
    op.drop_index("ix_refusals_at", table_name="refusals")
    op.drop_table("refusals")
