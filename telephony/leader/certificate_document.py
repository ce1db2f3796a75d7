"""What a leader day's certificate holds, as one document of plain values (Art. 6).

Names stand beside codes: the document must still be read when nobody of that name is configured any more.
Phone numbers are masked, also in what people wrote; those that lead to us stay.
Times are Shanghai's, ISO 8601; durations are seconds.
"""

from collections import Counter
from collections.abc import Callable, Container, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.clock import SHANGHAI
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.errors import UnknownThingError
from telephony.logs import mask
from telephony.rules.leader_certificate import Announced, DayFacts, Deviation, deviations, is_second
from telephony.rules.leader_day import COUNTS, DayRules, month_bounds, month_of
from telephony.rules.leader_day_figures import figures
from telephony.rules.leader_figures import Line, differences, fate_of, times_of, total
from telephony.rules.leader_presence import Presence
from telephony.rules.service_figures import seconds
from telephony.store import leader_days, leader_figures, leader_recompute
from telephony.store.leader_days import LeaderDayView, LeaderNoticeView
from telephony.store.leader_figures import DayCall
from telephony.texts import filled, say

FORM = 1
"""Of the document: another number means other keys."""
PresenceOf = Callable[[sa.Connection, LeaderDayView, str, datetime], Presence]
"""How long a leader was there, by a day and its seat's agent, at an instant (store.leader_presence)."""
_KEPT = ("id", "starts_at", "ends_at", "scope", "topics", "created_at", "by", "played")
_HELD = ("opened_at", "opened_by", "closed_at", "closed_by")
_OF_CALL = (
    *("call_id", "entered_at", "entry", "ended_at", "outcome", "standing", "screened_by", "in_scope"),
    *("result", "unit", "case_number", "settled", "settled_by", "settled_at", "settled_call"),
)


def document_of(
    connection: sa.Connection, config: Config, day: LeaderDayView, presence: PresenceOf, now: datetime
) -> dict[str, Any]:
    """Return the document as it is at `now`; raise UnknownThingError if the seat is configured no more."""
    seat, rules, shown = seat_of(config, day), rules_of(config), leader_days.on_its_clock(day)
    line = line_of(config, seat)
    calls = leader_figures.calls_of_day(connection, day.id, seat, now)
    sums = total((each.told for each in calls), line, now)
    differ = list(differences(sums, leader_recompute.recompute(connection, day.id, line, now)))
    there = presence(connection, day, line.leader, now)
    notices = leader_days.notices(connection, day.id)
    facts = _facts(connection, shown, notices, there, len(differ))
    return {
        "form": FORM,
        "day": _day(config, shown),
        "notices": [_notice(config, notice) for notice in notices],
        "presence": _presence(there, rules),
        "figures": asdict(figures(sums, Counter(each.view.standing for each in calls))),
        "recount": {"agrees": not differ, "differences": differ},
        "calls": [_call(config, each, line, now) for each in calls],
        "deviations": [worded(each, config.own_numbers) for each in deviations(facts, rules)],
        "certified": None,
    }


def seat_of(config: Config, day: LeaderDayView) -> Seat:
    """Return a day's seat; raise UnknownThingError if it is configured no more."""
    if day.seat not in config.seats:
        raise UnknownThingError(say("leader.seat_gone", id=day.id, seat=day.seat))
    return config.seats[day.seat]


def line_of(config: Config, seat: Seat) -> Line:
    """Return who belongs to the line of a seat."""
    serve = (number for number, agent in config.agents.items() if seat.screening_queue in agent.skills)
    return Line(seat.agent, frozenset(serve) - {seat.agent})


def rules_of(config: Config) -> DayRules:
    """Return what a day must keep, as configured."""
    return DayRules(config.leader_days.notice_days, timedelta(minutes=config.leader_days.minutes))


