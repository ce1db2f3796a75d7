"""How a transfer goes on: which state follows which event. Declared here, driven by what is stored.

TABLE is the whole truth; what is not in it changes nothing. Each event is something that the switch's journal
told of the call, or that happened in its three-way call (a transfer to a unit is one). So what became of a
transfer is known after any crash: it follows from evidence that is stored anyhow.
"""

from collections.abc import Mapping
from typing import Literal

from telephony.rules.call_story import Happening

Kind = Literal["agent", "queue", "unit", "centre"]
Mode = Literal["blind", "attended"]
ASKING, RINGING, WAITING, CONSULTING, RETURNING = "asking", "ringing", "waiting", "consulting", "returning"
COMPLETED, FAILED, CANCELLED, ABANDONED = "completed", "failed", "cancelled", "abandoned"
OVER = frozenset({COMPLETED, FAILED, CANCELLED, ABANDONED})
"""Nothing changes any more."""
EVENTS = (
    *("held", "given", "queued", "consulting", "answered", "unreached"),
    *("left", "taken", "kept", "back", "citizen_left"),
)

TABLE: dict[str, dict[str, str]] = {
    # Attended: the citizen hears music, the first agent hears it ring.
    ASKING: {
        "held": ASKING,
        "given": RINGING,
        "consulting": CONSULTING,
        "answered": CONSULTING,
        "unreached": RETURNING,
        "taken": COMPLETED,
        "kept": FAILED,
        "back": RETURNING,
        "citizen_left": ABANDONED,
    },
    # Blind: the citizen hears music until the one to whom the call goes answers; the first agent has gone.
    RINGING: {
        "given": RINGING,
        "answered": COMPLETED,
        "back": RETURNING,
        "citizen_left": ABANDONED,
    },
    # In the other queue, ahead of who has just come.
    WAITING: {
        "queued": WAITING,
        "answered": COMPLETED,
        "back": RETURNING,
        "citizen_left": ABANDONED,
    },
    # Attended: the two speak, the citizen hears music.
    CONSULTING: {
        "taken": COMPLETED,
        "left": RETURNING,
        "kept": FAILED,
        "back": RETURNING,
        "citizen_left": ABANDONED,
    },
    # It failed, or was cancelled: the citizen is on the way back to the first agent, or to anybody.
    RETURNING: {
        "kept": FAILED,
        "answered": FAILED,
        "back": RETURNING,
        "citizen_left": ABANDONED,
    },
    COMPLETED: {},
    FAILED: {},
    CANCELLED: {},
    ABANDONED: {},
}
FIRST: Mapping[tuple[Kind, Mode], str] = {
    ("agent", "blind"): RINGING,
    ("unit", "blind"): RINGING,
    ("queue", "blind"): WAITING,
    ("centre", "blind"): WAITING,
    ("agent", "attended"): ASKING,
    ("unit", "attended"): ASKING,
    ("queue", "attended"): ASKING,
    ("centre", "attended"): ASKING,
}
"""The state in which a transfer begins."""


def first(kind: Kind, mode: Mode, *, outside: bool) -> str:
    """Return the state in which a transfer begins; a centre that is not on this switch is rung at once."""
    return RINGING if outside and mode == "blind" else FIRST[kind, mode]


KINDS = frozenset({"transfer", "answered", "agent_joined", "ring_ended", "ended", "threeway"})
"""Kinds of events that a transfer may follow."""
NO_ANSWER = "no_answer"
_BUSY, _REFUSED = 17, 21
_NOT_THERE = frozenset(
    {"JOINEMPTY", "LEAVEEMPTY", "JOINUNAVAIL", "LEAVEUNAVAIL", "CHANUNAVAIL", "CONGESTION"}
)
_DETAILS: Mapping[str, str] = {"TIMEOUT": NO_ANSWER, "NOANSWER": NO_ANSWER, "BUSY": "busy"}
"""What QUEUESTATUS, or DIALSTATUS of a centre outside, says of why nobody was reached."""
_OF_UNITS: Mapping[tuple[str, str], str] = {
    ("consulted", "consulting"): "consulting",
    ("joined", "talking"): "consulting",
    ("consulted", "left"): "answered",
    ("joined", "left"): "answered",
    ("agent_cut_off", "entrusted"): "given",
    ("leave", "left"): "taken",
    ("agent_left", "left"): "taken",
    ("agent_left", "returned"): "back",
    ("none_left", "returned"): "back",
    ("none_left", "pair"): "kept",
    ("units_left", "pair"): "kept",
    ("units_left", "returned"): "back",
    ("drop_units", "pair"): "kept",
    ("join", "pair"): "",
}
"""What a step of a three-way call, with the state that it leads to, means for the transfer."""


def follow(state: str, event: str, wish: str | None = None) -> str:
    """Return the state after an event; one that means nothing leaves it. What was cancelled did not fail."""
    after = TABLE[state].get(event, state)
    return CANCELLED if after == FAILED and wish == "cancel" else after


def event_of(happening: Happening, transfer_id: int) -> str | None:
    """Return what something that happened in the call means for its transfer, if it means anything."""
    data = happening.data
    if happening.kind == "transfer":
        return str(data.get("word")) if data.get("id") == transfer_id else None
    if happening.kind in {"answered", "agent_joined"}:
        return "answered"
    if happening.kind == "ended":
        return "citizen_left"
    if happening.kind == "threeway":
        return _OF_UNITS.get((str(data.get("what")), str(data.get("to"))))
    return None


def cause_of(happening: Happening) -> str | None:
    """Return why a transfer does not come about, as far as this tells.

    busy, refused, no_answer, not_there, hung_up; of a call that ended who ended it.
    """
    data = happening.data
    if happening.kind == "ring_ended":
        return {_BUSY: "busy", _REFUSED: "refused"}.get(int(data.get("cause") or 0), "no_answer")
    if happening.kind == "transfer" and data.get("word") == "left":
        return "hung_up"
    if happening.kind == "transfer" and data.get("word") in {"unreached", "back"}:
        detail = data.get("detail")
        return "not_there" if detail in _NOT_THERE else _DETAILS.get(str(detail))
    if happening.kind == "ended":
        return "interrupted" if data.get("outcome") == "interrupted" else f"ended_by_{data.get('by')}"
    if happening.kind == "threeway":
        return _UNITS_CAUSES.get(str(data.get("what")))
    return None


_UNITS_CAUSES: Mapping[str, str] = {
    "unit_refused": "refused",
    "unit_missed": "no_answer",
    "unit_engaged": "busy",
    "unit_failed": "not_there",
    "units_left": "hung_up",
}
