"""Calls of a leader day read together with the ledger: how each stands, who is owed an answer."""

from datetime import timedelta

import pytest

from telephony.config_leaders import Seat
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import leader_calls as rows
from telephony.store import transfers
from telephony.store.tables import calls
from tests.unit.leader.day_rows import (
    ASKER,
    LEADER,
    MINE,
    OTHER,
    at,
    put_back,
    put_day,
    put_lost,
    put_return,
    put_talk,
)
from tests.unit.times import NOON

SEAT = Seat(
    code="city-hall",
    centre="city",
    agent=LEADER,
    entry="screened",
    queue="city-leader",
    screening_queue="city-leader-screening",
    normal_queue="city-12345",
)


@pytest.fixture
def connection(database):
    with database.engine.begin() as connection:
        yield connection


@pytest.fixture
def day(connection):
    return put_day(connection)


def view(connection, call_id="1.0", now=NOON):
    return rows.one(connection, call_id, SEAT, now)


def stands(connection, call_id="1.0"):
    return view(connection, call_id).standing


def owed(connection, day):
    return [each.call_id for each in rows.open_entries(connection, day, SEAT, NOON)]


def queued(connection, queue, seconds, call_id="1.0"):
    event = Happening(at(seconds), "queued", f"{call_id}:queued:{seconds}", data={"queue": queue})
    call_rows.append(connection, [(call_id, event)])


def test_a_call_let_in_twice_is_one(connection, day):
    put_lost(connection, day)
    rows.enter(connection, "1.0", day, "direct", NOON)
    [found] = rows.listed(connection, day, SEAT, NOON)
    assert (found.entry, found.entered_at) == ("screened", at(0))


def test_a_days_calls_are_in_the_order_in_which_they_came_and_no_other_days(connection, day):
    other = put_day(connection, "closed", seat="baofeng-hall")
    for call_id, began, of in (("3.0", 20, day), ("1.0", 30, day), ("2.0", 10, other)):
        put_lost(connection, of, call_id, began)
    assert [each.call_id for each in rows.listed(connection, day, SEAT, NOON)] == ["3.0", "1.0"]


def test_a_call_that_came_to_no_day_is_named(connection):
    with pytest.raises(UnknownThingError, match=r"通话 9\.9 不是接线日的来电"):
        view(connection, "9.9")


def test_who_talked_with_an_agent_and_then_the_leader_has_both_times_and_waited_the_rest(connection, day):
    put_lost(connection, day, until=300, outcome="answered")
    put_talk(connection, "1.0", ASKER, 20, 80)
    put_talk(connection, "1.0", LEADER, 100, 290)
    found = view(connection)
    assert (found.standing, found.agent_seconds, found.leader_seconds, found.wait_seconds) == (
        *("answered", 60.0, 190.0, 40.0),
    )


def test_who_gave_up_waited_until_the_end(connection, day):
    put_lost(connection, day, until=100)
    found = view(connection)
    assert (found.standing, found.wait_seconds, found.outcome) == ("not_reached", 100.0, "abandoned")


def test_a_call_that_goes_on_is_measured_up_to_now(connection, day):
    put_lost(connection, day, until=None)
    assert (stands(connection), view(connection).wait_seconds) == ("waiting", 3600.0)


def test_a_call_that_the_journal_has_not_told_of_yet_waits(connection, day):
    rows.enter(connection, "7.0", day, "direct", at(0))
    assert stands(connection, "7.0") == "waiting"


@pytest.mark.parametrize(("party", "standing"), [(ASKER, "screening"), (LEADER, "with_leader")])
def test_who_is_talked_with_now_is_with_them(connection, day, party, standing):
    put_lost(connection, day, until=None, state="talking")
    put_talk(connection, "1.0", party, 10, None)
    assert stands(connection) == standing


def test_a_leader_who_was_asked_while_the_citizen_heard_music_has_not_answered(connection, day):
    put_lost(connection, day)
    put_talk(connection, "1.0", ASKER, 10, 50)
    put_talk(connection, "1.0", LEADER, 60, 90, hears=False)
    assert (stands(connection), view(connection).leader_at) == ("not_reached", None)


def test_whom_the_switch_cut_off_from_the_leader_was_not_reached(connection, day):
    put_lost(connection, day, outcome="interrupted")
    put_talk(connection, "1.0", LEADER, 10, 100)
    assert stands(connection) == "not_reached"


def test_who_was_told_that_it_is_out_of_scope_is_not_owed(connection, day):
    put_lost(connection, day)
    put_talk(connection, "1.0", ASKER, 10, 50)
    rows.change(connection, "1.0", in_scope=False, summary="市外")
    assert (stands(connection), owed(connection, day)) == ("out_of_scope", [])


