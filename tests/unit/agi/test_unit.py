"""The entries of units and waiting citizens on a scripted switch: what is said, stored, and answered."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.agi.entries import unit, waiting
from telephony.agi.session import Session
from telephony.config_load import load
from telephony.errors import AGIHangup
from telephony.paths import PROJECT
from telephony.threeway.hearing import Question

RULES = load(PROJECT / "config").threeway
LEG = "tw-1a2b3c4d5e6f-00000001"
SPOKEN = "cases/case-1"
QUESTION = ["threeway-unit-hello", SPOKEN, "threeway-accept", "wait 6"]
AGAIN = ["threeway-accept", "wait 6"]
WHY = ["threeway-why-not", "wait 5"]


class FakeHearing:
    """Answers as it is told, and notes what is asked of it; `held` is what a test fires itself."""

    def __init__(self, *, wanted=True, let_in=False, accepts=True, spoken=SPOKEN):
        self.wanted, self.answers, self.told, self.held = wanted, (let_in, accepts), [], None
        self.spoken = spoken

    def let_in(self, _leg_id):
        return self.answers[0]

    def question(self, leg_id):
        self.told.append(("question", leg_id))
        return succeed(Question(self.spoken) if self.wanted else None)

    def accept(self, leg_id):
        self.told.append(("accept", leg_id))
        return self.held or succeed(self.answers[1])

    def refuse(self, leg_id, reason):
        self.told.append(("refuse", leg_id, reason))
        return succeed(None)

    def silent(self, leg_id):
        self.told.append(("silent", leg_id))
        return succeed(None)

    def keeps_waiting(self, leg_id):
        self.told.append(("waiting", leg_id))
        return self.wanted


class Call:
    """One session; each wait for a key gets the next of `keys`; at the prompt `gone` the person hangs up."""

    def __init__(self, keys="", hearing=None, *, during=None, gone="", handler=None):
        self.hearing = hearing or FakeHearing()
        self.steps, self.set, self.error, self.over = [], {}, None, False
        self._keys, self._during, self._gone, self._sent = iter(keys), dict(during or {}), gone, []
        env = {"agi_uniqueid": LEG, "agi_arg_2": LEG}
        self.session = Session(env, self._sent.append, lambda: None)
        handle = handler(self.hearing) if handler else unit.entry(self.hearing, RULES)
        self.session.start(lambda: self._run(handle))
        self.go_on()

    def go_on(self):
        """Answer as the switch does, until the entry is over or waits for the store."""
        while self._sent:
            self.session.feed(self._answer(self._sent.pop().decode()))

    @property
    def answers(self):
        """What the person's keys came to."""
        return [told for told in self.hearing.told if told[0] != "question"]

    def _run(self, handle):
        try:
            handle(self.session)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.over = True

    def _answer(self, line):
        words = re.findall(r'"([^"]*)"', line)
        if line.startswith("SET VARIABLE"):
            self.set[words[0]] = words[1]
            return b"200 result=1\n"
        if line.startswith("CHANNEL STATUS"):
            return b"200 result=6\n"
        prompt = line.startswith("STREAM FILE")
        step = words[0].removeprefix("hotline/") if prompt else f"wait {int(words[0]) // 1000}"
        self.steps.append(step)
        if step == self._gone:
            return b"200 result=-1 (hangup) endpos=0\n"
        key = self._during.pop(step, "") if prompt else next(self._keys, "")
        return b"200 result=%d endpos=800\n" % ord(key or "\0")


def test_a_one_lets_the_unit_in_without_another_word():
    call = Call("1")
    assert (call.steps, call.answers) == (QUESTION, [("accept", LEG)])
    assert (call.set["HOTLINE_NEXT"], call.error) == ("room", None)


def test_nothing_lets_it_in_before_that_is_stored():
    hearing = FakeHearing()
    hearing.held = Deferred()
    call = Call("1", hearing)
    assert "HOTLINE_NEXT" not in call.set
    hearing.held.callback(True)
    call.go_on()
    assert call.set["HOTLINE_NEXT"] == "room"


