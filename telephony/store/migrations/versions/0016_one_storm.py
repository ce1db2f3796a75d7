"""one storm: an index holds that at most one is on."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Those whose time has passed were left as they were, and two services may have declared one each: the
    # newest stays.
    op.execute(
        "UPDATE storms SET off_at = ends_at WHERE off_at IS NULL"
        " AND id < (SELECT max(id) FROM storms WHERE off_at IS NULL)"
    )
    always = "always 1: of those on at most one"
    op.add_column(
        "storms", sa.Column("one", sa.Integer(), server_default="1", nullable=False, comment=always)
    )
    standing = sa.text("off_at IS NULL")
    op.create_index(
        "ux_storms_on",
        "storms",
        ["one"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index("ux_storms_on", table_name="storms")
    op.drop_column("storms", "one")