@pytest.mark.parametrize(
    ("queue", "standing"),
    [("city-12345", "not_reached"), ("city-leader", "waiting"), ("city-leader-screening", "waiting")],
)
def test_who_went_to_a_queue_that_is_not_the_leaders_has_left_the_line(connection, day, queue, standing):
    put_lost(connection, day, until=None)
    queued(connection, queue, 30)
    assert stands(connection) == standing


def test_a_queue_before_the_day_was_no_leaving(connection, day):
    put_lost(connection, day, began=50, until=None)
    queued(connection, "city-12345", 49)
    assert stands(connection) == "waiting"


def test_who_was_sent_off_at_the_end_has_left_the_line(connection, day):
    put_lost(connection, day, until=None)
    rows.change(connection, "1.0", sent_off_at=at(60))
    assert stands(connection) == "not_reached"


@pytest.mark.parametrize(
    ("queue", "moved", "state", "standing"),
    [
        ("city-12345", 40, "waiting", "not_reached"),
        ("city-12345", 40, "completed", "not_reached"),
        ("city-12345", 40, "failed", "waiting"),
        ("city-leader", 40, "waiting", "waiting"),
        ("city-12345", None, "waiting", "waiting"),
    ],
)
def test_who_was_given_to_another_queue_has_left_the_line_once_moved(
    connection, day, queue, moved, state, standing
):
    put_lost(connection, day, until=None)
    row = {"call_id": "1.0", "worker": "w", "kind": "queue", "target": queue, "mode": "blind", "queue": queue}
    row |= {"from_agent": ASKER, "from_leg": "1.0-8803", "citizen_leg": "1.0", "by": ASKER, "state": state}
    transfers.begin(connection, {**row, "started_at": at(30), "moved_at": moved and at(moved)})
    assert stands(connection) == standing


@pytest.mark.parametrize(("talked_at", "enough"), [(50, True), (20, False)])
def test_a_note_is_enough_for_whom_an_agent_helped_after_they_left(connection, day, talked_at, enough):
    put_lost(connection, day)
    queued(connection, "city-12345", 40)
    put_talk(connection, "1.0", OTHER, talked_at, talked_at + 10)
    found = view(connection)
    assert (found.standing, found.may_be_noted) == ("not_reached", enough)


def test_a_withheld_number_is_owed_and_may_be_noted(connection, day):
    put_lost(connection, day, caller_number=None)
    found = view(connection)
    assert (found.standing, found.may_be_noted, owed(connection, day)) == ("no_number", True, ["1.0"])


def test_a_call_back_in_which_they_talked_settles_it_by_itself(connection, day):
    put_lost(connection, day)
    put_back(connection)
    found = view(connection)
    assert (found.standing, found.settled, found.settled_by, found.settled_call) == (
        *("called_back", "called_back", "rules", "rv-1"),
    )
    assert owed(connection, day) == []


@pytest.mark.parametrize(("seconds", "standing"), [(1, "not_reached"), (-1, "called_back")])
def test_a_call_back_after_which_the_return_was_begun_anew_was_no_contact(connection, day, seconds, standing):
    put_lost(connection, day)
    put_back(connection)  # 200 seconds on
    put_return(connection, "1.0", "rv-1", renewed=200 + seconds)
    assert stands(connection) == standing


@pytest.mark.parametrize(
    "back",
    [
        {"talk": False},  # the agent's phone was up, the citizen's never
        {"marks": ["revisit"]},  # about something else
        {"number": "13900001234"},
        {"began": 99.9},  # placed before the call was lost
    ],
)
def test_what_is_no_answered_call_back_since_settles_nothing(connection, day, back):
    put_lost(connection, day)
    put_back(connection, **back)
    assert (stands(connection), owed(connection, day)) == ("not_reached", ["1.0"])


def test_a_call_back_placed_in_the_very_instant_of_the_end_counts(connection, day):
    put_lost(connection, day)
    put_back(connection, began=100)
    assert stands(connection) == "called_back"


def test_of_three_calls_of_one_citizen_the_third_that_the_leader_answered_settles_the_others(connection, day):
    for call_id, began in (("1.0", 0), ("2.0", 200), ("3.0", 400)):
        put_lost(connection, day, call_id, began, began + 100)
    put_talk(connection, "3.0", LEADER, 420, 480)
    found = [(each.standing, each.settled_call) for each in rows.listed(connection, day, SEAT, NOON)]
    assert found == [("answered_later", "3.0"), ("answered_later", "3.0"), ("answered", None)]


