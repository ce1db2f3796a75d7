"""A notice of a known incident in the story of a call: how far it got decides how the call ended."""

import pytest

from telephony.rules.returns import why_owed
from tests.unit.rules.test_call_story import AGENT, AGENT_ENDS, CITIZEN, TALK, record, story

ARRIVED = TALK[:5]
NOTICE = [record("notice", 8.1, extra="7"), record("notice_heard", 12, extra="7")]
PASSED = record("notice_passed", 14, extra="7")
GONE = record("HANGUP", 15, source=CITIZEN, cause=16)
QUEUED = record("queued", 15, extra="city-12345")


def test_who_hears_a_notice_to_its_end_and_hangs_up_was_answered_by_it():
    call, kinds = story([*ARRIVED, *NOTICE, GONE])
    assert kinds[-3:] == ["notice", "notice_heard", "ended"]
    assert (call.outcome, call.notice, call.notice_stage) == ("by_notice", 7, "heard")


def test_such_a_call_is_owed_no_return():
    call, _ = story([*ARRIVED, *NOTICE, GONE])
    assert why_owed(call, "10000012345") is None


def test_who_hangs_up_before_its_end_gave_up_early():
    call, _ = story([*ARRIVED, NOTICE[0], GONE])
    assert (call.outcome, call.notice_stage) == ("abandoned_early", "begun")


def test_who_goes_on_and_then_hangs_up_in_the_queue_has_abandoned():
    call, _ = story([*ARRIVED, *NOTICE, PASSED, QUEUED, record("HANGUP", 20, source=CITIZEN)])
    assert (call.outcome, call.notice_stage) == ("abandoned", "passed")


def test_who_has_gone_on_and_hangs_up_before_the_queue_was_not_answered_by_it():
    call, _ = story([*ARRIVED, *NOTICE, PASSED, GONE])
    assert call.outcome == "abandoned_early"


def test_who_goes_on_and_talks_is_answered():
    call, _ = story([*ARRIVED, *NOTICE, PASSED, *TALK[5:], *AGENT_ENDS])
    assert (call.outcome, call.agent) == ("answered", AGENT[6:10])


def test_a_call_that_our_side_cuts_during_a_notice_has_failed():
    call, _ = story([*ARRIVED, *NOTICE, record("HANGUP", 15, source="", cause=16)])
    assert call.outcome == "failed"


@pytest.mark.parametrize("extra", ["", "x", "7/1", "1" * 19])
def test_what_is_no_notices_id_is_nothing(extra):
    call, kinds = story([*ARRIVED, record("notice", 8.1, extra=extra)])
    assert (call.notice, "notice" in kinds) == (None, False)


def test_who_keeps_the_place_is_let_go_for_that_and_owed_nothing_more():
    kept = [record("kept", 60, extra="city-12345"), record("HANGUP", 63, source="", cause=16)]
    call, kinds = story([*ARRIVED, QUEUED, *kept])
    assert (call.outcome, kinds[-2:], why_owed(call, "10000012345")) == ("kept", ["kept", "ended"], None)


def test_whom_a_full_queue_lets_go_is_owed_a_return_for_that():
    let_go = [record("overflowed", 60, extra="city-12345"), record("HANGUP", 63, source="", cause=16)]
    call, _ = story([*ARRIVED, QUEUED, *let_go])
    assert (call.outcome, call.ended_by, why_owed(call, "10000012345")) == (
        "overflowed",
        "system",
        "overflow",
    )
