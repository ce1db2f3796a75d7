"""call_rating."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "calls",
        sa.Column(
            "rating",
            sa.String(length=1),
            nullable=True,
            comment="the key by which the caller rated the service",
        ),
    )
