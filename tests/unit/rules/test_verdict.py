"""What a call amounts to: the outcome table of the articles, row by row, and what evidence proves."""

from datetime import timedelta
from itertools import chain, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.rules.verdict import Kind, Outcome, digest, judge, ring_time
from tests.unit.rules.revisits import (
    FLOOR,
    alerting,
    answered,
    evidence,
    found,
    guard_ends,
    network_ends,
    our_side_ends,
    sent,
)

RINGS = alerting(1)
LONG = 61
ENDS = ([], guard_ends(), network_ends(70, 480, 19), [evidence(Kind.UNWITNESSED, 300)])
CODES = {
    **dict.fromkeys((401, 403, 407), (Outcome.FAILED, 21)),
    **dict.fromkeys((404, 604), (Outcome.INVALID_NUMBER, 1)),
    410: (Outcome.INVALID_NUMBER, 22),
    484: (Outcome.INVALID_NUMBER, 28),
    485: (Outcome.FAILED, 1),
    603: (Outcome.REFUSED, 21),
    486: (Outcome.BUSY, 17),
    600: (Outcome.BUSY, 17),
    483: (Outcome.FAILED, 19),
    500: (Outcome.FAILED, 38),
    501: (Outcome.FAILED, 29),
    502: (Outcome.FAILED, 27),
    503: (Outcome.FAILED, 34),
    504: (Outcome.FAILED, 102),
    **dict.fromkeys((488, 606), (Outcome.FAILED, 58)),
    513: (Outcome.FAILED, 34),
    580: (Outcome.FAILED, 34),
    409: (Outcome.FAILED, 41),
    **dict.fromkeys((400, 402, 405, 406, 413, 421, 423, 481, 487, 491, 505, 607, 608), (Outcome.FAILED, 127)),
    **dict.fromkeys((300, 301, 302), (Outcome.FAILED, 23)),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("rang", [(), (RINGS,)], ids=["at once", "after ringing"])
def test_a_final_answer_is_what_its_code_says_and_never_counts(code, rang):
    outcome, cause = CODES[code]
    finding = found(*rang, *network_ends(LONG + 1, code, cause))
    assert (finding.outcome, finding.counts) == (outcome, False)
    assert (finding.sip_code, finding.cause, finding.alerted) == (code, cause, bool(rang))


@pytest.mark.parametrize(("code", "cause"), [(480, 19), (408, 18)])
def test_no_answer_from_the_network_counts_after_a_ring_of_the_floor_and_is_unreachable_without(code, cause):
    assert found(RINGS, *network_ends(LONG + 1, code, cause)).counts
    finding = found(*network_ends(LONG + 1, code, cause))
    assert (finding.outcome, finding.counts, finding.ring_seconds) == (Outcome.UNREACHABLE, False, 0)


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        *((17, Outcome.BUSY), (21, Outcome.REFUSED), (20, Outcome.UNREACHABLE)),
        *((1, Outcome.INVALID_NUMBER), (22, Outcome.INVALID_NUMBER), (28, Outcome.INVALID_NUMBER)),
        *((cause, Outcome.FAILED) for cause in (34, 38, 41, 42, 27, 58, 16, 127, 0, None)),
    ],
)
def test_where_no_code_is_told_the_cause_decides_and_none_of_these_counts(cause, outcome):
    finding = found(RINGS, *network_ends(LONG + 1, None, cause))
    assert (finding.outcome, finding.counts) == (outcome, False)


@pytest.mark.parametrize("cause", [18, 19])
def test_where_no_code_is_told_a_cause_of_no_answer_counts_after_a_ring(cause):
    assert found(RINGS, *network_ends(LONG + 1, None, cause)).counts


@pytest.mark.parametrize("cause", [17, 20, 21, 34, 127, None])
def test_a_code_of_no_answer_with_a_cause_that_says_otherwise_never_counts(cause):
    assert not found(RINGS, *network_ends(LONG + 1, 480, cause)).counts


def test_our_guard_timer_counts_after_a_ring_and_hides_the_code_that_the_switch_made_up():
    finding = found(RINGS, *guard_ends())
    assert (finding.outcome, finding.counts, finding.sip_code) == (Outcome.UNANSWERED, True, None)


def test_our_guard_timer_without_alerting_is_unreachable():
    finding = found(*guard_ends())
    assert (finding.outcome, finding.counts, finding.alerted) == (Outcome.UNREACHABLE, False, False)


@pytest.mark.parametrize(
    ("seconds", "counts"), [(59.0, False), (59.9994, False), (59.9996, False), (59.999999, False), (60, True)]
)
@pytest.mark.parametrize("ends", [guard_ends, lambda seconds: network_ends(seconds, 480, 19)])
def test_a_ring_counts_from_the_floor_on_and_not_a_microsecond_before(seconds, counts, ends):
    finding = found(RINGS, *ends(1 + seconds))
    assert (finding.outcome, finding.counts) == (Outcome.UNANSWERED, counts)


def test_the_floor_is_the_one_in_force():
    told = [RINGS, *network_ends(31, 480, 19)]
    assert (found(*told, floor=30.0).counts, found(*told, floor=31.0).counts) == (True, False)


