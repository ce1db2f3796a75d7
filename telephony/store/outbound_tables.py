"""The tables of outbound calls: revisits, attempts, their evidence, decisions, and what follows from them.

Partial unique indexes hold what must never be: two live attempts for one task or to one number, and two
counting attempts of one task in one band of one day.
"""

from typing import Any

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial

LIVE_STATES = ("reserved", "dialling", "ringing")
"""Attempts that hold a channel, or may."""
LIVE = "state IN ('reserved', 'dialling', 'ringing')"


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


revisits = sa.Table(
    "revisits",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("case_number", sa.String(40), sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("numbers", sa.JSON, nullable=False, comment="the citizen's, in the order of trying"),
    sa.Column("replied_at", UtcTime, nullable=False, comment="the unit's completed reply (Art. 13)"),
    sa.Column(
        "contact", sa.String(200), nullable=False, comment="the contact that told the citizen (Art. 13)"
    ),
    sa.Column("due_at", UtcTime, nullable=False, comment="24:00 of the 2nd working day (Art. 16)"),
    sa.Column(
        "next_at", UtcTime, comment="no call before; none while a call is under way or a verdict stands"
    ),
    sa.Column("latest_at", UtcTime, comment="a call after this can lead to nothing: urgent ones go first"),
    sa.Column("ready", sa.Boolean, nullable=False, comment="next_at has come"),
    sa.Column("called_back_at", UtcTime),
    sa.Column("verdict", sa.String(20)),
    sa.Column("decided_at", UtcTime),
    sa.Column("demo", sa.Boolean, nullable=False, comment="of `hotline demo`: in no figures, at any hour"),
    sa.UniqueConstraint("case_number", "round"),
    sa.Index(
        "ix_revisits_waiting", "next_at", "due_at", **_where("verdict IS NULL AND NOT ready AND NOT demo")
    ),
    sa.Index(
        "ix_revisits_ready", "due_at", "latest_at", "id", **_where("verdict IS NULL AND ready AND NOT demo")
    ),
    sa.Index("ix_revisits_open", "due_at", **_where("verdict IS NULL")),
    sa.Index("ix_revisits_demo", "next_at", **_where("verdict IS NULL AND demo")),
    sa.Index("ix_revisits_replied_at", "replied_at"),
    sa.Index("ix_revisits_decided_at", "decided_at"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True, comment="chosen by us: the switch's channel id"),
    sa.Column("campaign", sa.String(20), nullable=False),
    sa.Column("task_id", sa.BigInteger, nullable=False, comment="the campaign's own row"),
    sa.Column("number", sa.String(20), nullable=False),
    sa.Column("trunk", sa.String(40), nullable=False),
    sa.Column("epoch", sa.String(32), nullable=False, comment="the worker that reserved it"),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("reserved_at", UtcTime, nullable=False),
    sa.Column("started_at", UtcTime, comment="'dialling' was committed"),
    sa.Column("latest_end_at", UtcTime, comment="rings no longer than this, whatever happens"),
    sa.Column("ended_at", UtcTime),
    sa.Column("day", sa.String(10), comment="of started_at in Shanghai"),
    sa.Column("band", sa.String(11)),
    sa.Column("counts", sa.Boolean, nullable=False, comment="one of the two calls of Art. 17"),
    sa.Column("alerted", sa.Boolean, nullable=False),
    sa.Column("ring_seconds", sa.Float),
    sa.Column("sip_code", sa.Integer),
    sa.Column("cause", sa.Integer, comment="Q.850"),
    sa.Column("why", sa.String(100)),
    sa.Column("rating", sa.String(20)),
    sa.Column("digest", sa.String(64), comment="SHA-256 of the evidence it was judged by"),
    sa.Column("ended_mono", sa.Float, comment="seconds of a clock that nobody can set"),
    sa.Column("boot", sa.String(36), comment="within which ended_mono can be compared"),
    sa.Index("ux_attempts_live_task", "campaign", "task_id", unique=True, **_where(LIVE)),
    sa.Index("ux_attempts_live_number", "number", unique=True, **_where(LIVE)),
    sa.Index("ux_attempts_counting", "campaign", "task_id", "day", "band", unique=True, **_where("counts")),
    sa.Index("ix_attempts_task", "campaign", "task_id", "reserved_at"),
    sa.Index("ix_attempts_number", "number", "reserved_at"),
    sa.Index("ix_attempts_live", "epoch", **_where(LIVE)),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("attempt_id", sa.String(40), sa.ForeignKey("attempts.id"), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("at", UtcTime, nullable=False, comment="the switch's own time"),
    sa.Column("key", sa.String(60), nullable=False),
    sa.Column("mono", sa.Float),
    sa.Column("boot", sa.String(36), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.UniqueConstraint("attempt_id", "key"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("revisit_id", sa.BigInteger, sa.ForeignKey("revisits.id"), nullable=False, index=True),
    sa.Column("verdict", sa.String(20), nullable=False),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("decided_by", sa.String(40), nullable=False, comment="rules, or who"),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("first_attempt", sa.String(40)),
    sa.Column("second_attempt", sa.String(40)),
    sa.Column("rules_version", sa.String(60), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the round's evidence"),
    sa.Column("facts", sa.JSON, nullable=False, comment="what else it rested on"),
    sa.Column("supersedes", sa.BigInteger, comment="the decision that it makes void"),
)

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("revisit_id", sa.BigInteger, sa.ForeignKey("revisits.id"), nullable=False, index=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("rating", sa.String(20), nullable=False),
    sa.Column("given_to", sa.String(40), nullable=False, comment="survey, or the person who asked"),
    sa.Column("call_id", sa.String(64)),
    sa.Column("note", sa.String(500)),
)

work_items = sa.Table(
    "work_items",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("revisit_id", sa.BigInteger, sa.ForeignKey("revisits.id"), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False, comment="the verdict that needs a person"),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
    sa.Column("closed_by", sa.String(40)),
    sa.Column("result", sa.String(20)),
    sa.Column("note", sa.String(500)),
    sa.Index("ix_work_items_revisit", "revisit_id"),
    sa.Index("ux_work_items_open", "revisit_id", unique=True, **_where("closed_at IS NULL")),
    sa.Index("ix_work_items_opened_at", "opened_at", **_where("closed_at IS NULL")),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("topic", sa.String(30), nullable=False),
    sa.Column("key", sa.String(120), nullable=False, unique=True),
    sa.Column("payload", sa.JSON, nullable=False),
)

no_disturb = sa.Table(
    "no_disturb",
    metadata,
    sa.Column("number", sa.String(20), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("added_at", UtcTime, nullable=False),
    sa.Column("expires_at", UtcTime),
)

dialer = sa.Table(
    "dialer",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.String(200)),
    sa.Column("changed_by", sa.String(40)),
    sa.Column("changed_at", UtcTime),
    sa.Column("rules_version", sa.String(60), comment="for which every next_at was planned"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("epoch", sa.String(32), primary_key=True),
    sa.Column("worker", sa.String(32), nullable=False, comment="an installation; one epoch for each start"),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("seen_at", UtcTime, nullable=False),
)

rule_sets = sa.Table(
    "rule_sets",
    metadata,
    sa.Column("version", sa.String(60), primary_key=True),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)
