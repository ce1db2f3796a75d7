"""Figures of revisits, on each database, against numbers counted by hand."""

from dataclasses import asdict
from datetime import timedelta

import pytest

from telephony.store.database import engine_of, transaction
from telephony.store.revisit_reports import Group, report
from telephony.store.tables import metadata
from tests.unit.store.revisit_rows import DAY, DUE, NOON, put_attempt, put_revisit

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def counts(figures, *names):
    return tuple(getattr(figures, name) for name in names)


def total(connection, now=DUE, **period):
    return report(connection, Group.ALL, now, **period).total


def put_many(connection, unit, verdict, count):
    for each in range(count):
        put_revisit(connection, f"{unit}-{verdict}-{each}", verdict, unit=unit)


def test_each_verdict_is_counted_apart(connection):
    verdicts = ["satisfied"] * 3 + ["basically_satisfied"] * 2 + ["dissatisfied"] + ["deemed_satisfied"] * 4
    verdicts += ["contacted_unrated", "unreachable", "number_invalid", "overdue", None, None]
    for number, verdict in enumerate(verdicts):
        put_revisit(connection, f"C{number}", verdict)
    figures = asdict(total(connection, DUE - SECOND))
    assert figures == {
        "group": "all",
        "opened": 16,
        "due": 0,
        "decided": 13,
        "in_time": 13,
        "late": 0,
        "reached": 7,
        "rated": 6,
        "satisfied": 3,
        "basically_satisfied": 2,
        "dissatisfied": 1,
        "deemed_satisfied": 4,
        "contacted_unrated": 1,
        "unreachable": 1,
        "number_invalid": 1,
        "overdue": 1,
        "open": 2,
        "revisit_rate": 0.8125,
        "in_time_rate": 1.0,
        "reached_rate": 0.4375,
        "satisfaction_without_deemed": 0.8333,
        "satisfaction_with_deemed": 0.9,
        "deemed_share": 0.3077,
        "deemed_outlier": False,
    }


def test_where_there_is_nothing_to_divide_by_there_is_no_share(connection):
    put_revisit(connection, "C1")
    put_revisit(connection, "C2", "overdue")
    figures = total(connection, NOON)
    shares = ("in_time_rate", "satisfaction_without_deemed", "satisfaction_with_deemed", "deemed_share")
    assert counts(figures, *shares) == (None, None, None, None)
    assert counts(figures, "revisit_rate", "reached_rate") == (0.0, 0.0)


def test_a_report_of_nothing_has_no_groups_and_a_total_of_naught(connection):
    found = report(connection, Group.UNIT, NOON)
    assert (found.groups, found.total.opened, found.total.revisit_rate) == ([], 0, None)


def test_deemed_ones_alone_are_full_satisfaction_with_them_and_none_without(connection):
    put_revisit(connection, "C1", "deemed_satisfied")
    figures = total(connection)
    assert counts(figures, "satisfaction_without_deemed", "satisfaction_with_deemed") == (None, 1.0)


def test_in_time_is_up_to_the_deadline_and_no_second_longer(connection):
    put_revisit(connection, "C1", "satisfied", decided_at=DUE)
    put_revisit(connection, "C2", "satisfied", decided_at=DUE + SECOND)
    assert counts(total(connection), "in_time", "late", "in_time_rate") == (1, 1, 0.5)


def test_a_passed_deadline_is_late_whether_it_is_overdue_or_still_open(connection):
    put_revisit(connection, "C1", "overdue", decided_at=DUE)
    put_revisit(connection, "C2")
    assert counts(total(connection, DUE), "due", "decided", "in_time", "late") == (2, 0, 0, 2)
    assert counts(total(connection, DUE - SECOND), "due", "decided", "in_time", "late") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("verdict", "state", "campaign", "reached"),
    [
        ("unreachable", "answered", "revisit", 1),
        ("unreachable", "refused", "revisit", 0),
        ("unreachable", "answered", "poll", 0),
        (None, "answered", "revisit", 1),
        ("contacted_unrated", "busy", "revisit", 1),
        ("deemed_satisfied", "unanswered", "revisit", 0),
    ],
)
def test_reached_is_who_answered_a_call_of_the_round_or_spoke_with_a_person(
    connection, verdict, state, campaign, reached
):
    put_attempt(connection, put_revisit(connection, "C1", verdict), state, campaign)
    assert total(connection).reached == reached


