"""notices and storms."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ON = sa.text("off_at IS NULL")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "notices",
        sa.Column("id", tables.serial, autoincrement=True, nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False, comment="whose callers hear it"),
        sa.Column("text", sa.String(length=200), nullable=True, comment="spoken; or"),
        sa.Column("prompt", sa.String(length=40), nullable=True, comment="a name of prompts.yaml"),
        sa.Column("why", sa.String(length=200), nullable=True),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("starts_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("ends_at", tables.UtcTime(timezone=True), nullable=False, comment="it passes by itself"),
        sa.Column(
            "off_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="switched off, or tidied away after its time",
        ),
        sa.Column("off_by", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(text IS NULL) <> (prompt IS NULL)", name="ck_notices_one_sound"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_notices_starts_at"), "notices", ["starts_at"], unique=False)
    op.create_index("ux_notices_on", "notices", ["number"], unique=True, sqlite_where=ON, postgresql_where=ON)
    op.create_table(
        "storms",
        sa.Column("id", tables.serial, autoincrement=True, nullable=False),
        sa.Column("why", sa.String(length=200), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("starts_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("ends_at", tables.UtcTime(timezone=True), nullable=False, comment="it passes by itself"),
        sa.Column(
            "off_at", tables.UtcTime(timezone=True), nullable=True, comment="ended by a person, or replaced"
        ),
        sa.Column("off_by", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_storms_starts_at"), "storms", ["starts_at"], unique=False)
    op.add_column(
        "calls",
        sa.Column(
            "notice", tables.serial, nullable=True, comment="the notice that was played to the citizen"
        ),
    )
    op.add_column(
        "calls",
        sa.Column(
            "notice_stage",
            sa.String(length=8),
            nullable=True,
            comment="begun, heard (to its end), passed (on to a person)",
        ),
    )
    op.create_index(op.f("ix_calls_notice"), "calls", ["notice"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_calls_notice"), table_name="calls")
    op.drop_column("calls", "notice_stage")
    op.drop_column("calls", "notice")
    op.drop_index(op.f("ix_storms_starts_at"), table_name="storms")
    op.drop_table("storms")
    op.drop_index("ux_notices_on", table_name="notices", sqlite_where=ON, postgresql_where=ON)
    op.drop_index(op.f("ix_notices_starts_at"), table_name="notices")
    op.drop_table("notices")
