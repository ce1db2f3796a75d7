"""Missed-call returns (未接回拨): whom we owe a call back, when, and whose turn it is. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from telephony.rules.bands import Bands, Window, window_at
from telephony.rules.call_story import ABANDONED_LATER, Call
from telephony.rules.numbers import is_subscriber
from telephony.rules.verdict import Finding, Outcome
from telephony.rules.workdays import CHINA, UnknownYearError, WorkCalendar

INTERRUPTED = "interrupted"
OVERFLOW, OVERFLOWED = "overflow", "overflowed"
"""Why a return is owed to whom a full queue let go, and the outcome of that call."""
KEPT = "kept"
"""The citizen pressed the key that keeps a place in the line, and hung up."""
NOT_CALLABLE, NO_DISTURB = "not_callable", "no_disturb"
"""Why a return is a person's from the start: no machine may ring that number; or its owner wants none to."""
_FAILED = frozenset({"unserved", "failed"})
_GAVE_UP = "abandoned"
SATURDAY = 5
LONGEST = datetime.min.replace(tzinfo=UTC)
"""Since when those wait who come before everybody else."""
SOON, LONGEST_SOON, MOST_DOUBLINGS = timedelta(minutes=5), timedelta(hours=1), 4
"""After a fault, which is no attempt: how soon the next call is, doubled with each in a row; the limits."""
_NOTHING = 1e-9
"""What a sum of floating-point numbers may lack."""


def why_owed(call: Call, demo_caller: str) -> str | None:
    """Return why the citizen of an ended call is called back, in one word, or None.

    Who gave up while waiting for a person, also after a talk, is owed a call as well as who was failed by us.
    Nobody is who never
    came to wait, whom the dialer was only ringing, or who withheld the number; nor is the simulated citizen
    of the demo.
    """
    had_us = call.queued_at is not None or call.answered_at is not None
    if call.caller_number in {None, demo_caller} or not had_us:
        return None
    if call.outcome == INTERRUPTED:
        return INTERRUPTED
    if call.outcome == OVERFLOWED:
        return OVERFLOW
    if call.outcome == ABANDONED_LATER:
        return ABANDONED_LATER
    if call.direction != "inbound":
        return None
    return call.outcome if call.outcome in _FAILED or call.outcome == _GAVE_UP else None


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom the dialer may call back: mobile and fixed numbers in mainland China, and none of `ours`.

    A caller may have made the number up: a forged 110, a toll number abroad or a number of ours would else be
    rung by us, several times. `played` is the demonstration's citizen, whom the demonstration answers.
    """

    ours: frozenset[str] = frozenset()
    played: str = ""

    def includes(self, number: str | None) -> bool:
        """Tell it of a number in the one form (rules/numbers.py); None where it was withheld."""
        if not number or number in self.ours:
            return False
        return number == self.played or is_subscriber(number)


MAINLAND = Reach()
"""Every subscriber of the mainland."""


@dataclass(frozen=True, slots=True)
class ReturnRules:
    """When and how often a citizen is called back; bands are parts of a day in Shanghai."""

    working_days: Bands
    other_days: Bands
    attempts: int
    spacing: timedelta
    give_up_after: timedelta


def hours(now: datetime, rules: ReturnRules, calendar: WorkCalendar) -> Window | None:
    """Return the calling hours in which `now` lies, or None."""
    day = now.astimezone(CHINA).date()
    try:
        working = calendar.is_working_day(day)
    except UnknownYearError:  # no reason to call nobody
        working = day.weekday() < SATURDAY
    return window_at(now, rules.working_days if working else rules.other_days)


@dataclass(frozen=True, slots=True)
class After:
    """What follows from an attempt: when the next one is, or why it is a person's turn; `used`: it counts."""

    next_at: datetime | None
    used: bool
    why: str = ""


def after(found: Finding, tries: int, now: datetime, rules: ReturnRules, faults: int = 0) -> After:
    """Return what follows from an attempt that led to no talk.

    `tries` were used before it, and just before it were `faults` in a row. A fault of ours, of the trunk or
    of the network is no attempt at all, and is tried again soon. What became of one is perhaps unknown, but
    it may have rung: it is used, and never called unanswered.
    """
    if found.outcome is Outcome.INVALID_NUMBER:
        return After(None, used=True, why=Outcome.INVALID_NUMBER.value)
    if found.unsent or found.silent or found.outcome is Outcome.FAILED:
        soon = min(SOON * (1 << min(faults, MOST_DOUBLINGS)), LONGEST_SOON, rules.spacing)
        return After(now + soon, used=False)
    if tries + 1 >= rules.attempts:
        return After(None, used=True, why="attempts")
    return After(now + rules.spacing, used=True)


