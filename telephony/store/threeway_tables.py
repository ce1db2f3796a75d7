"""The tables of three-way calls: units, who is asked, who is in the room, and what came of it.

Partial unique indexes hold what must never be: two three-way calls on one call, two asks at once that ring
one number, two open returns to one number.
"""

from typing import Any

import sqlalchemy as sa

from telephony.store.tables import UtcTime, metadata, serial


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


units = sa.Table(
    "units",
    metadata,
    sa.Column("code", sa.String(40), primary_key=True),
    sa.Column("short_code", sa.String(6), nullable=False, unique=True, comment="dialled on an agent's phone"),
    sa.Column("name", sa.String(60), nullable=False),
    sa.Column("level", sa.String(12), nullable=False, comment="city, county, township, village (Art. 5)"),
    sa.Column("district", sa.String(40)),
    sa.Column("kind", sa.String(12), nullable=False, comment="unit or emergency"),
    sa.Column("contacts", sa.JSON, nullable=False, comment="in the order of trying, with their duty hours"),
    sa.Column("updated_at", UtcTime, nullable=False),
)

ordered_legs = sa.Table(
    "ordered_legs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True, comment="chosen by us: the switch's channel id"),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("role", sa.String(10), nullable=False, comment="unit, agent, supervisor"),
    sa.Column("party", sa.String(40), nullable=False, comment="the unit's code, or the agent's number"),
    sa.Column("ordered_at", UtcTime, nullable=False),
)

stays = sa.Table(
    "stays",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("leg_id", sa.String(64), nullable=False),
    sa.Column("bridge", sa.String(40), nullable=False, comment="who is in the same one hear each other"),
    sa.Column("entered_at", UtcTime, nullable=False, comment="the switch's own time"),
    sa.Column("left_at", UtcTime),
    sa.UniqueConstraint("leg_id", "entered_at"),
    sa.Index("ix_stays_open", "leg_id", **_where("left_at IS NULL")),
)

three_ways = sa.Table(
    "three_ways",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True, comment="also the conference's number"),
    sa.Column("call_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(12), nullable=False, comment="three_way, emergency, coordination (Art. 12)"),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("agent", sa.String(16), comment="whose it is now"),
    sa.Column("centre", sa.String(40)),
    sa.Column("case_number", sa.String(40)),
    sa.Column("matter", sa.String(200), nullable=False),
    sa.Column("citizen_name", sa.String(40)),
    sa.Column("confidential", sa.Boolean, nullable=False, comment="the unit gets neither number nor name"),
    sa.Column("demo", sa.Boolean, nullable=False, comment="of `hotline demo`: in no figures"),
    sa.Column("worker", sa.String(32), nullable=False, comment="the installation whose switch it is on"),
    sa.Column("started_at", UtcTime, nullable=False),
    sa.Column("ended_at", UtcTime),
    sa.Column("ended_why", sa.String(40)),
    sa.Column("result", sa.String(20), comment="answered_on_spot, dispatched (Art. 8)"),
    sa.Column("result_at", UtcTime),
    sa.Column("result_by", sa.String(40)),
    sa.Column("note", sa.String(500)),
    sa.Index("ux_three_ways_live", "call_id", unique=True, **_where("ended_at IS NULL")),
    sa.Index("ix_three_ways_open", "worker", **_where("ended_at IS NULL")),
    sa.Index("ix_three_ways_started_at", "started_at"),
)

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("three_way_id", sa.BigInteger, sa.ForeignKey("three_ways.id"), primary_key=True),
    sa.Column("leg_id", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(10), nullable=False, comment="citizen, agent, unit, supervisor"),
    sa.Column("party", sa.String(40), nullable=False),
    sa.Column("state", sa.String(10), nullable=False, comment="ringing, present, gone"),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("muted", sa.Boolean, nullable=False),
    sa.Column("since", UtcTime, nullable=False),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.String(24), primary_key=True, comment="the three-way call's id and a count"),
    sa.Column("three_way_id", sa.BigInteger, sa.ForeignKey("three_ways.id"), nullable=False, index=True),
    sa.Column("unit", sa.String(40), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False, comment="consult, at_once"),
    sa.Column("part", sa.String(12), comment="in a coordination conference: lead, supporting (Art. 12)"),
    sa.Column("emergency", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("invited_at", UtcTime, nullable=False),
    sa.Column("invited_by", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(12), comment="accepted, refused, missed, engaged, withdrawn, failed"),
    sa.Column("decided_at", UtcTime),
    sa.Column("reason", sa.String(40), comment="of a refusal"),
    sa.Column("leg_id", sa.String(64), comment="of who accepted"),
    sa.Column("answered_on_spot", sa.Boolean),
    sa.Index("ix_invitations_invited_at", "invited_at"),
)

