"""What is hot, and whose head should come: a table of it, both sides of each limit."""

from datetime import UTC, datetime

import pytest

from telephony.rules.leader_topics import (
    Candidate,
    Spans,
    Tally,
    TopicRules,
    Topics,
    Wish,
    ahead,
    in_turn,
    longest_ago,
    ranked,
    suggest,
    weigh,
)

RULES = TopicRules()
EMPTY = ranked({}, RULES)
MAYOR = Candidate("mayor", "city_government")
DEPUTY = Candidate("deputy", "city_government")
HEAD = Candidate("water-head", "unit_head", unit="water")
ZHANHE = Candidate("zhanhe-head", "district_leader", district="湛河区")
CITY = (MAYOR, HEAD, ZHANHE)
SPREAD = {"a": 10, "b": 10, "c": 10, "d": 10, "e": 10}


def of(cases):
    return ranked({name: Spans(Tally(cases=count)) for name, count in cases.items()}, RULES)


def suggested(units, districts=None, candidates=CITY, level="city", below=()):
    districts = {None: sum(units.values())} if districts is None else districts
    topics = Topics(EMPTY, EMPTY, of(units), of(districts), frozenset(below))
    found = suggest(level, topics, candidates, RULES)
    return found.leader, found.wish.because, [wish.kind for wish in found.without]


def sat(candidate, day):
    at = datetime(2026, 10, day, tzinfo=UTC)
    return Candidate(candidate.code, candidate.kind, candidate.unit, candidate.district, at)


def test_who_asks_again_or_was_not_helped_weighs_more_than_who_asks():
    assert weigh(Tally(cases=3), RULES) == 3
    assert weigh(Tally(cases=3, urgings=2), RULES) == 5
    assert weigh(Tally(cases=3, urgings=2, dissatisfied=1), RULES) == 7
    assert weigh(Tally(calls=9), RULES) == 9
    heavy = TopicRules(case=0, urging=0.5, dissatisfied=10)
    assert weigh(Tally(cases=3, urgings=2, dissatisfied=1), heavy) == 11


def test_the_hottest_comes_first_with_its_share_of_everything_and_its_change():
    found = ranked(
        {
            "gas": Spans(Tally(cases=10), Tally(cases=20)),
            "water": Spans(Tally(cases=20, urgings=5, dissatisfied=5), Tally(cases=20)),
            "new": Spans(Tally(cases=10)),
            "over": Spans(Tally(), Tally(cases=9)),
            None: Spans(Tally(cases=45)),
        },
        RULES,
    )
    told = [(each.name, each.weight, each.share, each.before, each.change) for each in found.hot]
    assert found.total == 100
    assert told == [
        ("water", 35, 0.35, 20, 0.75),
        ("gas", 10, 0.1, 20, -0.5),
        ("new", 10, 0.1, 0, None),
    ]
    assert (found.hot[0].cases, found.hot[0].urgings, found.hot[0].dissatisfied) == (20, 5, 5)


@pytest.mark.parametrize(
    ("cases", "first"),
    [
        ({"a": 25, "b": 15, "c": 15, "d": 15, "e": 15, "f": 15}, "a"),
        ({"a": 24, "b": 16, "c": 15, "d": 15, "e": 15, "f": 15}, None),  # under a quarter of all
        ({"a": 45, "b": 30, "c": 25}, "a"),
        ({"a": 44, "b": 30, "c": 26}, None),  # less than one and a half times the next
        ({"a": 20}, "a"),
        ({"a": 19}, None),  # too few to say anything
        ({"a": 25, None: 75}, "a"),
        ({"a": 24, None: 76}, None),  # most name none: nothing is guessed of them
        ({None: 100}, None),
        ({}, None),
    ],
)
def test_one_is_clearly_ahead_by_its_share_and_by_its_lead(cases, first):
    found = ahead(of(cases), RULES)
    assert (found and found.name) == first


