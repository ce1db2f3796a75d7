"""The rating's entry on a scripted switch: what the caller hears, and what is stored."""

import pytest
from twisted.internet.defer import succeed

from telephony.agi.entries import rating
from telephony.agi.session import Session

CALL = "1795420886.1"


class FakeRatings:
    def __init__(self, *, asks=True):
        self.asked, self.keys = asks, []

    def asks(self, call_id):
        assert call_id == CALL
        return succeed(self.asked)

    def answered(self, call_id, key):
        assert call_id == CALL
        self.keys.append(key)
        return succeed(key in set("12345"))


class Call:
    """One session; `during` is pressed in the question, `after` when it is over; `gone`: hangs up then."""

    def __init__(self, *, during="", after="", gone=False, asks=True):
        self.ratings, self.steps = FakeRatings(asks=asks), []
        self._during, self._after, self._gone, sent = during, after, gone, []
        self.session = Session({"agi_uniqueid": CALL}, sent.append, lambda: None)
        self.session.start(self._run)
        while sent:
            self.session.feed(self._answer(sent.pop().decode()))

    def _run(self):
        try:
            rating.entry(self.ratings, 5)(self.session)
        except Exception as error:  # noqa: BLE001 - a hangup is one of the ends
            self.steps.append(type(error).__name__)

    def _answer(self, command):
        if command.startswith("STREAM FILE"):
            self.steps.append(command.split('"')[1] if '"' in command else command.split()[2])
            key = self._during if "rating-ask" in command else ""
            return f"200 result={ord(key) if key else 0} endpos=800\n".encode()
        if command.startswith("WAIT FOR DIGIT"):
            self.steps.append("wait")
            if self._gone:
                return b"HANGUP\n"
            return f"200 result={ord(self._after) if self._after else 0}\n".encode()
        return b"200 result=1\n"


ASK, THANKS = "hotline/rating-ask", "hotline/rating-thanks"


def test_a_key_in_the_question_is_stored_and_thanked_for():
    call = Call(during="1")
    assert (call.ratings.keys, call.steps) == (["1"], [ASK, THANKS])


def test_a_key_after_the_question_is_stored_and_thanked_for():
    call = Call(after="5")
    assert (call.ratings.keys, call.steps) == (["5"], [ASK, "wait", THANKS])


@pytest.mark.parametrize("key", ["", "9"])
def test_without_a_key_that_means_something_it_ends_without_a_word_and_asks_no_second_time(key):
    call = Call(after=key)
    assert (call.ratings.keys, call.steps) == ([key], [ASK, "wait"])


def test_who_is_not_to_be_asked_hears_nothing():
    call = Call(asks=False)
    assert (call.ratings.keys, call.steps) == ([], [])


def test_who_hangs_up_in_the_question_has_not_rated():
    call = Call(gone=True)
    assert (call.ratings.keys, call.steps) == ([], [ASK, "wait", "AGIHangup"])
