"""Rules are stored under their version, and can be applied again when nobody has them in force any more."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.bands import parse_band
from telephony.rules.revisit import Rules, describe, rules_from

RULES = Rules(version="2026-11", bands=(parse_band("09:00-12:00"), parse_band("14:30-18:00")))
LENGTHS = st.integers(0, 86400).map(lambda seconds: timedelta(seconds=seconds))


def stored(rules):
    return json.loads(json.dumps(describe(rules)))


@given(
    floor=st.integers(1, 120),
    interval=LENGTHS,
    gap=LENGTHS,
    retry=LENGTHS,
    cap=st.integers(1, 10),
    name=st.text(),
)
def test_rules_that_were_stored_are_the_same_again(floor, interval, gap, retry, cap, name):
    rules = replace(
        RULES,
        version=name,
        ring_floor=floor,
        interval=interval,
        number_gap=gap,
        busy_retry=retry,
        daily_cap=cap,
    )
    assert rules_from(stored(rules)) == rules


def test_a_parameter_that_is_newer_than_the_stored_rules_has_its_default():
    old = {name: value for name, value in stored(RULES).items() if name != "number_gap"}
    assert rules_from(old) == RULES


@pytest.mark.parametrize(
    "parameters",
    [{}, {"version": "1"}, stored(RULES) | {"bands": ["9-12"]}, stored(RULES) | {"strange": 1}],
    ids=["nothing", "no bands", "a wrong band", "an unknown one"],
)
def test_what_is_no_set_of_rules_is_an_error(parameters):
    with pytest.raises((KeyError, TypeError, ValueError)):
        rules_from(parameters)