@pytest.mark.parametrize("rang", [(), (RINGS,)])
@pytest.mark.parametrize(("cause", "code"), [(0, None), (19, 480), (21, 403), (16, None), (18, 408)])
def test_a_hangup_of_our_side_never_counts_whatever_it_looks_like(rang, cause, code):
    finding = found(*rang, *our_side_ends(LONG + 1, cause, code))
    assert (finding.outcome, finding.counts) == (Outcome.UNKNOWN if rang else Outcome.FAILED, False)


def test_a_hangup_alone_proves_nobodys_release():
    assert found(RINGS, evidence(Kind.HANGUP, LONG + 1, cause=19, sip_code=480)).outcome is Outcome.UNKNOWN


def test_a_timeout_of_which_dialling_had_ended_before_is_none_of_our_guard_timer():
    told = [RINGS, evidence(Kind.DIAL_END, 70, status="NOANSWER"), *guard_ends()]
    assert (found(*told).outcome, found(*told).counts) == (Outcome.UNKNOWN, False)


def test_ringing_proves_alerting_before_progress_which_may_be_an_announcement():
    progress = alerting(1, "PROGRESS")
    assert found(progress, *guard_ends(62)).counts
    assert not found(progress, alerting(10), *guard_ends(62)).counts
    assert found(progress, alerting(10), *guard_ends(70)).counts


def test_the_first_ringing_is_when_it_began_to_ring():
    assert found(alerting(1), alerting(40), *guard_ends(62)).ring_seconds == 61


@pytest.mark.parametrize("rating", ["satisfied", "basically_satisfied", "dissatisfied"])
def test_an_answered_and_rated_call_has_its_rating(rating):
    told = [RINGS, *answered(9), evidence(Kind.RATED, 20, rating=rating), evidence(Kind.HANGUP, 30, cause=16)]
    finding = found(*told)
    assert (finding.outcome, finding.rating, finding.counts, finding.voicemail) == (
        *(Outcome.ANSWERED, rating, False, False),
    )
    assert (finding.ring_seconds, finding.answered_at) == (8, evidence(Kind.UP, 9).at)


def test_of_several_ratings_the_last_counts():
    told = [
        evidence(Kind.RATED, second, rating=rating)
        for second, rating in ((30, "satisfied"), (20, "dissatisfied"))
    ]
    assert found(RINGS, *answered(9), *told).rating == "satisfied"


def test_an_answered_call_without_a_rating_does_not_count():
    finding = found(RINGS, *answered(70), evidence(Kind.HANGUP, 90, cause=16))
    assert (finding.outcome, finding.rating, finding.counts) == (Outcome.ANSWERED, None, False)


def test_a_machine_that_answers_is_no_contact():
    finding = found(RINGS, *answered(9), evidence(Kind.MACHINE, 12), evidence(Kind.HANGUP, 13, cause=16))
    assert (finding.outcome, finding.voicemail, finding.counts) == (Outcome.UNREACHABLE, True, False)


@pytest.mark.parametrize(
    "human", [evidence(Kind.KEY, 14, key="9"), evidence(Kind.RATED, 14, rating="satisfied")]
)
def test_a_machine_that_presses_keys_is_a_person(human):
    finding = found(RINGS, *answered(9), evidence(Kind.MACHINE, 12), human)
    assert (finding.outcome, finding.voicemail) == (Outcome.ANSWERED, False)


@pytest.mark.parametrize(
    "proof",
    [
        evidence(Kind.UP, 9),
        evidence(Kind.RESPONSE, 9, reason=4),
        evidence(Kind.RATED, 9, rating="satisfied"),
        evidence(Kind.KEY, 9, key="9"),
    ],
)
@pytest.mark.parametrize(
    "end", [[], guard_ends(), network_ends(70, 480, 19), [evidence(Kind.UNWITNESSED, 300)]]
)
def test_each_proof_of_an_answer_outdoes_whatever_else_is_told(proof, end):
    finding = found(RINGS, proof, *end)
    assert (finding.outcome, finding.counts) == (Outcome.ANSWERED, False)


@pytest.mark.parametrize("kind", [Kind.NOT_SENT, Kind.SWITCH_REFUSED])
def test_what_was_not_dialled_is_no_attempt(kind):
    finding = found(evidence(kind, 0.1))
    assert (finding.outcome, finding.counts, finding.ended_at) == (
        Outcome.FAILED,
        False,
        evidence(kind, 0.1).at,
    )


@pytest.mark.parametrize("kind", [Kind.NOT_SENT, Kind.SWITCH_REFUSED])
def test_what_rang_was_dialled_whatever_the_switch_said(kind):
    assert found(evidence(kind, 0.1), RINGS).outcome is Outcome.UNKNOWN


def test_an_end_that_nobody_saw_is_unknown():
    assert found().outcome is Outcome.UNKNOWN
    assert found(RINGS).outcome is Outcome.UNKNOWN
    assert found(RINGS, evidence(Kind.UNWITNESSED, 300)).outcome is Outcome.UNKNOWN
    assert found(RINGS, evidence(Kind.DIAL_END, 62, status="NOANSWER")).outcome is Outcome.UNKNOWN


