"""Rules, a calendar, rounds, calls and evidence, for the tests of what the rules make of them."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from telephony import calendars
from telephony.paths import PROJECT
from telephony.rules.bands import parse_band
from telephony.rules.planner import Planner
from telephony.rules.revisit import Past, Round, Rules
from telephony.rules.verdict import Evidence, Kind, Outcome, judge
from telephony.rules.workdays import CHINA

CALENDAR = calendars.load(PROJECT / "config")
BANDS = tuple(map(parse_band, ("09:00-12:00", "14:30-18:00", "18:00-20:30")))
RULES = Rules(version="test", bands=BANDS)
FLOOR = float(RULES.ring_floor)
NUMBER, OTHER = "13800000001", "13800000002"
US = timedelta(microseconds=1)
_ids = count()


def at(text):
    """Return the instant of `02-12 10:00`, of `10:00` on 12 February 2026, with seconds if they are given.

    That day is a Thursday before Spring Festival: its 2nd working day is Saturday the 14th.
    """
    day, _, time = text.rpartition(" ")
    return datetime.fromisoformat(f"2026-{day or '02-12'} {time}").replace(tzinfo=CHINA)


REPLIED = at("08:00")


def past(
    started, outcome=Outcome.UNANSWERED, *, counts=None, lasts=75, number=NUMBER, alerted=None, name=None
):
    """Return a call; it counts and rang if it went unanswered and nothing else is said."""
    started = at(started) if isinstance(started, str) else started
    rang_out = outcome is Outcome.UNANSWERED
    return Past(
        name or f"call-{next(_ids)}",
        number,
        started,
        started + timedelta(seconds=lasts),
        outcome,
        counts=rang_out if counts is None else counts,
        alerted=rang_out if alerted is None else alerted,
    )


def round_of(*attempts, numbers=(NUMBER,), replied=REPLIED, **values):
    """Return a round with these calls, due as the calendar says."""
    due_at = values.pop("due_at", None) or CALENDAR.deadline_after(replied, 2)
    return Round(numbers, replied, due_at, tuple(attempts), **values)


def planner(calendar=CALENDAR, **changes):
    """Return the planner of the rules with these changes."""
    return Planner(replace(RULES, **changes), calendar)


SENT_AT = at("10:00")


def evidence(kind, seconds, *, mono=None, boot="boot", key=None, **data):
    """Return what came so many seconds after the call was sent; by the other clock too, unless it differs."""
    instant = SENT_AT + timedelta(seconds=seconds)
    key = key or f"{kind}:{data.get('status', '')}:{seconds}"
    return Evidence(kind, instant, key, 1000.0 + (seconds if mono is None else mono), boot, data)


def sent():
    return evidence(Kind.SENT, 0)


def alerting(seconds=1, status="RINGING", **more):
    return evidence(Kind.ALERTING, seconds, status=status, **more)


def network_ends(seconds, code, cause, status="NOANSWER"):
    """Return all that is told when the network lets go of a call that nobody answered."""
    causes = {"cause": cause, "sip_code": code}
    return [
        evidence(Kind.RELEASED, seconds, **causes),
        evidence(Kind.DIAL_END, seconds, status=status),
        evidence(Kind.HANGUP, seconds, **causes),
        evidence(Kind.RESPONSE, seconds, reason=0),
    ]


def guard_ends(seconds=76):
    """Return all that is told when our own timer ends a call."""
    return [
        evidence(Kind.RESPONSE, seconds, reason=3),
        evidence(Kind.HANGUP, seconds, cause=19, sip_code=480),
    ]


def our_side_ends(seconds, cause=0, code=None):
    """Return all that is told when our side hangs up."""
    return [
        evidence(Kind.DIAL_END, seconds, status="NOANSWER"),
        evidence(Kind.HANGUP, seconds, cause=cause, sip_code=code),
        evidence(Kind.RESPONSE, seconds, reason=0),
    ]


def answered(seconds):
    """Return all that is told when somebody answers."""
    return [
        evidence(Kind.DIAL_END, seconds, status="ANSWER"),
        evidence(Kind.UP, seconds),
        evidence(Kind.RESPONSE, seconds, reason=4),
    ]


def found(*told, floor=FLOOR):
    """Return what a call that was sent, and of which this was told, amounts to."""
    return judge([sent(), *told], floor)
