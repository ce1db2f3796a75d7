"""Where an inbound call goes, and why: facts in, a plan out.

A later feature adds a fact to `Facts` and a rule to `RULES`; the dialplan stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

VERSION = "2026-11"
"""Stored with each decision: which set of rules made it."""


@dataclass(frozen=True)
class NumberFacts:
    """The number that was called; `keys` maps a menu key to a queue."""

    number: str
    centre: str
    queue: str
    priority: int
    keys: Mapping[str, str]


@dataclass(frozen=True)
class Parameters:
    """What the operator may tune (hotline.yaml, `routing`)."""

    priority_open_case: int
    priority_missed_by_us: int
    demo_queue: str
    priority_called_back: int = 0
    demo_line: str = ""
    """A number of ours for the demonstration alone; who else calls it goes to the default queue."""
    demo_hall: str = ""
    """The number of the demonstration's leader day: as `demo_line`, but its queues follow from the day."""
    default_queue: str = ""


@dataclass(frozen=True)
class Incident:
    """A known incident of which callers of a number are told; `prompt` is what the switch plays."""

    id: int
    prompt: str


OPEN: Final = "open"
OVER: Final = "over"
TOLD: Final = "told"
"""A leader's line takes calls; takes none any more, for the day's end has passed; has been put off or called
off, which is told."""


@dataclass(frozen=True)
class LeaderLine:
    """The leader's line to which a caller has found the way, on leader day `day` (Art. 6).

    While it is open they wait in `queue`, and may go on to `normal`. Where it is told of, `first` is the
    prompt that they hear before anything else.
    """

    day: int
    stands: Literal["open", "over", "told"]
    entry: Literal["screened", "direct"] = "screened"
    queue: str = ""
    normal: str = ""
    first: str = ""


@dataclass(frozen=True)
class Facts:
    """All that is known of a call when it is routed. Caller ID never authenticates: it only helps."""

    number: NumberFacts
    key: str = ""
    blacklisted: str | None = None
    open_cases: tuple[str, ...] = ()
    missed_by_us_at: datetime | None = None
    known_agent: str | None = None
    known_agent_ready: bool = False
    demo: bool = False
    revisit: str = ""
    incident: Incident | None = None
    leader: LeaderLine | None = None


@dataclass(frozen=True)
class Plan:
    """What to do with the caller: `agent` rings first if free when the turn comes, else anybody of `queue`.

    A higher priority goes first. `revisit` is the one that the caller may answer by keys instead of waiting
    for a person. `incident` is told before the queue; who hangs up then was answered by it. `urged` is the
    case on which this call counts as urging (催办). `leader` is the leader's line to which the caller is let
    in; `first` a prompt to be played before all else.
    """

    action: Literal["queue", "refuse"]
    queue: str
    priority: int
    agent: str | None = None
    marks: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    revisit: str = ""
    incident: Incident | None = None
    urged: str = ""
    leader: LeaderLine | None = None
    first: str = ""

    @property
    def reason(self) -> str:
        """Return why, in words of codes: `number 12345; key 2 to city-enterprise; …`."""
        return "; ".join((*self.reasons, f"rules {VERSION}"))

    def because(self, reason: str) -> "Plan":
        """Return the plan with one more reason."""
        return replace(self, reasons=(*self.reasons, reason))

    def marked(self, mark: str, priority: int, reason: str) -> "Plan":
        """Return the plan with a mark for the agent and a raised priority."""
        raised = replace(self, marks=(*self.marks, mark), priority=self.priority + priority)
        return raised.because(f"{reason} raises priority by {priority}")


Rule = Callable[[Plan, Facts, Parameters], Plan]


def decide(facts: Facts, parameters: Parameters) -> Plan:
    """Return the plan for a call: every rule in turn may refine it; a refusal is final."""
    number = facts.number
    plan = Plan("queue", number.queue, number.priority).because(f"number {number.number} to {number.queue}")
    for rule in RULES:
        plan = rule(plan, facts, parameters)
        if plan.action == "refuse":
            break
    return plan


def _blacklist(plan: Plan, facts: Facts, _parameters: Parameters) -> Plan:
    if facts.blacklisted is None:
        return plan
    refused = replace(plan, action="refuse", marks=("blacklisted",))
    return refused.because(f"blacklisted: {facts.blacklisted}")