def test_what_cannot_be_stored_lets_nobody_in_and_leaves_the_next_word_to_the_dialplan():
    hearing = FakeHearing()
    hearing.held = Deferred()
    call = Call("1", hearing)
    hearing.held.errback(Failure(OSError("no space left on device")))
    assert (type(call.error), "HOTLINE_NEXT" in call.set) == (OSError, False)


def test_who_comes_second_is_told_and_let_go():
    call = Call("1", FakeHearing(accepts=False))
    assert (call.steps, call.set["HOTLINE_NEXT"]) == ([*QUESTION, "threeway-taken"], "bye")


@pytest.mark.parametrize("prompt", QUESTION[:3])
def test_the_key_may_come_during_any_word(prompt):
    call = Call(during={prompt: "1"})
    assert (call.steps[-1], call.set["HOTLINE_NEXT"]) == (prompt, "room")


def test_what_presses_no_key_is_asked_as_often_as_configured_and_never_let_in():
    call = Call()
    assert call.steps == [*QUESTION, *AGAIN * (RULES.key_asks - 1)]
    assert (call.answers, call.set["HOTLINE_NEXT"]) == ([("silent", LEG)], "bye")


def test_a_key_at_the_last_question_is_in_time():
    call = Call(["", "", "1"])
    assert (call.answers, call.set["HOTLINE_NEXT"]) == ([("accept", LEG)], "room")


@given(st.lists(st.sampled_from(["", *"034567890*#"]), max_size=6))
def test_no_other_key_lets_anything_in(keys):
    call = Call(keys)
    assert (call.answers, call.set["HOTLINE_NEXT"]) == ([("silent", LEG)], "bye")


@pytest.mark.parametrize(
    ("keys", "reason"), [("21", "busy"), ("22", "not_ours"), ("23", "other"), ("2", "other"), ("29", "other")]
)
def test_a_refusal_is_stored_with_its_reason_then_thanked_for(keys, reason):
    call = Call(keys)
    assert call.steps == [*QUESTION, *WHY, "threeway-thanks"]
    assert (call.answers, call.set["HOTLINE_NEXT"]) == ([("refuse", LEG, reason)], "bye")


@pytest.mark.parametrize("where", WHY)
def test_who_refuses_and_hangs_up_has_refused(where):
    call = Call("2", gone=where)
    assert (call.answers, type(call.error)) == ([("refuse", LEG, "other")], AGIHangup)


@pytest.mark.parametrize("where", QUESTION)
def test_who_hangs_up_before_a_key_has_said_nothing(where):
    call = Call(gone=where)
    assert (call.answers, type(call.error)) == ([], AGIHangup)


def test_who_is_not_wanted_any_more_hears_no_question():
    call = Call("1", FakeHearing(wanted=False))
    assert (call.steps, call.answers, call.set["HOTLINE_NEXT"]) == (["threeway-taken"], [], "bye")


def test_who_has_accepted_already_is_in_without_a_second_question():
    call = Call(hearing=FakeHearing(let_in=True))
    assert (call.steps, call.set, call.hearing.told) == ([], {"HOTLINE_NEXT": "room"}, [])


def test_who_has_accepted_but_is_not_stored_yet_waits_a_moment():
    call = Call(hearing=FakeHearing(let_in=None))
    assert (call.steps, call.set) == ([], {"HOTLINE_NEXT": ""})


def test_a_matter_that_could_not_be_spoken_is_left_out():
    assert Call("1", FakeHearing(spoken=None)).steps == [each for each in QUESTION if each != SPOKEN]


def test_the_question_has_a_limit_that_leaves_room_for_all_keys():
    longest = RULES.key_asks * RULES.key_seconds + 5
    assert longest < int(Call("1").set["TIMEOUT(absolute)"])


@pytest.mark.parametrize(("wanted", "told"), [(True, {"HOTLINE_KEEP": "yes"}), (False, {})])
def test_a_citizen_waits_on_only_if_the_service_says_so(wanted, told):
    call = Call(hearing=FakeHearing(wanted=wanted), handler=waiting.entry)
    assert (call.set, call.hearing.told, call.error) == (told, [("waiting", LEG)], None)
