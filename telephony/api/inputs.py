"""What requests may carry: patterns that keep anything else from the store."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Path, Query
from pydantic import AwareDatetime, Field, StringConstraints

from telephony.config_values import FORMS

PHONE = FORMS["phone"]
WORD = r"^[A-Za-z0-9_.-]{1,40}$"
CALL_ID = r"^[A-Za-z0-9_.-]{1,64}$"
PLAIN = r"^[^\x00-\x1f\x7f]+$"
MAYBE_PLAIN = r"^[^\x00-\x1f\x7f]*$"
OURS = frozenset({"clock", "rules", "survey"})
"""Names under which the service itself decides, asks, opens and closes: no person may go by them."""
MOST_NUMBERS = 20
LARGEST_ID = 2**63 - 1

Instant = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2200, 1, 1, tzinfo=UTC))
]
"""A time with its zone, ISO 8601; far from where calendars end."""

Phone = Annotated[str, StringConstraints(pattern=PHONE)]
Numbers = Annotated[list[Phone], Field(max_length=MOST_NUMBERS)]
Word = Annotated[str, StringConstraints(pattern=WORD)]
CallId = Annotated[str, StringConstraints(pattern=CALL_ID)]
Category = Literal["A", "B", "C", "D"]
Text20 = Annotated[str, StringConstraints(min_length=1, max_length=20, pattern=PLAIN)]
Text40 = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=PLAIN)]
Text60 = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=PLAIN)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
MaybeEmpty = Annotated[str, StringConstraints(max_length=200, pattern=MAYBE_PLAIN)]

AgentPath = Annotated[str, Path(pattern=r"^[0-9]{3,16}$", description="the agent's number")]
PhonePath = Annotated[str, Path(pattern=PHONE, description="a citizen's number, digits with an optional +")]
CallPath = Annotated[str, Path(pattern=CALL_ID, description="the call's id, such as 1795420886.743")]
CasePath = Annotated[str, Path(pattern=WORD, description="the case's number at the case platform")]
RowPath = Annotated[int, Path(ge=1, le=LARGEST_ID)]

PhoneQuery = Annotated[str | None, Query(pattern=PHONE)]
WordQuery = Annotated[str | None, Query(pattern=WORD)]
CallQuery = Annotated[str | None, Query(pattern=CALL_ID)]
TextQuery = Annotated[str | None, Query(min_length=1, max_length=60, pattern=PLAIN)]
CategoryQuery = Annotated[Category | None, Query(description="A to D (Art. 8)")]
RowQuery = Annotated[int | None, Query(ge=1, le=LARGEST_ID)]
EventQuery = Annotated[int | None, Query(ge=0, le=LARGEST_ID)]
TimeQuery = Annotated[Instant | None, Query(description="with a zone: 2026-11-23T08:00:00+08:00")]
Limit = Annotated[int, Query(ge=1, le=1000)]
