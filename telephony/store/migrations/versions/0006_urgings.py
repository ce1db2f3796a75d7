"""urgings."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "urgings",
        sa.Column("call_id", sa.String(length=64), nullable=False, comment="a call urges one case, and once"),
        sa.Column("case_number", sa.String(length=40), nullable=False),
        sa.Column("at", tables.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id"),
    )
    op.create_index(op.f("ix_urgings_case_number"), "urgings", ["case_number"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_urgings_case_number"), table_name="urgings")
    op.drop_table("urgings")
