"""The entry of those who wait, on a scripted switch."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.agi.entries import wait
from telephony.agi.session import Session
from telephony.errors import AGIHangup
from telephony.floor.waiting_guests import Asking
from telephony.floor.waiting_words import Reply
from tests.fakes import NOON, FakeClock

CALL = "1795420886.1"
NORMAL = {"city-leader": "city-12345"}
FIRST = "ARRAY(HOTLINE_SAY,HOTLINE_NORMAL,HOTLINE_MOVE)"


class FakeRoom:
    """Answers as it is told, and notes who asked."""

    def __init__(self, reply, since=None):
        self.reply, self.asked, self.came = reply, [], since

    def ask(self, asking):
        self.asked.append(asking)
        return self.reply

    def since(self, _call_id):
        return self.came


class Call:
    """One question; `gone`: the caller has gone on by the time that the service takes it up."""

    def __init__(self, *words, reply=None, caller="13800001234", gone=False, came=None):
        self.room, self.set, self.error, self._sent = FakeRoom(reply, came), {}, None, []
        env = {"agi_uniqueid": CALL, "agi_callerid": caller}
        env |= {f"agi_arg_{nth}": word for nth, word in enumerate(words, 2)}
        self.session = Session(env, self._sent.append, lambda: None)
        handle = wait.entry(self.room, FakeClock(), "0375", NORMAL)
        self.session.start(lambda: self._run(handle))
        while self._sent:
            name, value = re.findall(r'"([^"]*)"', self._sent.pop().decode())
            self.set[name] = value
            self.session.feed(b"HANGUP\n" if gone else b"200 result=1\n")

    def _run(self, handle):
        try:
            handle(self.session)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error


def test_what_stands_on_the_channel_is_what_the_room_is_told():
    since = datetime(2026, 11, 23, 3, 59, 30, 500000, tzinfo=UTC)
    call = Call("city-12345", "20", "8001", "1795406370.500000", "8002", "TIMEOUT")
    assert call.room.asked == [
        Asking(CALL, "city-12345", 20, since, "8001", "13800001234", "8002", "TIMEOUT")
    ]


def test_the_answer_is_one_variable_command_with_music_and_prompts():
    call = Call("city-12345", reply=Reply(10, ("waiting-place", "digit-2")))
    assert call.set["ARRAY(HOTLINE_WAIT,HOTLINE_SAY)"] == "10,hotline/waiting-place&hotline/digit-2"


def test_without_a_reply_nothing_is_set_that_the_dialplan_waits_for():
    assert "ARRAY(HOTLINE_WAIT,HOTLINE_SAY)" not in Call("city-12345", reply=None).set


def test_who_has_gone_on_without_the_service_does_not_come_into_the_room():
    call = Call("city-12345", reply=Reply(10), gone=True)
    assert (call.room.asked, type(call.error)) == ([], AGIHangup)


@pytest.mark.parametrize("since", ["", "soon", "nan", "inf", "-5", "99999999999"])
def test_an_arrival_that_makes_no_sense_is_now(since):
    [asking] = Call("city-12345", "", "", since).room.asked
    assert (asking.since, asking.priority) == (NOON, 0)


@pytest.mark.parametrize(("ahead", "kept"), [(86400, True), (86401, False)])
def test_an_arrival_may_lie_a_day_ahead_of_a_clock_that_was_set_back(ahead, kept):
    [asking] = Call("city-12345", "", "", str(NOON.timestamp() + ahead)).room.asked
    assert asking.since == (NOON + timedelta(seconds=ahead) if kept else NOON)


def test_who_waits_already_keeps_the_arrival_when_the_channel_tells_none():
    came = NOON - timedelta(minutes=7)
    [asking] = Call("city-12345", "", "", "99999999999", came=came).room.asked
    assert asking.since == came


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0"), max_size=20),
        max_size=6,
    )
)
def test_whatever_stands_there_is_a_question(words):
    assert len(Call(*words, reply=None).room.asked) == 1


def test_who_is_let_go_hears_a_word_first():
    call = Call("city-12345", reply=Reply(0, ("overflow-return",), parting=True))
    assert call.set["ARRAY(HOTLINE_WAIT,HOTLINE_SAY)"] == "bye,hotline/overflow-return"


@pytest.mark.parametrize(("queue", "normal"), [("city-leader", "city-12345"), ("city-12345", "")])
@pytest.mark.parametrize("reply", [None, Reply(10)], ids=["left to app_queue", "waits"])
def test_who_waits_for_a_leader_is_told_by_each_answer_where_else_to_go(queue, normal, reply):
    assert Call(queue, reply=reply).set[FIRST] == f",{normal},"


def test_who_goes_on_in_another_queue_is_told_so_by_one_command():
    call = Call("city-leader", reply=Reply(0, ("leader-over",), queue="city-12345"))
    assert call.set["ARRAY(HOTLINE_WAIT,HOTLINE_SAY,HOTLINE_MOVE)"] == "0,hotline/leader-over,city-12345"
