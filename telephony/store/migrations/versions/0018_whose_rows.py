"""whose rows: agents, calls and stretches of presence name their installation; an alarm stands once."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_NOW = {"sqlite": "strftime('%Y-%m-%d %H:%M:%f000', 'now')", "postgresql": "CURRENT_TIMESTAMP"}
_LET_YOUNGER_GO = """
UPDATE alarms SET acknowledged_at = {now} WHERE acknowledged_at IS NULL AND id NOT IN
 (SELECT min(id) FROM alarms WHERE acknowledged_at IS NULL GROUP BY kind, subject)
"""
_END_ELDER = """
UPDATE leader_stretches SET ended_at = seen_at WHERE ended_at IS NULL AND id NOT IN
 (SELECT max(id) FROM leader_stretches WHERE ended_at IS NULL GROUP BY day_id)
"""


def upgrade() -> None:
    """Apply. Nobody knows whose the rows of before are: who finds them takes them up."""
    where = "the installation where the agent was at work last"
    op.add_column("agents", sa.Column("worker", sa.String(length=32), nullable=True, comment=where))
    where = "the installation whose switch it is on"
    op.add_column("calls", sa.Column("worker", sa.String(length=32), nullable=True, comment=where))
    where = "the installation at whose switch the phone was"
    op.add_column("leader_stretches", sa.Column("worker", sa.String(length=32), nullable=True, comment=where))
    _on(["day_id", "worker"])
    # Two services may have raised one each: the elder stays, the younger is closed as if somebody had seen it.
    op.execute(_LET_YOUNGER_GO.format(now=_NOW[op.get_bind().dialect.name]))
    standing = sa.text("acknowledged_at IS NULL")
    op.create_index(
        "ux_alarms_standing",
        "alarms",
        ["kind", "subject"],
        unique=True,
        sqlite_where=standing,
        postgresql_where=standing,
    )


def downgrade() -> None:
    """Take back. Of stretches of one day that go on the newest does; the others end where they were seen."""
    op.drop_index("ux_alarms_standing", table_name="alarms")
    op.execute(_END_ELDER)
    _on(["day_id"])
    op.drop_column("leader_stretches", "worker")
    op.drop_column("calls", "worker")
    op.drop_column("agents", "worker")


def _on(columns: list[str]) -> None:
    op.drop_index("ux_leader_stretches_on", table_name="leader_stretches")
    goes_on = sa.text("ended_at IS NULL")
    op.create_index(
        "ux_leader_stretches_on",
        "leader_stretches",
        columns,
        unique=True,
        sqlite_where=goes_on,
        postgresql_where=goes_on,
    )