def test_who_waited_on_while_the_leader_answered_another_call_of_the_same_number_is_owed(connection, day):
    put_lost(connection, day, "1.0", 0, 300)  # two people behind one switchboard's number
    put_lost(connection, day, "2.0", 100, 200)
    put_talk(connection, "2.0", LEADER, 120, 180)
    assert (stands(connection), owed(connection, day)) == ("not_reached", ["1.0"])


@pytest.mark.parametrize(("began", "standing"), [(99.9, "not_reached"), (100, "answered_later")])
def test_called_again_is_who_called_after_the_first_call_had_ended(connection, day, began, standing):
    put_lost(connection, day, "1.0", 0, 100)
    put_lost(connection, day, "2.0", began, 300)
    put_talk(connection, "2.0", LEADER, 120, 180)
    assert stands(connection) == standing


def test_of_later_calls_that_the_leader_answered_the_first_one_after_the_end_settles_it(connection, day):
    for call_id, began in (("1.0", 0), ("2.0", 50), ("3.0", 200), ("4.0", 400)):
        put_lost(connection, day, call_id, began, began + 100)
    for call_id, began in (("2.0", 60), ("3.0", 210), ("4.0", 410)):
        put_talk(connection, call_id, LEADER, began, began + 60)
    assert view(connection).settled_call == "3.0"


def test_one_call_alone_knows_of_the_later_one(connection, day):
    for call_id, began in (("1.0", 0), ("2.0", 200)):
        put_lost(connection, day, call_id, began, began + 100)
    put_talk(connection, "2.0", LEADER, 220, 280)
    assert view(connection, "1.0").standing == "answered_later"


def test_a_call_after_the_one_that_the_leader_answered_is_owed_all_the_same(connection, day):
    put_lost(connection, day, "1.0", 0, 100)
    put_lost(connection, day, "2.0", 200, 300)
    put_talk(connection, "1.0", LEADER, 20, 80)
    assert owed(connection, day) == ["2.0"]


def test_callers_without_a_number_are_not_taken_for_one_citizen(connection, day):
    for call_id, began in (("1.0", 0), ("2.0", 200)):
        put_lost(connection, day, call_id, began, began + 100, caller_number=None)
    put_talk(connection, "2.0", LEADER, 220, 280)
    assert owed(connection, day) == ["1.0"]


def test_what_the_leader_answered_on_another_day_settles_nothing(connection, day):
    put_lost(connection, day)
    other = put_day(connection, "closed", seat="baofeng-hall")
    put_lost(connection, other, "2.0", 200, 300)
    put_talk(connection, "2.0", LEADER, 220, 280)
    assert owed(connection, day) == ["1.0"]


def test_whoever_is_still_on_the_line_keeps_the_day_open(connection, day):
    put_lost(connection, day, until=None)
    put_lost(connection, day, "2.0", 10, None, state="talking", caller_number="13900001234")
    put_talk(connection, "2.0", LEADER, 20, None)
    assert owed(connection, day) == ["1.0", "2.0"]


def test_settled_once_it_cannot_be_settled_again(connection, day):
    put_lost(connection, day)
    said = {"settled": "handed_to_unit", "settled_by": "op", "settled_at": NOON, "unit": "water"}
    rows.settle(connection, "1.0", **said)
    with pytest.raises(NotAllowedError, match=r"通话 1\.0 已经办结"):
        rows.settle(connection, "1.0", **said)
    assert (stands(connection), owed(connection, day)) == ("handed_to_unit", [])


@pytest.mark.parametrize(("state", "held"), [("open", True), ("closed", True), ("certified", False)])
def test_a_certified_day_is_written_no_more(connection, state, held):
    day = put_day(connection, state)
    if held:
        assert rows.hold_day(connection, day, rows.NOT_CERTIFIED) == "city-hall"
        return
    with pytest.raises(NotAllowedError, match="已出具证明"):
        rows.hold_day(connection, day, rows.NOT_CERTIFIED)


def test_who_takes_the_call_reads_what_was_put_down_of_it(connection, day):
    put_lost(connection, day)
    rows.change(connection, "1.0", screened_by=ASKER, in_scope=True, summary="供水不足")
    found = rows.brief(connection, "1.0")
    assert (found.day_id, found.screened_by, found.summary) == (day, ASKER, "供水不足")
    assert rows.brief(connection, "9.9") is None


def test_times_are_shanghais(connection, day):
    put_lost(connection, day)
    assert view(connection).entered_at.utcoffset() == timedelta(hours=8)


def test_a_citizens_number_is_the_ledgers(connection, day):
    put_lost(connection, day)
    assert view(connection).caller_number == MINE
    connection.execute(calls.update().values(caller_number=None))
    assert view(connection).caller_number is None
