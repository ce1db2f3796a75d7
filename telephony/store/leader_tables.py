"""The tables of leader hotline days (Art. 6): the days, their notices, who called, when the leader sat there.

Partial unique indexes hold what must never be: two days open at once on one seat, two stretches of one day
that go on.
"""

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, partial_index, serial

leader_days = sa.Table(
    "leader_days",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("centre", sa.String(40), nullable=False),
    sa.Column("seat", sa.String(40), nullable=False, comment="by its code in leaders.yaml"),
    sa.Column("leader", sa.String(40), nullable=False, comment="by code: who sits there"),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("starts_at", UtcTime, nullable=False, index=True),
    sa.Column("ends_at", UtcTime, nullable=False, comment="no call is let in from here on"),
    sa.Column("scope", sa.String(200), nullable=False, comment="the matters, as announced"),
    sa.Column("topics", sa.JSON, nullable=False, comment="queues whose callers are taken to the leader"),
    sa.Column("reason", sa.String(200), comment="why it is a second one in its month"),
    sa.Column("created_at", UtcTime, nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("opened_at", UtcTime),
    sa.Column("opened_by", sa.String(40)),
    sa.Column("closed_at", UtcTime),
    sa.Column("closed_by", sa.String(40)),
    sa.Column("closed_why", sa.String(200), comment="why with less than the least time, or before the end"),
    sa.Column("certified_at", UtcTime),
    sa.Column("certified_by", sa.String(40)),
    sa.Column("certificate", sa.JSON, comment="as it was certified; never changed"),
    sa.Column(
        "played",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="of a demonstration: so many times as fast",
    ),
    sa.Index("ux_leader_days_open", "seat", unique=True, **partial_index("state = 'open'")),
)

leader_notices = sa.Table(
    "leader_notices",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("day_id", serial, sa.ForeignKey("leader_days.id"), nullable=False),
    sa.Column("nth", sa.Integer, nullable=False, comment="of the day, from 1"),
    sa.Column("kind", sa.String(12), nullable=False, comment="published, postponed, substituted, cancelled"),
    sa.Column("published_at", UtcTime, nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(200)),
    sa.Column("content", sa.JSON, nullable=False, comment="what was announced; never changed"),
    sa.UniqueConstraint("day_id", "nth"),
)

leader_calls = sa.Table(
    "leader_calls",
    metadata,
    sa.Column("call_id", sa.String(64), primary_key=True),
    sa.Column("day_id", serial, sa.ForeignKey("leader_days.id"), nullable=False, index=True),
    sa.Column("entered_at", UtcTime, nullable=False),
    sa.Column("entry", sa.String(10), nullable=False, comment="screened or direct"),
    sa.Column("screened_by", sa.String(16)),
    sa.Column("screened_at", UtcTime),
    sa.Column("in_scope", sa.Boolean),
    sa.Column("summary", sa.String(500)),
    sa.Column("handed_at", UtcTime, comment="the screening agent has sent the citizen on to the leader"),
    sa.Column("sent_off_at", UtcTime, comment="waited as the day ended, and was told so"),
    sa.Column("result", sa.String(12), comment="on_the_spot or dispatched"),
    sa.Column("unit", sa.String(40)),
    sa.Column("case_number", sa.String(40), index=True),
    sa.Column("result_by", sa.String(40)),
    sa.Column("result_at", UtcTime),
    sa.Column("settled", sa.String(16), comment="of who was not reached: called_back or handed_to_unit"),
    sa.Column("settled_by", sa.String(40)),
    sa.Column("settled_at", UtcTime),
    sa.Column("settled_call", sa.String(64), comment="the call by which the citizen was called back"),
    sa.Column("settled_note", sa.String(200)),
)

leader_stretches = sa.Table(
    "leader_stretches",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("day_id", serial, sa.ForeignKey("leader_days.id"), nullable=False),
    sa.Column("began_at", UtcTime, nullable=False, comment="the seat's phone was there from here on"),
    sa.Column("seen_at", UtcTime, nullable=False, comment="and here it was still"),
    sa.Column("ended_at", UtcTime, comment="here it was gone"),
    sa.Column("worker", sa.String(32), comment="the installation at whose switch the phone was"),
    sa.Index("ux_leader_stretches_on", "day_id", "worker", unique=True, **partial_index("ended_at IS NULL")),
)