asks = sa.Table(
    "asks",
    metadata,
    sa.Column("leg_id", sa.String(64), primary_key=True, comment="chosen by us: the switch's channel id"),
    sa.Column("invitation_id", sa.String(24), sa.ForeignKey("invitations.id"), nullable=False, index=True),
    sa.Column("contact", sa.String(40), nullable=False),
    sa.Column("number", sa.String(20), nullable=False),
    sa.Column("trunk", sa.String(40), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("asked_at", UtcTime, nullable=False),
    sa.Column("alerted_at", UtcTime),
    sa.Column("answered_at", UtcTime),
    sa.Column("decided_at", UtcTime, comment="a key was pressed"),
    sa.Column("ended_at", UtcTime),
    sa.Column("cause", sa.Integer, comment="Q.850"),
    sa.Column("sip_code", sa.Integer),
    sa.Column("reason", sa.String(40)),
    sa.Column(
        "exclusive",
        sa.Boolean,
        nullable=False,
        server_default=sa.true(),
        comment="one line: an emergency's number has many",
    ),
    sa.Index("ux_asks_live_number", "number", unique=True, **_where("ended_at IS NULL AND exclusive")),
)

dispatches = sa.Table(
    "dispatches",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("three_way_id", sa.BigInteger, sa.ForeignKey("three_ways.id"), nullable=False),
    sa.Column("unit", sa.String(40), nullable=False),
    sa.Column("case_number", sa.String(40)),
    sa.Column("dispatched_at", UtcTime, nullable=False),
    sa.Column("due_at", UtcTime, nullable=False, comment="4 clock hours after (Art. 8, A)"),
    sa.Column("why", sa.String(40), nullable=False),
    sa.Column("closed_at", UtcTime, comment="the unit has answered on the spot after all"),
    sa.UniqueConstraint("three_way_id", "unit"),
    sa.Index("ix_dispatches_due_at", "due_at"),
)

roll_calls = sa.Table(
    "roll_calls",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("three_way_id", sa.BigInteger, sa.ForeignKey("three_ways.id"), nullable=False, index=True),
    sa.Column("at", UtcTime, nullable=False),
    sa.Column("called_by", sa.String(40), nullable=False),
    sa.Column("present", sa.JSON, nullable=False),
    sa.Column("absent", sa.JSON, nullable=False),
)

returns = sa.Table(
    "returns",
    metadata,
    sa.Column("id", serial, primary_key=True, autoincrement=True),
    sa.Column("number", sa.String(40), nullable=False),
    sa.Column("call_id", sa.String(64), nullable=False, comment="the call that was lost"),
    sa.Column("centre", sa.String(40)),
    sa.Column("why", sa.String(20), nullable=False),
    sa.Column("opened_at", UtcTime, nullable=False),
    sa.Column("closed_at", UtcTime),
    sa.Column("closed_by", sa.String(40)),
    sa.Column("note", sa.String(500)),
    sa.Column("queue", sa.String(40), comment="whose agents call back"),
    sa.Column("since", UtcTime, comment="when the lost call arrived: the place in the line"),
    sa.Column("next_at", UtcTime, comment="no call before; none while one is under way, or a person's turn"),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0", comment="calls that were used"),
    sa.Column("given_up_at", UtcTime, comment="from here on it is a person's"),
    sa.Column("given_up_why", sa.String(20)),
    sa.Column("closed_call", sa.String(64), comment="in which the citizen talked with an agent"),
    sa.Column("renewed_at", UtcTime, comment="begun anew: it is too old so long after this"),
    sa.Index("ux_returns_open", "number", unique=True, **_where("closed_at IS NULL")),
    sa.Index("ix_returns_opened_at", "opened_at"),
    sa.Index("ix_returns_next_at", "next_at", **_where("closed_at IS NULL")),
    sa.Index("ix_returns_call_id", "call_id"),
)
