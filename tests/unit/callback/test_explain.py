"""Why a revisit is called when it is, as data and in words."""

from dataclasses import dataclass
from datetime import datetime

import pytest

from telephony.callback.explain import explain, explanation
from telephony.rules.verdict import Outcome
from tests.unit.rules.revisits import NUMBER, REPLIED, at, past, planner, round_of


@dataclass
class Row:
    due_at: datetime
    verdict: str | None = None
    decided_at: datetime | None = None
    next_at: datetime | None = REPLIED


def words(now, *attempts, row=None, rules=None, whole_numbers=False, **values):
    """Return the explanation's English lines."""
    revisit = round_of(*attempts, **values)
    row = row or Row(revisit.due_at)
    lines = explain(at(now), row, revisit, rules or planner(), whole_numbers=whole_numbers)
    return [line.split(" · ")[1] for line in lines]


def data(now, *attempts, **values):
    revisit = round_of(*attempts, **values)
    return explanation(at(now), Row(revisit.due_at), revisit, planner())


def test_a_first_call_may_be_placed_now():
    assert words("09:30") == [
        "now: to 138****0001, in 09:00-12:00",
        "a first call after 02-14 17:27:30 leaves no time for a second",
        "calls that count as unanswered: 0; with 2 more it is deemed satisfied (Art. 17)",
        "due: 02-14 24:00 (Art. 16)",
    ]


def test_a_second_call_waits_for_three_hours_and_another_band():
    assert words("11:40", past("11:30")) == [
        "next call: from 02-12 14:31:15 on, to 138****0001, in 14:30-18:00",
        "3 h must lie after a call that counts: again from 02-12 14:31:15 on (Art. 17)",
        "02-12 09:00-12:00: called in this band already, another is needed (Art. 17)",
        "calls that count as unanswered: 1; with 1 more it is deemed satisfied (Art. 17)",
        "a call that counts as unanswered: 02-12 11:30:00 to 02-12 11:31:15",
        "due: 02-14 24:00 (Art. 16)",
    ]


def test_days_off_in_a_row_are_one_sentence():
    lines = words("02-14 20:30", replied=at("02-13 08:00"))
    assert "now is in no band (09:00-12:00、14:30-18:00、18:00-20:30)" in lines
    assert "02-15 – 02-23: no working day, nobody is called" in lines


def test_a_single_day_off_is_named_alone():
    lines = words("02-28 20:40", replied=at("02-28 09:00"))
    assert "03-01: no working day, nobody is called" in lines


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Outcome.BUSY, "it was busy: again from 02-12 09:21:15 on"),
        (Outcome.FAILED, "a fault stopped the last call: again from 02-12 09:06:15 on"),
        (
            Outcome.UNKNOWN,
            "nobody saw how the last call ended: 3 h after its latest possible end, from 02-12 12:01:15 on",
        ),
    ],
)
def test_what_holds_a_call_back_is_told(outcome, line):
    assert line in words("09:05", past("09:00", outcome))


def test_a_call_about_another_case_is_told():
    line = "the number was called about another case: again after 10 min, from 02-12 09:11:15 on"
    assert line in words("09:05", others=(past("09:00", Outcome.ANSWERED),))


def test_a_day_on_which_the_number_was_called_often_is_told():
    calls = tuple(past(time, Outcome.BUSY) for time in ("09:00", "09:30", "10:00"))
    line = "02-12 14:30-18:00: the number was called 3 times that day, which is the limit"
    assert line in words("11:00", others=calls)


def test_the_end_of_a_band_that_a_ring_would_cross_is_told():
    assert "02-12 09:00-12:00: a ring of 75 s would not end in it" in words("11:59")


@pytest.mark.parametrize(
    ("now", "attempts", "values", "lines"),
    [
        (
            "10:00",
            [],
            {"numbers": ()},
            ["the next look at it decides: number invalid", "there is no number that works"],
        ),
        (
            "02-15 00:00",
            [],
            {},
            ["the next look at it decides: overdue", "the deadline has passed: the dialer calls no more"],
        ),
        (
            "10:00",
            [],
            {"no_disturb": frozenset({NUMBER})},
            [
                "the next look at it decides: unreachable",
                "the number is on the no-disturb list: the dialer does not call it",
            ],
        ),
        (
            "02-14 20:29",
            [],
            {},
            [
                "the next look at it decides: unreachable",
                "there is no lawful time to call before the deadline",
                "02-14 18:00-20:30: a ring of 75 s would not end in it",
            ],
        ),
    ],
)
def test_why_there_is_no_call_any_more_is_told_with_the_verdict_that_follows(now, attempts, values, lines):
    assert words(now, *attempts, **values)[: len(lines)] == lines


def test_the_limit_of_a_round_is_told():
    calls = [past("09:00", Outcome.BUSY), past("09:30", Outcome.BUSY)]
    lines = words("11:00", *calls, rules=planner(most_attempts=2))
    assert "2 calls were made in this round, which is the limit: no more are" in lines


@pytest.mark.parametrize(
    ("attempt", "values", "code"),
    [
        (past("09:00", Outcome.REFUSED), {}, "closed_refused"),
        (past("09:00", Outcome.ANSWERED), {}, "closed_answered"),
        (past("09:00"), {"called_back_at": at("09:30")}, "closed_called_back"),
        (past("09:00"), {}, None),
    ],
)
def test_what_ended_the_path_to_a_deemed_verdict_is_told_as_the_rules_see_it(attempt, values, code):
    revisit = round_of(attempt, **values)
    found = data("10:00", attempt, **values)
    assert (found.closed, found.closed is None) == (code, revisit.closed_because is None)
    sentence = "nothing is deemed in this round any more (Art. 17)"
    assert any(sentence in line for line in words("10:00", attempt, **values)) == (code is not None)


def test_a_decided_revisit_is_told_with_its_verdict_only():
    row = Row(at("02-15 00:00"), verdict="deemed_satisfied", decided_at=at("14:35"), next_at=None)
    assert words("15:00", row=row) == ["decided: deemed satisfied (02-12 14:35:00)"]


def test_while_a_call_is_under_way_nothing_is_planned():
    lines = words("09:00", row=Row(at("02-15 00:00"), next_at=None))
    assert lines[0] == "a call is under way; what follows is settled when it ends"


def test_a_number_is_shown_whole_only_if_it_may_be():
    assert words("09:30", whole_numbers=True)[0] == f"now: to {NUMBER}, in 09:00-12:00"


def test_the_data_names_codes_and_instants():
    found = data("11:40", past("11:30"))
    assert (found.state, found.verdict, found.impossible, found.tries) == ("waiting", None, None, 1)
    assert [(hold.code, hold.until) for hold in found.holds] == [("interval", at("14:31:15"))]
    assert [(each.band, each.code) for each in found.rejected] == [("09:00-12:00", "used_band")]
    assert (found.next.at, found.due_at, found.outside) == (at("14:31:15"), at("02-15 00:00"), False)
