"""Why a revisit is called when it is, or not at all: as data first, then in words (Art. 16, 17)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from telephony.clock import SHANGHAI
from telephony.logs import mask_number
from telephony.rules.bands import window_at
from telephony.rules.planner import NOT_AN_ATTEMPT, Planner
from telephony.rules.rejections import Rejected, rejected
from telephony.rules.revisit import Conclusion, Hold, Impossible, Next, Past, Round, Rules
from telephony.rules.verdict import Outcome
from telephony.texts import forms, say

DECIDED, CALLING, WAITING = "decided", "calling", "waiting"
ENOUGH = 2
"""Calls that have to count before anything is deemed (Art. 17)."""


@dataclass(frozen=True)
class Explanation:
    """All of it as codes of the catalogue (`plan.CODE`) and instants.

    `state` is decided, calling (what follows is settled when the call ends) or waiting. `verdict` stands, or
    will with the next look at it. `next` is the next lawful call, else `impossible` says why there is none.
    `rejected` are what was passed over before it; `outside` says that now is in no band of a working day.
    `counting` are the calls that count towards a deemed verdict, `closed` what has ended that path.
    """

    now: datetime
    state: str
    due_at: datetime
    verdict: str | None
    decided_at: datetime | None
    next: Next | None
    impossible: str | None
    holds: tuple[Hold, ...]
    rejected: tuple[Rejected, ...]
    outside: bool
    counting: tuple[Past, ...]
    closed: str | None
    tries: int


def explanation(now: datetime, row: Any, revisit: Round, planner: Planner) -> Explanation:
    """Return why; `row` is the revisit's, `revisit` what the rules know of it now. Raise UnknownYearError."""
    plan = planner.plan(now, revisit)
    step = planner.step(now, revisit)
    state = DECIDED if row.verdict else CALLING if row.next_at is None else WAITING
    return Explanation(
        now=now,
        state=state,
        due_at=row.due_at,
        verdict=row.verdict or (step.verdict if isinstance(step, Conclusion) else None),
        decided_at=row.decided_at,
        next=plan if isinstance(plan, Next) else None,
        impossible=plan.code if isinstance(plan, Impossible) else None,
        holds=plan.holds,
        rejected=tuple(rejected(planner, now, revisit)),
        outside=_is_outside(now, planner),
        counting=tuple(revisit.counting),
        closed=_closed(revisit),
        tries=sum(past.outcome not in NOT_AN_ATTEMPT for past in revisit.attempts),
    )


def _is_outside(now: datetime, planner: Planner) -> bool:
    day = now.astimezone(SHANGHAI).date()
    return not planner.calendar.is_working_day(day) or window_at(now, planner.rules.bands) is None


def _closed(revisit: Round) -> str | None:
    """Return what ended the path to a deemed verdict, as Round.closed_because does."""
    if revisit.called_back_at is not None:
        return "closed_called_back"
    if revisit.outcomes(Outcome.ANSWERED):
        return "closed_answered"
    return "closed_refused" if revisit.outcomes(Outcome.REFUSED) else None


def explain(
    now: datetime, row: Any, revisit: Round, planner: Planner, *, whole_numbers: bool = False
) -> list[str]:
    """Return it in words, a sentence a line; numbers are masked unless they may be shown whole."""
    return in_words(explanation(now, row, revisit, planner), planner.rules, whole_numbers=whole_numbers)


def in_words(why: Explanation, rules: Rules, *, whole_numbers: bool = False) -> list[str]:
    """Return an explanation in words; `rules` are those that it was made by."""
    if why.state == DECIDED:
        return [_decided(why)]
    if why.state == CALLING:
        return [say("plan.calling"), *_deeming(why), _due(why)]
    return [*_outlook(why, rules, whole_numbers=whole_numbers), *_deeming(why), _due(why)]


def _outlook(why: Explanation, rules: Rules, *, whole_numbers: bool) -> Iterator[str]:
    """Tell what comes next, a call or a verdict, and why not sooner."""
    if why.verdict is not None:
        yield say("plan.concludes", **forms(f"verdict.{why.verdict}"))
    elif why.next is not None:
        yield from _next(why, why.next, whole_numbers=whole_numbers)
    if why.impossible is not None:
        yield say(f"plan.{why.impossible}", tries=why.tries)
    if why.verdict is None or why.impossible is not None:
        yield from _not_earlier(why, rules)


def _decided(why: Explanation) -> str:
    at = _moment(why.decided_at) if why.decided_at else ""
    return say("plan.decided", at=at, **forms(f"verdict.{why.verdict}"))


def _next(why: Explanation, call: Next, *, whole_numbers: bool) -> Iterator[str]:
    number = call.number if whole_numbers else mask_number(call.number)
    key = "plan.now" if call.at <= why.now else "plan.next"
    yield say(key, at=_moment(call.at), number=number, band=call.window.band)
    if not (why.counting or why.closed) and call.at <= call.latest_at:
        yield say("plan.latest", at=_moment(call.latest_at))


def _not_earlier(why: Explanation, rules: Rules) -> Iterator[str]:
    if why.outside and (why.next is None or why.next.at > why.now):
        yield say("plan.outside_bands", bands="、".join(band.name for band in rules.bands))
    for hold in why.holds:
        yield say(f"plan.{hold.code}", until=_moment(hold.until), **_lengths(rules))
    yield from _passed_over(why.rejected, rules)


def _passed_over(found: tuple[Rejected, ...], rules: Rules) -> Iterator[str]:
    """Tell what was passed over; days off in a row are one sentence, and what is held needs none."""
    for (code, off), group in groupby(found, key=lambda each: (each.code, each.band is None)):
        days = list(group)
        if off:
            yield say(f"plan.{code}", days=_days(days[0].day, days[-1].day))
        elif code != "held":
            for each in days:
                where = {"day": f"{each.day:%m-%d}", "band": each.band}
                yield say(f"plan.{code}", **where, cap=rules.daily_cap, seconds=rules.guard.seconds)


def _deeming(why: Explanation) -> Iterator[str]:
    if why.closed is not None:
        yield say(f"plan.{why.closed}")
    else:
        yield say("plan.path_open", count=len(why.counting), more=max(0, ENOUGH - len(why.counting)))
    for past in why.counting:
        yield say("plan.counting", start=_moment(past.started_at), end=_moment(past.ended_at))


def _due(why: Explanation) -> str:
    """Tell the deadline; 00:00 of a day is 24:00 of the day before (Art. 16)."""
    last = why.due_at.astimezone(SHANGHAI) - timedelta(seconds=1)
    midnight = last.strftime("%H:%M:%S") == "23:59:59"
    return say("plan.due", at=f"{last:%m-%d} 24:00" if midnight else _moment(why.due_at))


def _lengths(rules: Rules) -> dict[str, str]:
    return {
        "hours": f"{rules.interval.total_seconds() / 3600:g}",
        "minutes": f"{rules.number_gap.total_seconds() / 60:g}",
    }


def _days(first: date, last: date) -> str:
    return f"{first:%m-%d}" if first == last else f"{first:%m-%d} – {last:%m-%d}"


def _moment(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")
