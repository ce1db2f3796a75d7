"""What is stored comes first, then everybody is moved; what the store refuses is kept, in its order."""

import pytest

from telephony.errors import UnknownThingError
from telephony.threeway.storing import RETRY
from tests.unit.threeway.talking import Around, conversation_in, leave

TO_MUSIC = [("move", "citizen-leg", "CITIZEN_WAITS")]
BACK = [("move", "citizen-leg", "CITIZEN_IN")]


@pytest.fixture
def around():
    return Around(conversation_in("talking", "citizen", "agent", "unit"))


def failed(deferred):
    """Note whether a Deferred has failed, in a list."""
    failures = []
    deferred.addErrback(failures.append)
    return failures


def test_nobody_is_moved_before_the_new_state_is_stored(around):
    around.do("hold_citizen")
    assert around.done == []
    around.store.commit()
    assert around.done == [("stored", "consulting"), *TO_MUSIC]


def test_a_command_fires_once_it_is_stored_and_everybody_is_being_moved(around):
    seen = []
    around.do("hold_citizen").addCallback(lambda _: seen.extend(around.done))
    around.store.commit()
    assert seen == [("stored", "consulting"), *TO_MUSIC]


def test_a_look_while_a_change_is_being_stored_moves_nobody(around):
    around.do("hold_citizen")
    around.all.settled(around.conversation)
    around.all.act(around.conversation)
    assert around.done == []


def test_two_changes_in_the_same_instant_are_stored_in_their_order_and_only_the_last_is_acted_upon(around):
    around.do("hold_citizen")
    around.do("join")
    around.store.commit()
    assert around.done == [("stored", "consulting")]
    around.store.commit()
    assert around.done == [("stored", "consulting"), ("stored", "talking")]


def test_what_the_store_refuses_fails_for_who_waits_and_moves_nobody(around):
    failures = failed(around.do("hold_citizen"))
    around.store.refuse()
    assert len(failures) == 1
    assert around.done == []


def test_what_the_store_refused_is_stored_later_and_then_acted_upon(around):
    failed(around.do("hold_citizen"))
    around.store.refuse()
    around.timer.advance(RETRY)
    around.store.commit()
    assert around.done == [("stored", "consulting"), *TO_MUSIC]


def test_what_was_refused_is_tried_again_no_sooner_than_after_a_second(around):
    failed(around.do("hold_citizen"))
    around.store.refuse()
    around.timer.advance(RETRY - 0.01)
    assert around.store.waiting == 0
    around.timer.advance(0.01)
    assert around.store.waiting == 1


def test_what_is_refused_again_and_again_is_kept(around):
    failed(around.do("hold_citizen"))
    for _ in range(5):
        around.store.refuse()
        around.timer.advance(RETRY)
    around.store.commit()
    assert around.done == [("stored", "consulting"), *TO_MUSIC]


def test_a_refused_change_is_never_written_over_a_newer_one(around):
    failed(around.do("hold_citizen"))
    around.store.refuse()
    around.do("join")
    around.store.commit()
    around.timer.advance(RETRY)
    assert (around.store.state, around.store.waiting) == ("talking", 0)


def test_a_change_that_comes_while_one_is_refused_is_stored_with_it(around):
    failed(around.do("hold_citizen"))
    failures = failed(around.do("join"))
    around.store.refuse()
    around.timer.advance(RETRY)
    around.store.commit()
    assert (around.store.state, failures) == ("talking", [])


def test_nothing_is_tried_again_once_stopped(around):
    failed(around.do("hold_citizen"))
    around.store.refuse()
    around.all.stop()
    around.timer.advance(RETRY)
    assert around.store.waiting == 0


def test_without_the_switch_nobody_is_moved_until_it_is_looked_at_again(around):
    around.line.is_up = False
    around.do("hold_citizen")
    around.store.commit()
    around.line.is_up = True
    assert around.done == [("stored", "consulting")]
    around.all.settled(around.conversation)
    assert around.done[1:] == TO_MUSIC


def test_who_is_where_they_belong_is_not_moved_again(around):
    around.do("hold_citizen")
    around.store.commit()
    around.all.act(around.conversation)
    assert around.done[1:] == TO_MUSIC


def test_citizen_and_agent_leave_the_queues_bridge_in_one_move():
    around = Around(conversation_in("new", "citizen", "agent", moved=False))
    around.do("ask")
    around.store.commit()
    assert around.done[1:] == [("move_both", "citizen-leg", "CITIZEN_WAITS", "agent-leg", "AGENT_ASKS")]


def test_a_conversation_that_is_over_is_found_until_its_last_channel_has_ended(around):
    around.do("end")
    around.store.commit()
    assert around.all.find("1") is around.conversation
    for name in ("citizen", "agent", "unit"):
        leave(around.conversation, name)
    around.all.settled(around.conversation)
    around.store.commit()
    with pytest.raises(UnknownThingError, match="1"):
        around.all.find("1")


def test_at_its_end_everybody_is_hung_up_once(around):
    around.do("end")
    around.store.commit()
    around.all.act(around.conversation)
    legs = ["agent-leg", "citizen-leg", "unit-leg"]
    assert sorted(around.done[1:]) == [("hang_up", leg) for leg in legs]


def test_what_is_not_changed_is_not_written(around):
    around.do("hold_citizen")
    around.store.commit()
    around.all.settled(around.conversation)
    assert around.store.waiting == 0