def test_the_days_are_those_of_the_reply_in_shanghai(connection):
    for number, hours in enumerate((-12, 11.99, 12, 36)):
        put_revisit(connection, f"C{number}", replied_at=NOON + hours * HOUR)
    found = report(connection, Group.DAY, NOON)
    assert [(each.group, each.opened) for each in found.groups] == [
        ("2026-02-11", 2),
        ("2026-02-12", 1),
        ("2026-02-13", 1),
    ]


@pytest.mark.parametrize("group", [Group.UNIT, Group.DISTRICT, Group.CATEGORY])
def test_each_group_has_its_own_figures_and_cases_that_name_none_come_last(connection, group):
    for number, name in enumerate(("B", "A", None, "B")):
        put_revisit(connection, f"C{number}", "satisfied", **{"unit": None, group.value: name})
    found = report(connection, group, DUE)
    assert [(each.group, each.opened) for each in found.groups] == [("A", 1), ("B", 2), (None, 1)]
    assert counts(found.total, "group", "opened", "rated") == ("all", 4, 4)


def test_a_period_begins_with_its_first_moment_and_ends_before_its_last(connection):
    for number, at in enumerate((NOON - SECOND, NOON, NOON + DAY - SECOND, NOON + DAY)):
        put_revisit(connection, f"C{number}", replied_at=at)
    assert total(connection, since=NOON).opened == 3
    assert total(connection, until=NOON + DAY).opened == 3
    assert total(connection, since=NOON, until=NOON + DAY).opened == 2


def test_a_demonstration_is_in_no_figure(connection):
    put_revisit(connection, "C1", "satisfied", demo=True)
    assert total(connection).opened == 0


def test_a_unit_with_a_share_of_deemed_far_above_the_others_is_marked(connection):
    put_many(connection, "water", "deemed_satisfied", 15)
    put_many(connection, "water", "satisfied", 5)
    for unit in ("gas", "roads", "parks"):
        put_many(connection, unit, "deemed_satisfied", 4)
        put_many(connection, unit, "satisfied", 16)
    found = report(connection, Group.UNIT, DUE)
    assert {each.group: each.deemed_share for each in found.groups}["water"] == 0.75
    assert [each.group for each in found.groups if each.deemed_outlier] == ["water"]
    assert found.total.deemed_outlier is False


@pytest.mark.parametrize(
    ("deemed", "rated", "marked"),
    [
        (8, 12, False),  # 0.4 against 0.1: 2.74 standard errors
        (9, 11, True),  # 0.45 against 0.1: 3.10
        (9, 10, False),  # 19 decided are too few
        (20, 0, True),
    ],
)
def test_the_mark_begins_at_three_standard_errors_and_twenty_decided(connection, deemed, rated, marked):
    put_many(connection, "water", "deemed_satisfied", deemed)
    put_many(connection, "water", "satisfied", rated)
    put_many(connection, "gas", "deemed_satisfied", 4)
    put_many(connection, "gas", "satisfied", 36)
    found = {each.group: each.deemed_outlier for each in report(connection, Group.UNIT, DUE).groups}
    assert found == {"water": marked, "gas": False}


def test_few_deemed_are_no_outlier_though_the_others_have_none(connection):
    put_many(connection, "water", "deemed_satisfied", 4)
    put_many(connection, "water", "satisfied", 16)
    put_many(connection, "gas", "satisfied", 100)
    assert not any(each.deemed_outlier for each in report(connection, Group.UNIT, DUE).groups)


def test_a_unit_alone_has_none_to_be_compared_with(connection):
    put_many(connection, "water", "deemed_satisfied", 30)
    assert [each.deemed_outlier for each in report(connection, Group.UNIT, DUE).groups] == [False]