def _key(plan: Plan, facts: Facts, _parameters: Parameters) -> Plan:
    if not facts.key:
        return plan
    queue = facts.number.keys.get(facts.key)
    if queue is None:
        # The key of the leader's line is in no menu: what it means is that rule's to say.
        meant = facts.leader is not None
        return plan if meant else plan.because(f"key {facts.key} means nothing here")
    return replace(plan, queue=queue).because(f"key {facts.key} to {queue}")


def _open_case(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    if not facts.open_cases:
        return plan
    return plan.marked("open_case", parameters.priority_open_case, f"open case {facts.open_cases[0]}")


def urged(open_cases: Sequence[str], *, blacklisted: bool, answers_us: bool, demo: bool) -> str:
    """Return the case that a citizen urges by calling: the open one that changed last, or nothing.

    Who answers a call of ours (`answers_us`) does not urge, nor does who is refused.
    """
    return open_cases[0] if open_cases and not (blacklisted or answers_us or demo) else ""


def _urging(plan: Plan, facts: Facts, _parameters: Parameters) -> Plan:
    answers_us = bool(facts.revisit) or facts.missed_by_us_at is not None
    case = urged(facts.open_cases, blacklisted=False, answers_us=answers_us, demo=facts.demo)
    return replace(plan, urged=case).because(f"urges case {case}") if case else plan


def _missed_by_us(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    if facts.missed_by_us_at is None:
        return plan
    when = facts.missed_by_us_at.isoformat(timespec="seconds")
    return plan.marked("missed_by_us", parameters.priority_missed_by_us, f"we called and missed at {when}")


def _called_back(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    # Art. 17: a citizen who calls back is taken to that revisit.
    if not facts.revisit:
        return plan
    marked = plan.marked("revisit", parameters.priority_called_back, f"revisit {facts.revisit} under way")
    return replace(marked, revisit=facts.revisit)


def _known_agent(plan: Plan, facts: Facts, _parameters: Parameters) -> Plan:
    # Only someone we have business with goes to "their" agent first: others would skew the load.
    if facts.known_agent is None or not plan.marks:
        return plan
    # Who is not ready now may be free when the turn comes; nobody is kept waiting for it (rules/waiting.py).
    yet = "" if facts.known_agent_ready else " but is not ready yet"
    return replace(plan, agent=facts.known_agent).because(f"agent {facts.known_agent} served before{yet}")


def _leader_day(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    line, demos = facts.leader, facts.number.number == parameters.demo_hall
    # No citizen comes to a day that is played, and no demonstration to a real one.
    if line is None or facts.demo != demos:
        return plan
    if line.stands == OVER:
        return plan.because(f"leader day {line.day} is over")
    if line.stands == TOLD:
        return replace(plan, first=line.first).because(f"leader day {line.day} put off or called off")
    # Nobody is known so well that they pass screening, or the leader (Art. 6).
    let_in = replace(plan, queue=line.queue, agent=None, marks=(*plan.marks, "leader_day"), leader=line)
    return let_in.because(f"leader day {line.day}, {line.entry}, to {line.queue}")


def _demo(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    on_line = facts.number.number in {parameters.demo_line, parameters.demo_hall}
    if not facts.demo:
        # Nobody answers there but a demonstration: a citizen who got there all the same gets a person.
        return replace(plan, queue=parameters.default_queue).because("the demo's number") if on_line else plan
    marks = ("demo",) if plan.leader is None else ("leader_day", "demo")
    queue = plan.queue if on_line else parameters.demo_queue
    played = replace(plan, queue=queue, agent=None, marks=marks).because("demonstration")
    # There the citizen plays somebody whom nobody knows, whatever other demonstrations have left open.
    return replace(played, priority=facts.number.priority, revisit="") if on_line else played


def _incident(plan: Plan, facts: Facts, parameters: Parameters) -> Plan:
    # Who calls back about a revisit has an errand of their own (Art. 17), and the demonstration none, but
    # on its own number.
    errand = plan.revisit or (facts.demo and facts.number.number != parameters.demo_line)
    if facts.incident is None or errand:
        return plan
    return replace(plan, incident=facts.incident).because(f"notice {facts.incident.id}")


RULES: tuple[Rule, ...] = (
    _blacklist,
    _key,
    _open_case,
    _missed_by_us,
    _called_back,
    _urging,
    _known_agent,
    _leader_day,
    _demo,
    _incident,
)
