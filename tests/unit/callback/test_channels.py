"""How many calls may be placed now: channels, the citizens' share, the pace, and trunks that rest."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.callback.channels import LONGEST_REST, Breaker, Channels, Limits
from telephony.rules.verdict import Finding, Outcome

LIMITS = Limits({"a": 10, "b": 4}, 20, 0.5, 1000, 3, 60)
FAULT, SILENT = Finding(Outcome.FAILED), Finding(Outcome.UNREACHABLE, silent=True)
UNKNOWN, RANG = Finding(Outcome.UNKNOWN), Finding(Outcome.UNANSWERED, alerted=True)


def channels(inbound=None, **changes):
    return Channels(replace(LIMITS, **changes), lambda trunk: (inbound or {}).get(trunk, 0))


def free(of, mono=0.0):
    slots = of.slots(mono)
    return {trunk: slots.count(trunk) for trunk in LIMITS.trunks}


def test_half_of_each_trunk_is_left_to_citizens():
    assert free(channels()) == {"a": 5, "b": 2}


@pytest.mark.parametrize(("share", "left"), [(0, 14), (0.5, 7), (0.9, 1), (1, 0)])
def test_the_share_of_citizens_is_never_rounded_away(share, left):
    assert len(channels(inbound_share=share).slots(0.0)) == left


@pytest.mark.parametrize(("inbound", "left"), [(0, 5), (5, 5), (6, 4), (10, 0), (12, 0)])
def test_citizens_who_call_take_no_more_from_us_than_their_share_cannot_hold(inbound, left):
    assert free(channels({"a": inbound}))["a"] == left


def test_all_trunks_together_have_a_limit():
    assert free(channels(channels=3)) == {"a": 2, "b": 1}


def test_the_trunks_take_turns():
    assert channels(inbound_share=0).slots(0.0)[:6] == ["a", "b", "a", "b", "a", "b"]


def test_calls_under_way_hold_their_channel_until_it_is_given_back():
    limited = channels(channels=6)
    for _ in range(5):
        limited.take("a")
    assert (limited.under_way, free(limited)) == (5, {"a": 0, "b": 1})
    limited.give_back("a")
    assert (limited.under_way, free(limited)) == (4, {"a": 1, "b": 1})


def test_the_pace_allows_a_second_of_calls_at_once_and_then_so_many_a_second():
    paced = channels(calls_per_second=2)
    assert len(paced.slots(100.0)) == 2
    paced.spend(2)
    assert (len(paced.slots(100.49)), len(paced.slots(100.5)), len(paced.slots(101.0))) == (0, 1, 2)


def test_the_pace_saves_up_no_more_than_a_second():
    paced = channels(calls_per_second=2)
    paced.spend(len(paced.slots(0.0)))
    assert len(paced.slots(3600.0)) == 2


def test_a_pace_below_one_a_second_lets_one_through():
    slow = channels(calls_per_second=0.1)
    slow.spend(len(slow.slots(0.0)))
    assert (len(slow.slots(9.9)), len(slow.slots(10.0))) == (0, 1)


def test_the_next_slot_is_told_when_only_time_is_lacking():
    paced = channels(calls_per_second=2)
    assert paced.next_slot(0.0) is None
    paced.spend(len(paced.slots(0.0)))
    assert paced.next_slot(0.0) == pytest.approx(0.5)


def test_the_next_slot_is_not_told_when_a_call_has_to_end_first():
    full = channels(channels=1, calls_per_second=1)
    full.spend(1)
    full.take("a")
    assert full.next_slot(0.0) is None


def test_the_next_slot_of_a_paused_trunk_is_the_end_of_its_pause():
    resting = channels(breaker_faults=1)
    assert resting.breakers["a"].note(FAULT, 100.0)
    assert (free(resting, 120.0), resting.next_slot(120.0)) == ({"a": 0, "b": 2}, 40.0)


# The breaker of a trunk.


def after(*told, mono=0.0, faults=3):
    """Return the breaker that was told this, and what it said each time."""
    breaker = Breaker(faults, 60)
    return breaker, [breaker.note(found, mono) for found in told]


@pytest.mark.parametrize("found", [FAULT, SILENT])
def test_so_many_faults_or_silences_in_a_row_pause_a_trunk_once(found):
    breaker, said = after(found, found, found, found)
    assert (said, breaker.closed_until) == ([False, False, True, False], 60.0)


@pytest.mark.parametrize("outcome", [o for o in Outcome if o not in {Outcome.FAILED, Outcome.UNKNOWN}])
def test_any_other_outcome_shows_that_the_trunk_works(outcome):
    assert not any(after(FAULT, FAULT, Finding(outcome), FAULT, FAULT)[1])


def test_an_unknown_call_says_nothing_of_the_trunk():
    assert after(FAULT, FAULT, UNKNOWN, FAULT)[1] == [False, False, False, True]


def test_a_paused_trunk_lets_nothing_through_until_its_time_and_then_one_call():
    breaker, _ = after(FAULT, FAULT, FAULT)
    assert (breaker.free(59.9, 0), breaker.free(60.0, 0), breaker.free(60.0, 1)) == (0, 1, 0)


def test_a_call_that_works_opens_the_trunk_again():
    breaker, _ = after(FAULT, FAULT, FAULT)
    assert not breaker.note(RANG, 70.0)
    assert (breaker.free(70.0, 5), after(FAULT, FAULT)[1]) == (None, [False, False])


def test_each_trial_that_fails_doubles_the_pause_up_to_a_quarter_of_an_hour():
    breaker, mono, pauses = Breaker(1, 60), 0.0, []
    for _ in range(14):
        assert breaker.note(FAULT, mono)
        pauses.append(breaker.closed_until - mono)
        mono = breaker.closed_until
    assert (pauses[:5], set(pauses[4:])) == ([60, 120, 240, 480, 900], {LONGEST_REST})


def test_faults_of_calls_that_were_sent_before_the_pause_do_not_prolong_it():
    breaker, _ = after(FAULT, FAULT, FAULT)
    assert [breaker.note(FAULT, 30.0) for _ in range(5)] == [False] * 5
    assert breaker.closed_until == 60.0


@given(
    st.dictionaries(st.sampled_from("ab"), st.integers(0, 12)),
    st.integers(1, 30),
    st.sampled_from((0.0, 0.25, 0.5, 0.8)),
    st.lists(st.sampled_from("ab"), max_size=12),
)
def test_no_limit_is_ever_passed(inbound, most, share, taken):
    limited = channels(inbound, channels=most, inbound_share=share)
    for trunk in taken:
        limited.take(trunk)
    found = free(limited)
    assert sum(found.values()) + len(taken) <= max(most, len(taken))
    for trunk, size in LIMITS.trunks.items():
        ours = taken.count(trunk) + found[trunk]
        assert found[trunk] == 0 or ours + inbound.get(trunk, 0) <= size
        assert found[trunk] == 0 or ours <= size * (1 - share) + 1e-9
