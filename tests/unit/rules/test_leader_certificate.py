"""In what a leader day departed from Art. 6, both sides of each limit; what proves a document unchanged."""

import hashlib
from datetime import datetime, timedelta

import pytest

from telephony.clock import SHANGHAI
from telephony.rules.leader_certificate import Announced, DayFacts, canonical, deviations, digest, is_second
from telephony.rules.leader_day import DayRules

STARTS = datetime(2026, 12, 10, 15, 0, tzinfo=SHANGHAI)
ENDS = STARTS + timedelta(hours=2)
IN_TIME = datetime(2026, 12, 2, 23, 59, 59, 999999, tzinfo=SHANGHAI)
"""Eight days before, seven full ones between: the last instant for a notice of that session."""
LAST = IN_TIME + timedelta(microseconds=1)
FIRST = Announced(1, "published", IN_TIME, STARTS, "李建国 市长")


def found(**values):
    known = {"starts_at": STARTS, "ends_at": ENDS, "opened_at": STARTS, "closed_at": ENDS, "closed_why": ""}
    known |= {"there": 7200.0, "notices": [FIRST]}
    return deviations(DayFacts(**(known | values)), DayRules())


def codes(**values):
    return [each.code for each in found(**values)]


def test_a_day_as_it_should_be_has_no_deviation():
    assert found() == []


@pytest.mark.parametrize(
    ("there", "lacks"),
    [(7199.0, 1), (7199.999, 1), (7200.0, None), (7200.001, None), (0.0, 7200), (5400.5, 1800)],
)
def test_120_minutes_are_enough_and_a_second_less_is_a_shortfall_by_that_second(there, lacks):
    expected = [] if lacks is None else [("shortfall", {"seconds": lacks})]
    assert [(each.code, each.values) for each in found(there=there)] == expected


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (timedelta(minutes=5), []),
        (timedelta(minutes=5, microseconds=1), ["opened_late"]),
        (-timedelta(1), []),
    ],
)
def test_five_minutes_late_is_in_time_and_more_is_not(late, expected):
    assert codes(opened_at=STARTS + late) == expected


def test_it_says_when_it_opened_and_how_late_that_was():
    (late,) = found(opened_at=STARTS + timedelta(minutes=6))
    assert late.values == {"seconds": 360, "at": STARTS + timedelta(minutes=6)}


@pytest.mark.parametrize(
    ("early", "expected"), [(timedelta(0), []), (timedelta(microseconds=1), ["closed_early"])]
)
def test_closing_at_the_end_is_in_time_and_before_it_is_not(early, expected):
    assert codes(closed_at=ENDS - early) == expected


def test_it_says_why_it_was_closed_early():
    (early,) = found(closed_at=ENDS - timedelta(seconds=90), closed_why="突发事件")
    assert (early.values["seconds"], early.values["reason"]) == (90, "突发事件")


def test_a_day_that_is_open_still_was_not_closed_early():
    assert codes(closed_at=None) == []


@pytest.mark.parametrize(("at", "expected"), [(IN_TIME, []), (LAST, ["announced_late"])])
def test_a_notice_with_seven_full_days_is_in_time_and_one_after_that_midnight_is_late(at, expected):
    assert codes(notices=[Announced(1, "published", at, STARTS, "李建国 市长")]) == expected


def test_a_substitution_within_the_seven_days_is_told_with_who_for_whom():
    notice = Announced(2, "substituted", LAST, STARTS, "周敏 副市长", "因公出差")
    first, late = found(notices=[FIRST, notice])
    assert first.code == "substituted"
    assert first.values == {"before": "李建国 市长", "after": "周敏 副市长", "reason": "因公出差"}
    assert (late.code, late.values) == ("announced_late", {"nth": 2, "at": LAST, "days": 7})


def test_a_postponement_is_told_with_both_times_and_its_reason():
    notice = Announced(2, "postponed", IN_TIME, STARTS + timedelta(days=1), "李建国 市长", "防汛")
    (moved,) = found(notices=[FIRST, notice])
    times = {"before": STARTS, "after": STARTS + timedelta(days=1)}
    assert (moved.code, moved.values) == ("postponed", {**times, "reason": "防汛"})


def test_of_two_postponements_each_is_told():
    later = [STARTS + timedelta(days=nth) for nth in (1, 2)]
    notices = [Announced(2 + n, "postponed", IN_TIME, at, "李建国 市长") for n, at in enumerate(later)]
    assert codes(notices=[FIRST, *notices]) == ["postponed", "postponed"]


def test_a_second_session_of_the_month_is_told_also_without_a_reason():
    assert [each.values for each in found(second_why="防汛专场")] == [{"reason": "防汛专场"}]
    assert codes(second_why="") == ["second_in_month"]


@pytest.mark.parametrize(
    ("day_id", "others", "reason", "second"),
    [
        (1, [], "", False),
        (1, [], "防汛", False),
        (1, [2], "", False),
        (2, [1], "", True),
        (1, [2], "防汛", True),
        (2, [1, 3], "", True),
    ],
)
def test_the_second_of_a_month_says_why_or_came_later(day_id, others, reason, second):
    assert is_second(day_id, others, reason) is second


def test_sums_that_differ_are_told():
    assert codes(differences=2) == ["recount_differs"]


def test_no_deviation_hides_another():
    late = Announced(2, "substituted", LAST, STARTS + timedelta(days=1), "周敏 副市长", "防汛")
    times = {"opened_at": STARTS + timedelta(hours=1), "closed_at": ENDS - timedelta(hours=1)}
    told = codes(notices=[FIRST, late], second_why="", there=0.0, differences=1, **times)
    assert told == [
        *("postponed", "substituted", "second_in_month", "opened_late", "closed_early"),
        *("shortfall", "recount_differs"),
    ]


def test_a_digest_is_of_the_content_and_not_of_the_order_of_its_keys():
    one, other = {"a": 1, "乙": [1.5, None]}, {"乙": [1.5, None], "a": 1}
    assert digest(one) == digest(other)
    assert canonical(one) == '{"a":1,"乙":[1.5,null]}'
    assert digest(one) == hashlib.sha256(canonical(one).encode("utf-8")).hexdigest()


@pytest.mark.parametrize("other", [{"a": 2}, {"a": "1"}, {"b": 1}, {"a": 1, "b": None}, {}])
def test_a_digest_tells_the_slightest_change(other):
    assert digest({"a": 1}) != digest(other)


def test_what_is_no_number_has_no_digest():
    with pytest.raises(ValueError, match="not JSON"):
        digest({"a": float("nan")})
