"""The tables of what is known of a bad day: notices that callers hear, and storms.

Partial unique indexes hold what must never be: two notices that are on for one number, and two storms.
"""

from typing import Any

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("number", sa.String(20), nullable=False, comment="whose callers hear it"),
    sa.Column("text", sa.String(200), comment="spoken; or"),
    sa.Column("prompt", sa.String(40), comment="a name of prompts.yaml"),
    sa.Column("why", sa.String(200)),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("starts_at", UtcTime, nullable=False, index=True),
    sa.Column("ends_at", UtcTime, nullable=False, comment="it passes by itself"),
    sa.Column("off_at", UtcTime, comment="switched off, or tidied away after its time"),
    sa.Column("off_by", sa.String(40)),
    sa.CheckConstraint("(text IS NULL) <> (prompt IS NULL)", name="ck_notices_one_sound"),
    sa.Index("ux_notices_on", "number", unique=True, **_where("off_at IS NULL")),
)

storms = sa.Table(
    "storms",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("why", sa.String(200), nullable=False),
    sa.Column("by", sa.String(40), nullable=False),
    sa.Column("starts_at", UtcTime, nullable=False, index=True),
    sa.Column("ends_at", UtcTime, nullable=False, comment="it passes by itself"),
    sa.Column("off_at", UtcTime, comment="ended by a person, or replaced"),
    sa.Column("off_by", sa.String(40)),
    sa.Column(
        "one", sa.Integer, nullable=False, server_default="1", comment="always 1: of those on at most one"
    ),
    sa.Index("ux_storms_on", "one", unique=True, **_where("off_at IS NULL")),
)
