"""Where a stored decision, attempt or revisit differs from what stored evidence makes of it again. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from functools import cached_property
from typing import Any

from telephony.callback.decisions import BY_RULES, BY_SURVEY
from telephony.callback.recompute import (
    Again,
    Call,
    Facts,
    again,
    finding_of,
    first_of,
    judged_by,
    told_until,
)
from telephony.rules.planner import Planner
from telephony.rules.revisit import FOR_PEOPLE, RATED, Conclusion, Next, Past, Rules, Verdict
from telephony.rules.verdict import Evidence, Finding, Kind, Outcome, digest, end_of
from telephony.rules.workdays import CHINA, UnknownYearError
from telephony.store.attempts import CANCELLED
from telephony.store.audited import EvidenceRows
from telephony.store.revisits import CAMPAIGN

Row = Any
Difference = tuple[str, Any, Any]
"""What differs, as it is stored, and as it is when it is made again."""
CONTRADICTED = "contradicted"
"""Evidence that came later, or what the citizen said later, makes it another."""
BY_PEOPLE = FOR_PEOPLE - {Verdict.OVERDUE}
"""What people may find; a rating needs the citizen's own words, and no person deems (Art. 17)."""
JUDGED_WITHIN = 60.0
"""Seconds after its end in which a call may not have been judged yet, or not where a decision saw it."""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One thing that is not as the evidence has it: of a decision, of an attempt, else of the revisit.

    `what` is a column, a fact of the decision, or `contradicted`.
    """

    case: str
    what: str
    stored: str | None
    recomputed: str | None
    decision: int | None = None
    attempt: str | None = None

    @property
    def is_late(self) -> bool:
        """Whether it says only that a call would be judged otherwise by now."""
        return self.attempt is not None and self.what == CONTRADICTED


@dataclass(frozen=True)
class Books:
    """What some decisions rest on, and how citizens rated to people; facts are None if unreadable."""

    facts: Mapping[int, Facts | None]
    calls: Mapping[str, Call]
    evidence: Mapping[str, EvidenceRows]
    ratings: Mapping[int, Sequence[Row]]
    planners: Mapping[tuple[str, bool], Planner]
    """By version, and whether it is for demonstrations."""

    @cached_property
    def of_revisit(self) -> Mapping[int, Sequence[Call]]:
        """The calls of each revisit that were sent, in the order of their reservations."""
        found: defaultdict[int, list[Call]] = defaultdict(list)
        for call in self.calls.values():
            if call.campaign == CAMPAIGN and call.state != CANCELLED:
                found[call.task_id].append(call)
        return found

    @cached_property
    def to_number(self) -> Mapping[str, Sequence[Call]]:
        """The calls to each number."""
        found: defaultdict[str, list[Call]] = defaultdict(list)
        for call in self.calls.values():
            found[call.number].append(call)
        return found


def of_decision(row: Row, books: Books) -> list[Disagreement]:
    """Make a decision again and return what differs; `row` is of store.audited.decisions_after."""
    try:
        found = list(_decision(row, books))
    except UnknownYearError as error:
        found = [("calendar", row.due_at, f"{error.year}?")]
    return [
        Disagreement(row.case_number, what, _shown(stored), _shown(made), decision=row.id)
        for what, stored, made in found
    ]


def _decision(row: Row, books: Books) -> Iterator[Difference]:
    planner = books.planners.get((row.rules_version, row.demo))
    if planner is None:
        yield "rules_version", row.rules_version, None
        return
    facts = books.facts[row.id]
    if facts is None:
        yield "facts", row.facts, None
        return
    own = {call.id for call in books.of_revisit.get(row.revisit_id, ())}
    if not own.issuperset(facts.attempts):
        yield "attempts", facts.attempts, sorted(own)
        return
    made = _again(row, facts, planner, books, late=False)
    yield from _facts(row, facts, planner)
    yield from _evidence(row, facts, books)
    yield from _attempts(row, facts, books)
    yield from _others(row, facts, books, planner.rules)
    yield from _supersedes(row)
    yield from (_by_rules if row.decided_by == BY_RULES else _by_a_person)(row, made, planner, books)
    yield from _contradiction(row, facts, planner, books)


def _again(row: Row, facts: Facts, planner: Planner, books: Books, *, late: bool) -> Again:
    """Build the round again: its calls as they were judged, or by what came `late` as well."""
    told = {}
    for each in facts.attempts:
        known = told_until(books.evidence[each], None if late else facts.last_evidence)
        told[each] = known if late else judged_by(known, books.calls[each].digest) or known
    return again(row.at, facts, books.calls, told, planner.rules.ring_floor)


def _facts(row: Row, facts: Facts, planner: Planner) -> Iterator[Difference]:
    yield from _differ("opened_at", facts.opened_at, row.replied_at)
    yield from _differ("due_at", facts.due_at, planner.due_at(row.replied_at))
    yield from _differ("due_at", row.due_at, planner.due_at(row.replied_at))
    yield from _differ("no_disturb", facts.no_disturb, facts.no_disturb & set(facts.numbers))
    if facts.called_back_at is not None:  # else not by then
        yield from _differ("called_back_at", facts.called_back_at, row.called_back_at)


def _evidence(row: Row, facts: Facts, books: Books) -> Iterator[Difference]:
    known = [told for each in facts.attempts for told in books.evidence[each]]
    known = [(row_id, told) for row_id, told in known if row_id <= facts.last_evidence]
    yield from _differ("last_evidence", facts.last_evidence, max((row_id for row_id, _ in known), default=0))
    yield from _differ("digest", row.digest, digest(told for _, told in known))


def _attempts(row: Row, facts: Facts, books: Books) -> Iterator[Difference]:
    """Compare the calls of the round; where the citizen or a person decided, one may not be judged yet."""
    whole = row.decided_by == BY_RULES and facts.called_back_at is None
    expected = [
        call.id
        for call in books.of_revisit.get(row.revisit_id, ())
        if call.id in facts.attempts or (whole and _was_over(call, facts))
    ]
    yield from _differ("attempts", facts.attempts, tuple(expected))


def _was_over(call: Call, facts: Facts) -> bool:
    """Tell whether a call was surely over and judged at the time of a decision, whatever clocks were set."""
    if call.ended_mono is None or facts.mono is None or call.boot != facts.boot:
        return False
    return bool(call.ended_mono < facts.mono - JUDGED_WITHIN)


def _others(row: Row, facts: Facts, books: Books, rules: Rules) -> Iterator[Difference]:
    """Compare the calls about other matters; a reply that is decided at once is not asked about them."""
    told = {past.id: past for past in facts.others}
    for past in told.values():
        call = books.calls.get(past.id)
        own = call is not None and call.campaign == CAMPAIGN and call.task_id == row.revisit_id
        if call is None or own or not _is_as_told(call, past):
            yield "others", past.id, None if call is None else _shown(call.state)
    midnight = datetime.combine(row.at.astimezone(CHINA).date(), time(), CHINA)
    since = min(midnight, row.at - rules.number_gap)
    for number in facts.numbers if facts.attempts or facts.others else ():
        for call in books.to_number.get(number, ()):
            own = call.campaign == CAMPAIGN and call.task_id == row.revisit_id
            if not own and call.reserved_at >= since and _was_over(call, facts) and call.id not in told:
                yield "others", None, call.id


def _is_as_told(call: Call, past: Past) -> bool:
    if past.number != call.number or past.started_at not in {call.started_at, call.reserved_at}:
        return False
    if past.outcome is Outcome.UNKNOWN:  # so it was called while it was under way as well
        return True
    same = (past.outcome, past.counts, past.alerted) == (call.state, call.counts, call.alerted)
    return same and past.ended_at >= (call.ended_at or past.started_at)


def _supersedes(row: Row) -> Iterator[Difference]:
    corrected = row.supersedes is None and row.previous_verdict == Verdict.NUMBER_INVALID
    if not corrected:
        yield from _differ("supersedes", row.supersedes, row.previous)


def _by_rules(row: Row, made: Again, planner: Planner, _: Books) -> Iterator[Difference]:
    yield from _differ("rating", made.round.rating, made.rating)
    yield from _conclusion(row, planner.step(row.at, made.round))


def _by_a_person(row: Row, made: Again, planner: Planner, books: Books) -> Iterator[Difference]:
    if row.verdict not in RATED:
        if row.verdict not in BY_PEOPLE:
            yield "decided_by", row.decided_by, BY_RULES
        if row.decided_by != BY_SURVEY:  # in which a citizen may withdraw a rating and ask for a person
            yield from _differ("rating", row.verdict, made.round.rating or row.verdict)
        yield from _differ("first_attempt", row.first_attempt, None)
        yield from _differ("second_attempt", row.second_attempt, None)
        return
    wanted = (row.verdict, row.decided_by, row.at)
    if wanted not in {(said.rating, said.given_to, said.at) for said in books.ratings[row.revisit_id]}:
        yield "rating", row.verdict, None
    yield from _conclusion(row, planner.step(row.at, made.round))


def _conclusion(row: Row, step: Conclusion | Next) -> Iterator[Difference]:
    if isinstance(step, Next):
        yield "verdict", row.verdict, "open"
        return
    first, second, *_ = (*step.attempts[-2:], None, None)
    yield from _differ("verdict", row.verdict, step.verdict)
    yield from _differ("why", row.why, step.why)
    yield from _differ("first_attempt", row.first_attempt, first)
    yield from _differ("second_attempt", row.second_attempt, second)


def _contradiction(row: Row, facts: Facts, planner: Planner, books: Books) -> Iterator[Difference]:
    """Tell whether a deemed verdict in force would be another with all that is known by now (Art. 17)."""
    if not row.in_force or row.verdict != Verdict.DEEMED_SATISFIED:
        return
    made = _again(row, facts, planner, books, late=True)
    said = [Verdict(each.rating) for each in books.ratings[row.revisit_id]]
    rating = said[-1] if said else made.rating
    step = planner.step(row.at, replace(made.round, rating=rating, called_back_at=row.called_back_at))
    verdict = step.verdict if isinstance(step, Conclusion) else "open"
    yield from _differ(CONTRADICTED, row.verdict, verdict)


def of_attempt(row: Row, evidence: EvidenceRows, ring_floor: float) -> list[Disagreement]:
    """Judge an attempt again and return what differs; `ring_floor` in seconds, of the rules at its time."""
    told = told_until(evidence, None)
    judged = judged_by(told, row.digest)
    found = finding_of(told if judged is None else judged, ring_floor)
    differences = [
        *([("digest", row.digest, digest(told))] if judged is None else []),
        *_columns(row, found, told if judged is None else judged),
        *_differ(CONTRADICTED, _gist(found), _gist(finding_of(told, ring_floor))),
    ]
    return [
        Disagreement(row.case_number, what, _shown(stored), _shown(made), attempt=row.id)
        for what, stored, made in differences
    ]


def _columns(row: Row, found: Finding, told: Sequence[Evidence]) -> Iterator[Difference]:
    sent, end = first_of(told, Kind.SENT), end_of(found, told)
    yield from _differ("started_at", row.started_at, sent.at if sent else None)
    yield from _differ("state", row.state, found.outcome)
    for name in ("counts", "alerted", "ring_seconds", "ended_at", "sip_code", "cause", "why", "rating"):
        yield from _differ(name, getattr(row, name), getattr(found, name))
    yield from _differ("ended_mono", row.ended_mono, end.mono if end else None)
    yield from _differ("boot", row.boot, end.boot if end else None)


def _gist(found: Finding) -> tuple[str, ...]:
    return (found.outcome, *(["counts"] if found.counts else []), *([found.rating] if found.rating else []))


def of_revisit(row: Row) -> list[Disagreement]:
    """Compare what a revisit shows with its last decision; an invalid number may have been corrected."""
    reopened = row.verdict is None and row.last_verdict == Verdict.NUMBER_INVALID
    differences = [] if reopened else [*_differ("verdict", row.verdict, row.last_verdict)]
    differences += [] if row.verdict is None else _differ("decided_at", row.decided_at, row.last_at)
    return [Disagreement(row.case_number, what, _shown(old), _shown(made)) for what, old, made in differences]


def _differ(what: str, stored: Any, made: Any) -> Iterable[Difference]:
    return [(what, stored, made)] if stored != made else []


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (tuple, list)):
        return ", ".join(str(each) for each in value)
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else str(value)
