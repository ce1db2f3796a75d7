"""return_renewed."""

import sqlalchemy as sa
from alembic import op

from telephony.store import tables

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    renewed: sa.Column[object] = sa.Column(
        "renewed_at",
        tables.UtcTime(timezone=True),
        nullable=True,
        comment="begun anew: it is too old so long after this",
    )
    op.add_column("returns", renewed)


def downgrade() -> None:
    """Undo."""
    op.drop_column("returns", "renewed_at")