def test_an_end_that_was_told_later_does_not_make_known_what_nobody_saw():
    assert found(RINGS, evidence(Kind.UNWITNESSED, 300), *guard_ends()).outcome is Outcome.UNKNOWN


def test_a_failure_of_the_switch_that_made_no_channel_is_no_attempt():
    assert found(evidence(Kind.RESPONSE, 0.2, reason=0)).outcome is Outcome.FAILED


@pytest.mark.parametrize(("seconds", "silent"), [(30.9, False), (31.0, True), (32.0, True)])
def test_a_trunk_is_silent_if_the_switch_itself_gave_up_after_timer_b(seconds, silent):
    assert found(*network_ends(seconds, 408, 18)).silent == silent


def test_a_trunk_that_rang_or_said_408_at_once_is_not_silent():
    assert not found(RINGS, *network_ends(40, 408, 18)).silent
    assert not found(*network_ends(0.2, 408, 18)).silent


def test_a_clock_put_forward_makes_no_ring_longer():
    finding = found(RINGS, *[_shifted(each, wall=3600) for each in network_ends(31, 480, 19)])
    assert (finding.ring_seconds, finding.counts) == (30, False)


def test_a_clock_put_back_makes_a_ring_shorter_and_never_less_than_nothing():
    finding = found(RINGS, *[_shifted(each, wall=-40) for each in network_ends(76, 480, 19)])
    assert (finding.ring_seconds, finding.counts) == (35, False)
    assert found(RINGS, *[_shifted(each, wall=-900) for each in network_ends(76, 480, 19)]).ring_seconds == 0


def test_an_end_that_arrived_late_after_the_clock_was_put_forward_makes_no_ring_longer():
    late = [_shifted(each, wall=3600, mono=8, late=8.0) for each in network_ends(56, 480, 19)]
    assert not found(RINGS, *late).counts


def test_seconds_of_two_boots_are_not_compared():
    start, end = alerting(1, boot="a"), evidence(Kind.HANGUP, 80, boot="b", mono=3)
    assert (ring_time(start, end), ring_time(start, None), ring_time(None, end)) == (79, 0, 0)


def _shifted(told, *, wall=0, mono=0, **more):
    """Return the same fact as a clock that was set tells it, or as it arrives late."""
    data = {**told.data, **more}
    return type(told)(
        told.kind, told.at + timedelta(seconds=wall), told.key, told.mono + mono, told.boot, data
    )


CALLS = {
    "network": [sent(), RINGS, alerting(3), *network_ends(62, 480, 19)],
    "guard": [sent(), RINGS, *guard_ends()],
    "ours": [sent(), RINGS, *our_side_ends(62, 19, 480)],
    "rated": [sent(), RINGS, *answered(9), evidence(Kind.RATED, 20, rating="satisfied")],
    "rerated": [
        *(sent(), *answered(9)),
        *(
            evidence(Kind.RATED, 20 + n, rating=rating)
            for n, rating in enumerate(("satisfied", "dissatisfied"))
        ),
    ],
    "voicemail": [sent(), RINGS, *answered(9), evidence(Kind.MACHINE, 12)],
    "same moment": [sent(), alerting(1), alerting(1, "PROGRESS"), *network_ends(1, 486, 17, "BUSY")],
}


@given(st.sampled_from(list(CALLS.values())), st.data())
@settings(max_examples=300)
def test_evidence_in_any_order_and_told_twice_proves_the_same(told, data):
    shuffled = data.draw(st.permutations(told))
    twice = shuffled + data.draw(st.lists(st.sampled_from(told), max_size=5))
    assert judge(twice, FLOOR) == judge(told, FLOOR)
    assert digest(shuffled) == digest(told)


def test_the_digest_changes_with_every_fact():
    told = CALLS["guard"]
    others = [told[1:], [*told, evidence(Kind.UP, 5)], [*told[:-1], _shifted(told[-1], wall=0.001)]]
    others += [[*told[:-1], _shifted(told[-1], mono=0.001)], [*told[:-1], _shifted(told[-1], cause=18)]]
    assert len({digest(each) for each in [told, *others]}) == 6


@given(st.lists(st.sampled_from(list(chain(*CALLS.values()))), max_size=12), st.integers(1, 75))
@settings(max_examples=400)
def test_whatever_is_told_only_a_proved_ring_and_a_proved_release_count(told, floor):
    finding = judge(told, float(floor))
    if finding.counts:
        kinds = {each.kind for each in told}
        timed_out = any(each.data.get("reason") == 3 for each in told)
        assert {Kind.ALERTING, Kind.HANGUP} <= kinds
        assert Kind.RELEASED in kinds or timed_out
        assert not kinds & {Kind.UP, Kind.RATED, Kind.KEY, Kind.UNWITNESSED}
        assert finding.ring_seconds >= floor


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_network_may_tell_its_release_in_any_order(order):
    told = network_ends(62, 480, 19)
    assert found(*(told[n] for n in order), RINGS).counts
