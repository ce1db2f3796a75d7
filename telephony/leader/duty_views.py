"""What is told of the monthly obligation, and of whose head should come (Art. 6); times are Shanghai's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from telephony.rules.leader_day import Kind, Standing
from telephony.rules.leader_topics import Because, Hot, What


@dataclass(frozen=True, kw_only=True)
class LeaderName:
    """A leader of leaders.yaml."""

    code: str
    name: str
    post: str
    kind: Kind


@dataclass(frozen=True, kw_only=True)
class DayOfMonth:
    """A leader day in its month. `leader` is a code; the name is None where leaders.yaml has it no more."""

    id: int
    leader: str
    name: str | None
    state: str
    starts_at: datetime


@dataclass(frozen=True, kw_only=True)
class MonthView:
    """A centre's month and who is due in it.

    `leader_by` says how that is known: of a `day` that was entered, suggested by `topics` for the next open
    month, or by `turn` for those behind it. A notice must be out before `notify_before`; from `remind_at` on
    an alarm reminds of it.
    """

    month: str
    state: Standing
    leader: LeaderName | None
    leader_by: str | None
    notify_before: datetime
    remind_at: datetime
    days: Sequence[DayOfMonth]


@dataclass(frozen=True, kw_only=True)
class CentreDuties:
    """What a centre owes. `obstacles` say in words why it cannot be met, `missed` are months without one."""

    centre: str
    name: str
    obstacles: Sequence[str]
    missed: Sequence[str]
    months: Sequence[MonthView]


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Something that citizens call about; `label` is its name in words."""

    what: What
    label: str
    hot: Hot


@dataclass(frozen=True, kw_only=True)
class Suggestion:
    """Whose head should come next, None where nobody can.

    `because` is the reason as a code, `of` the unit or district that it is about, `reasons` the whole reason
    in words: better choices without a leader in leaders.yaml come first. `sat_at` is the leader's last
    session, or the one to come. Topics are of `since` to `until`, the hottest of each kind first; their
    changes are against as many weeks before.
    """

    centre: str
    leader: LeaderName | None
    because: Because
    of: str | None
    sat_at: datetime | None
    reasons: Sequence[str]
    since: datetime
    until: datetime
    topics: Sequence[Topic]
