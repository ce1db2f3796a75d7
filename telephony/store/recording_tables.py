"""The tables of recordings: what there is, when it was silenced and by whom, and who listened to it.

`recording_accesses` is append-only: it tells who heard what, and is never changed.
"""

from typing import Any

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


recordings = sa.Table(
    "recordings",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True, comment="its name for people"),
    sa.Column("name", sa.String(100), nullable=False, comment="as the switch wrote it, below var/recordings"),
    sa.Column("place", sa.String(32), nullable=False, comment="the installation on whose disk it is"),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("leg_id", sa.String(64)),
    sa.Column("kind", sa.String(12), nullable=False, comment="call, reason, three_way"),
    sa.Column("day", sa.Date, nullable=False, comment="in Shanghai"),
    sa.Column("recorded_at", UtcTime, nullable=False, comment="when it began, the switch's own time"),
    sa.Column("state", sa.String(8), nullable=False, comment="open, sealed, deleted"),
    sa.Column("sealed_at", UtcTime),
    sa.Column("size", sa.BigInteger, comment="bytes of sound, not of what is on the disk"),
    sa.Column("sha256", sa.String(64), comment="of the sound, not of what is on the disk"),
    sa.Column("key_id", sa.String(40), comment="with which it is encrypted; none: it is plain"),
    sa.Column("finding", sa.String(10), comment="of the last look: missing, damaged; none: as it should be"),
    sa.Column("checked_at", UtcTime),
    sa.Column("hold_by", sa.String(40)),
    sa.Column("hold_why", sa.String(200)),
    sa.Column("hold_at", UtcTime),
    sa.Column("hold_until", UtcTime, comment="none: until it is released"),
    sa.Column("deleted_at", UtcTime),
    sa.Column("deleted_by", sa.String(40), comment="a person, or rules"),
    sa.Column("deleted_why", sa.String(200)),
    sa.Column(
        "to_unlink",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="what is no longer wanted on the disk is still to go: committed first, then done",
    ),
    sa.UniqueConstraint("name", "place"),
    sa.Index("ix_recordings_recorded_at", "recorded_at"),
    sa.Index("ix_recordings_open", "id", **_where("state = 'open'")),
    sa.Index("ix_recordings_to_unlink", "id", **_where("to_unlink")),
)

recording_pauses = sa.Table(
    "recording_pauses",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("place", sa.String(32), nullable=False, comment="the installation whose switch it is"),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(40), nullable=False),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False, comment="when it ends by itself"),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_by", sa.String(40), comment="a person; limit, call, switch"),
    sa.Column("heard_at", UtcTime, comment="when the switch recorded again, or the call was over"),
    sa.Index("ux_recording_pauses_open", "call_id", unique=True, **_where("ended_at IS NULL")),
    sa.Index("ix_recording_pauses_unsettled", "id", **_where("heard_at IS NULL")),
)

recording_accesses = sa.Table(
    "recording_accesses",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("recording_id", serial, sa.ForeignKey("recordings.id"), nullable=False, index=True),
    sa.Column("at", UtcTime, nullable=False, index=True),
    sa.Column("what", sa.String(12), nullable=False, comment="play, export, hold, release, delete"),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("role", sa.String(12), nullable=False, comment="agent, supervisor, rules"),
    sa.Column("why", sa.String(200), nullable=False),
)

recording_disks = sa.Table(
    "recording_disks",
    metadata,
    sa.Column("place", sa.String(32), primary_key=True, comment="the installation"),
    sa.Column("mark", sa.String(40), nullable=False, comment="in the disk's .recordings-are-here"),
    sa.Column("known_at", UtcTime, nullable=False),
)
