"""recording_disks."""

import sqlalchemy as sa
from alembic import op

from telephony.store.tables import UtcTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "recording_disks",
        sa.Column("place", sa.String(length=32), nullable=False, comment="the installation"),
        sa.Column("mark", sa.String(length=40), nullable=False, comment="in the disk's .recordings-are-here"),
        sa.Column("known_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("place"),
    )