def worded(found: Deviation, spared: Container[str] = ()) -> dict[str, Any]:
    """Return a deviation as the document holds it: code, words, and what they are made of.

    Numbers are masked but the `spared` ones.
    """
    values = {
        name: mask(value, spared) if isinstance(value, str) else plain(value)
        for name, value in found.values.items()
    }
    shown = {name: _in_words(value, spared) for name, value in found.values.items()}
    if "seconds" in found.values:
        shown["length"] = str(timedelta(seconds=int(str(found.values["seconds"]))))
    return {"code": found.code, **filled(f"leader_deviation.{found.code}", **shown), "values": values}


def plain(value: Any) -> Any:
    """Return a value as JSON has it: instants in Shanghai's time, lists and mappings inside as well."""
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).isoformat()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def _in_words(value: str | int | datetime, spared: Container[str]) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
    return mask(str(value), spared) or "—"


def _presence(there: Presence, rules: DayRules) -> dict[str, float]:
    told = {f"{name}_seconds": round(value, 3) for name, value in asdict(there).items()}
    return {**told, "least_seconds": rules.least.total_seconds()}


def _day(config: Config, day: LeaderDayView) -> dict[str, Any]:
    leader, centre = config.leaders.get(day.leader), config.centres.get(day.centre)
    return {
        **{name: plain(getattr(day, name)) for name in (*_KEPT, *_HELD)},
        **{name: _masked(config, getattr(day, name)) for name in ("reason", "closed_why")},
        "centre": {"code": day.centre, "name": centre.name if centre else day.centre},
        "leader": {
            "code": day.leader,
            "name": leader.name if leader else day.leader,
            "post": leader.post if leader else "",
        },
        "seat": day.seat,
    }


def _call(config: Config, call: DayCall, line: Line, now: datetime) -> dict[str, Any]:
    view, times = call.view, times_of(call.told, line, now)
    unit, screener = config.units.get(view.unit or ""), config.agents.get(view.screened_by or "")
    took = {"wait": times.wait_us, "screening": times.screening_us, "talk": times.talk_us}
    return {
        **{name: plain(getattr(view, name)) for name in _OF_CALL},
        "number": mask(view.caller_number or ""),
        "screener": screener.name if screener else None,
        "summary": _masked(config, view.summary),
        "fate": fate_of(call.told, line).value,
        **{f"{name}_seconds": None if us is None else seconds(us) for name, us in took.items()},
        "unit_name": unit.name if unit else None,
        "settled_note": _masked(config, view.settled_note),
    }


def _notice(config: Config, notice: LeaderNoticeView) -> dict[str, Any]:
    """Return a notice as it went out, but for the numbers in the reason that a person wrote."""
    reason = _masked(config, notice.reason)
    told: dict[str, Any] = plain(asdict(notice))
    return {**told, "reason": reason, "content": {**told["content"], "reason": reason}}


def _masked(config: Config, text: str | None) -> str | None:
    """Return what a person wrote with numbers masked; those that citizens call are no secret."""
    return None if text is None else mask(text, config.own_numbers)


def _facts(
    connection: sa.Connection,
    day: LeaderDayView,
    notices: list[LeaderNoticeView],
    there: Presence,
    differ: int,
) -> DayFacts:
    second = is_second(day.id, _others(connection, day), day.reason or "")
    return DayFacts(
        starts_at=day.starts_at,
        ends_at=day.ends_at,
        opened_at=day.opened_at,
        closed_at=day.closed_at,
        closed_why=day.closed_why or "",
        there=round(there.there, 3),
        notices=[_announced(notice) for notice in notices],
        second_why=(day.reason or "") if second else None,
        differences=differ,
    )


def _others(connection: sa.Connection, day: LeaderDayView) -> list[int]:
    """Return the centre's other days of the month that count; a demonstration is no month's session."""
    if day.played:
        return []
    first, following = month_bounds(month_of(day.starts_at))
    found = leader_days.listed(connection, centre=day.centre, states=COUNTS, since=first, until=following)
    return [each.id for each in found if each.id != day.id and not each.played]


def _announced(notice: LeaderNoticeView) -> Announced:
    said = notice.content
    leader = "{name} {post}".format(**said["leader"])
    starts_at = datetime.fromisoformat(said["starts_at"])
    return Announced(notice.nth, notice.kind, notice.published_at, starts_at, leader, notice.reason or "")