@dataclass(frozen=True, slots=True)
class OnLine:
    """A citizen who waits on the line, or whom we have rung already: needs an agent of `queue`.

    The agents of `helpers`, other queues, may serve the citizen as well; `ringing`: one rings already.
    """

    queue: str
    since: datetime
    priority: int = 0
    call_id: str = ""
    helpers: frozenset[str] = frozenset()
    ringing: bool = False

    def before(self, owed: "Owed") -> bool:
        """Tell whether this one goes first: has waited as long, or is more urgent."""
        return self.since <= owed.since or self.priority > owed.priority


@dataclass(frozen=True, slots=True)
class Owed:
    """A return that may be called now; `since` is when the lost call arrived, `priority` what it had."""

    id: int
    queue: str
    since: datetime
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """It is a return's turn, with this agent."""

    return_id: int
    agent: str


@dataclass(frozen=True, slots=True)
class Share:
    """How large a part of the agents' turns returns may have while somebody on the line waits for them.

    `saved` is for each queue what its agents' turns on the line have earned its returns: what the last one
    did at most, so that a quiet hour does not let many go first in a row. A queue that is not there has one.
    """

    part: float = 1.0
    saved: Mapping[str, float] = field(default_factory=dict)


def turns(
    owed: Iterable[Owed],
    on_line: Iterable[OnLine],
    free: Mapping[str, Mapping[str, int]],
    share: Share = Share(),
) -> tuple[list[Turn], Share]:
    """Return for which returns an agent is left over, by the order of arrival, and what is saved then.

    `free` are agents who are ready, each with the penalty of each queue that they serve. Who has waited
    longer takes an agent first: a citizen on the line before one of the same moment who is called back, and
    who is more urgent before either. Of agents whom somebody who came later would get now, returns have their
    share and no more: a morning's backlog holds up nobody for hours who calls now.
    """
    agents = _Agents(free, share)
    waiting, found = sorted(on_line, key=lambda each: (-each.priority, each.since, each.call_id)), []
    for each in sorted(owed, key=lambda each: each.since):
        if not agents.best(each.queue):
            continue
        for caller in (caller for caller in waiting if caller.before(each)):
            agents.serve(caller)
        waiting = [caller for caller in waiting if not caller.before(each)]
        agent = agents.call_back(each.queue, waiting)
        if agent:
            found.append(Turn(each.id, agent))
        if not agents.left:
            break
    return found, Share(share.part, agents.saved)


class _Agents:
    """Who of those who are free has got nobody yet."""

    def __init__(self, free: Mapping[str, Mapping[str, int]], share: Share) -> None:
        self.left, self._part, self.saved = dict(free), share.part, dict(share.saved)
        self._earns = share.part / (1 - share.part) if share.part < 1 else 0.0

    def best(self, queue: str, among: Iterable[str] | None = None) -> str:
        able = [agent for agent in (self.left if among is None else among) if queue in self.left[agent]]
        return min(able, key=lambda agent: (self.left[agent][queue], agent), default="")

    def serve(self, caller: OnLine) -> None:
        """Let somebody on the line have an agent, if there is one."""
        agent = self._for(caller, self.left)
        if agent:
            self._save(agent, self._earns)
        self.left.pop(agent, None)

    def call_back(self, queue: str, waiting: list[OnLine]) -> str:
        """Let a return have an agent; return whom, or nothing.

        Those on the line who came later go first as long as the share is used up; who is served leaves
        `waiting`.
        """
        while able := self.best(queue):
            wanted = self._wanted(waiting)
            spare = self.best(queue, (agent for agent in self.left if agent not in wanted))
            agent = spare or (able if self._part >= 1 or self._may_go_first(queue) else "")
            if agent:
                if not spare and self._part < 1:
                    self._save(agent, -1.0)
                del self.left[agent]
                return agent
            self.serve(waiting.pop(waiting.index(next(iter(wanted.values())))))
        return ""

    def _may_go_first(self, queue: str) -> bool:
        return self._part > 0 and self.saved.get(queue, 1.0) >= 1.0 - _NOTHING

    def _save(self, agent: str, turns: float) -> None:
        for queue in self.left[agent]:
            self.saved[queue] = min(max(1.0, self._earns), self.saved.get(queue, 1.0) + turns)

    def _wanted(self, waiting: Iterable[OnLine]) -> dict[str, OnLine]:
        """Return who of those left would serve whom on the line."""
        wanted: dict[str, OnLine] = {}
        for caller in waiting:
            agent = self._for(caller, [agent for agent in self.left if agent not in wanted])
            if agent:
                wanted[agent] = caller
            if len(wanted) == len(self.left):
                break
        return wanted

    def _for(self, caller: OnLine, among: Iterable[str]) -> str:
        agents = list(among)
        own = self.best(caller.queue, agents)
        return own or next((agent for queue in caller.helpers if (agent := self.best(queue, agents))), "")
