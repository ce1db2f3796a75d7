"""leader days."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "leader_days",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("centre", sa.String(length=40), nullable=False),
        sa.Column("seat", sa.String(length=40), nullable=False, comment="by its code in leaders.yaml"),
        sa.Column("leader", sa.String(length=40), nullable=False, comment="by code: who sits there"),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("starts_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column(
            "ends_at", tables.UtcTime(timezone=True), nullable=False, comment="no call is let in from here on"
        ),
        sa.Column("scope", sa.String(length=200), nullable=False, comment="the matters, as announced"),
        sa.Column(
            "topics", sa.JSON(), nullable=False, comment="queues whose callers are taken to the leader"
        ),
        sa.Column(
            "reason", sa.String(length=200), nullable=True, comment="why it is a second one in its month"
        ),
        sa.Column("created_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("opened_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column("opened_by", sa.String(length=40), nullable=True),
        sa.Column("closed_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=40), nullable=True),
        sa.Column(
            "closed_why",
            sa.String(length=200),
            nullable=True,
            comment="why with less than the least time, or before the end",
        ),
        sa.Column("certified_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column("certified_by", sa.String(length=40), nullable=True),
        sa.Column("certificate", sa.JSON(), nullable=True, comment="as it was certified; never changed"),
        sa.Column(
            "played",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="of a demonstration: so many times as fast",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_leader_days_starts_at"), "leader_days", ["starts_at"], unique=False)
    op.create_index(
        "ux_leader_days_open",
        "leader_days",
        ["seat"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "leader_calls",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("day_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("entered_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("entry", sa.String(length=10), nullable=False, comment="screened or direct"),
        sa.Column("screened_by", sa.String(length=16), nullable=True),
        sa.Column("screened_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column("in_scope", sa.Boolean(), nullable=True),
        sa.Column("summary", sa.String(length=500), nullable=True),
        sa.Column(
            "handed_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="the screening agent has sent the citizen on to the leader",
        ),
        sa.Column(
            "sent_off_at",
            tables.UtcTime(timezone=True),
            nullable=True,
            comment="waited as the day ended, and was told so",
        ),
        sa.Column("result", sa.String(length=12), nullable=True, comment="on_the_spot or dispatched"),
        sa.Column("unit", sa.String(length=40), nullable=True),
        sa.Column("case_number", sa.String(length=40), nullable=True),
        sa.Column("result_by", sa.String(length=40), nullable=True),
        sa.Column("result_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column(
            "settled",
            sa.String(length=16),
            nullable=True,
            comment="of who was not reached: called_back or handed_to_unit",
        ),
        sa.Column("settled_by", sa.String(length=40), nullable=True),
        sa.Column("settled_at", tables.UtcTime(timezone=True), nullable=True),
        sa.Column(
            "settled_call",
            sa.String(length=64),
            nullable=True,
            comment="the call by which the citizen was called back",
        ),
        sa.Column("settled_note", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["day_id"], ["leader_days.id"]),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index(op.f("ix_leader_calls_case_number"), "leader_calls", ["case_number"], unique=False)
    op.create_index(op.f("ix_leader_calls_day_id"), "leader_calls", ["day_id"], unique=False)
    op.create_table(
        "leader_notices",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("day_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False, comment="of the day, from 1"),
        sa.Column(
            "kind",
            sa.String(length=12),
            nullable=False,
            comment="published, postponed, substituted, cancelled",
        ),
        sa.Column("published_at", tables.UtcTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("content", sa.JSON(), nullable=False, comment="what was announced; never changed"),
        sa.ForeignKeyConstraint(["day_id"], ["leader_days.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("day_id", "nth"),
    )
    op.create_table(
        "leader_stretches",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("day_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "began_at",
            tables.UtcTime(timezone=True),
            nullable=False,
            comment="the seat's phone was there from here on",
        ),
        sa.Column("seen_at", tables.UtcTime(timezone=True), nullable=False, comment="and here it was still"),
        sa.Column("ended_at", tables.UtcTime(timezone=True), nullable=True, comment="here it was gone"),
        sa.ForeignKeyConstraint(["day_id"], ["leader_days.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ux_leader_stretches_on",
        "leader_stretches",
        ["day_id"],
        unique=True,
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    # A centre's code and a month: `leader-day-due`.
    with op.batch_alter_table("alarms") as batch:
        batch.alter_column(
            "subject", existing_type=sa.String(length=40), type_=sa.String(length=60), existing_nullable=False
        )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("alarms") as batch:
        batch.alter_column(
            "subject", existing_type=sa.String(length=60), type_=sa.String(length=40), existing_nullable=False
        )
    op.drop_index(
        "ux_leader_stretches_on",
        table_name="leader_stretches",
        sqlite_where=sa.text("ended_at IS NULL"),
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.drop_table("leader_stretches")
    op.drop_table("leader_notices")
    op.drop_index(op.f("ix_leader_calls_day_id"), table_name="leader_calls")
    op.drop_index(op.f("ix_leader_calls_case_number"), table_name="leader_calls")
    op.drop_table("leader_calls")
    op.drop_index(
        "ux_leader_days_open",
        table_name="leader_days",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.drop_index(op.f("ix_leader_days_starts_at"), table_name="leader_days")
    op.drop_table("leader_days")