@pytest.mark.parametrize(
    ("units", "districts", "leader", "because", "without"),
    [
        ({"water": 50, "gas": 10}, None, "water-head", "unit", []),
        ({"water": 50, "gas": 10}, {"湛河区": 60}, "water-head", "unit", []),
        (SPREAD, {"湛河区": 40, "新华区": 10}, "zhanhe-head", "district", []),
        (SPREAD, {"湛河区": 25, "新华区": 25}, "mayor", "spread", []),
        ({"gas": 50, "water": 10}, {"湛河区": 60}, "zhanhe-head", "district", ["unit_head"]),
        ({"gas": 50, "water": 10}, None, "mayor", "next_best", ["unit_head"]),
        (SPREAD, {"新华区": 50}, "mayor", "next_best", ["district_leader"]),
        ({"gas": 60}, {"新华区": 60}, "mayor", "next_best", ["unit_head", "district_leader"]),
        ({"water": 19}, {"湛河区": 19}, "mayor", "too_little", []),
        ({"water": 20}, {"湛河区": 20}, "water-head", "unit", []),
        ({}, {}, "mayor", "too_little", []),
    ],
)
def test_whose_head_comes_follows_from_what_is_clearly_ahead(units, districts, leader, because, without):
    assert suggested(units, districts) == (leader, because, without)


def test_without_a_leader_of_the_city_government_any_other_comes():
    assert suggested(SPREAD, candidates=(HEAD, ZHANHE)) == ("water-head", "next_best", ["city_government"])


def test_a_unit_below_the_city_is_its_districts_matter_unless_it_has_a_head_of_its_own():
    units = {"zhanhe-street": 60}
    assert suggested(units, {"湛河区": 60}, below=units) == ("zhanhe-head", "district", [])
    own = Candidate("street-head", "unit_head", unit="zhanhe-street")
    assert suggested(units, {"湛河区": 60}, (*CITY, own), below=units) == ("street-head", "unit", [])


@pytest.mark.parametrize("units", [{}, {"water": 100}])
def test_in_a_county_the_countys_leader_comes_whatever_is_hot(units):
    county = Candidate("county-head", "county_leader")
    assert suggested(units, candidates=(county,), level="county") == ("county-head", "county", [])


def test_nobody_comes_where_nobody_is_configured():
    assert suggested({}, candidates=()) == (None, "nobody", [])
    assert suggested({}, candidates=(), level="county") == (None, "nobody", ["county_leader"])
    found = suggest("city", Topics(EMPTY, EMPTY, of(SPREAD), EMPTY), (), RULES)
    assert (found.leader, found.wish) == (None, Wish(None, None, "nobody"))


@pytest.mark.parametrize(
    ("candidates", "code"),
    [
        ((MAYOR, DEPUTY), "mayor"),
        ((sat(MAYOR, 1), DEPUTY), "deputy"),
        ((sat(MAYOR, 2), sat(DEPUTY, 1)), "deputy"),
        ((sat(MAYOR, 1), sat(DEPUTY, 2)), "mayor"),
        ((sat(MAYOR, 1), sat(DEPUTY, 1)), "mayor"),
    ],
)
def test_of_several_who_sat_longest_ago_comes_and_before_all_who_never_did(candidates, code):
    assert longest_ago(candidates).code == code
    assert suggested(SPREAD, candidates=candidates)[0] == code


def test_with_too_little_counted_all_kinds_take_turns():
    assert suggested({}, candidates=(sat(MAYOR, 3), sat(HEAD, 1), sat(ZHANHE, 2)))[0] == "water-head"


def test_later_months_take_turns_behind_who_is_suggested():
    candidates = (sat(MAYOR, 3), sat(HEAD, 1), ZHANHE)
    assert in_turn(candidates, ["water-head"], 4) == ["zhanhe-head", "mayor", "water-head", "zhanhe-head"]
    assert in_turn(candidates, [], 1) == ["zhanhe-head"]
    assert in_turn((), [], 3) == []
