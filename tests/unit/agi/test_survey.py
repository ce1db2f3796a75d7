"""The survey's entry against a scripted switch: what is said, what is stored, and in which order."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.python.failure import Failure

from telephony.agi.entries.survey import entry
from telephony.agi.session import AGIAppError, Session
from telephony.callback.survey import Survey
from telephony.config_load import load
from telephony.errors import AGIHangup, NotAllowedError, UnknownThingError
from telephony.paths import PROJECT
from telephony.rules import survey as conversation
from telephony.rules.verdict import Kind
from tests.fakes import FakeClock
from tests.survey_book import SPOKEN, FakeBook, FakeCases

RULES = load(PROJECT / "config").revisits.survey
KEYS = conversation.Keys(RULES.keys, RULES.person_key, RULES.asks)
ATTEMPT = "rv-1a2b3c4d-17"
QUESTION = ["ask-satisfied", "digit-1", "ask-basically", "digit-2", "ask-dissatisfied", "digit-3"]
QUESTION += ["ask-person", "digit-0", "wait 6"]
READ_BACK = ["heard-satisfied", "wait 3"]
BEGIN = ["hello", SPOKEN]
NOWHERE = Path("/nowhere")


class Call:
    """One survey on a scripted switch; `steps` is all that happens, in its order.

    Each wait for a key gets the next of `keys`, "" or none left for no key; `during` maps a prompt to the key
    that interrupts it. At `fate` (a prompt, or `record`) the citizen hangs up, or the switch fails.
    """

    def __init__(
        self, keys="", *, amd="HUMAN", reference=ATTEMPT, rules=RULES, folder=NOWHERE,
        book=None, cases=None, during=None, fate="", gone=True,
    ):  # fmt: skip
        self.book, self.cases = book or FakeBook(), cases or FakeCases()
        self.book.on_tell = lambda kind: self.steps.append(f"told {kind}")
        self.steps, self.set, self.error, self.over = [], {}, None, False
        self._keys, self._during, self._fate, self._gone = iter(keys), dict(during or {}), fate, gone
        self._sent = []
        env = {"agi_uniqueid": ATTEMPT, "agi_arg_2": reference, "agi_arg_3": amd, "agi_arg_4": "TOOLONG-4000"}
        self.session = Session(env, self._sent.append, lambda: None)
        handle = entry(Survey(self.book, self.cases, FakeClock(), folder), rules)
        self.session.start(lambda: self._run(handle))
        self.go_on()

    def go_on(self):
        """Answer as the switch does, until the entry is over or waits for the book."""
        while self._sent:
            self.session.feed(self._answer(self._sent.pop().decode()))

    def _run(self, handle):
        try:
            handle(self.session)
        except Exception as error:  # noqa: BLE001 - the test looks at it
            self.error = error
        self.over = True

    def _answer(self, line):
        words = re.findall(r'"([^"]*)"', line)
        if line.startswith("SET VARIABLE"):
            names = re.sub(r"ARRAY\((.*)\)", r"\1", words[0])
            self.set |= dict(zip(names.split(","), words[1].split(","), strict=True))
            return b"200 result=1\n"
        if line.startswith("CHANNEL STATUS"):
            return b"200 result=6\n"
        step = self._step(line, words)
        self.steps.append(step)
        if step == self._fate:
            return b"200 result=-1 (hangup) endpos=0\n" if self._gone else b"200 result=-1 endpos=0\n"
        if step == "record":
            Path(f"{words[0]}.wav").touch()
        key = next(self._keys, "") if step.startswith("wait") else self._during.pop(step, "")
        return b"200 result=%d endpos=800\n" % ord(key or "\0")

    @staticmethod
    def _step(line, words):
        if line.startswith("STREAM FILE"):
            return words[0].removeprefix("hotline/").removeprefix("survey-")
        return f"wait {int(words[0]) // 1000}" if line.startswith("WAIT FOR DIGIT") else "record"


def test_a_rating_is_stored_before_it_is_read_back_and_before_goodbye():
    call = Call("1")
    assert call.steps == [*BEGIN, *QUESTION, "told rated", *READ_BACK, "thanks"]
    assert call.book.told == [(ATTEMPT, "rated", {"rating": "satisfied", "key": "1"})]
    assert (call.set["HOTLINE_NEXT"], call.error) == ("bye", None)


def test_nothing_is_said_until_the_rating_is_committed():
    book = FakeBook()
    book.holding = Kind.RATED
    call = Call("1", book=book)
    assert (call.steps[-1], call.over) == ("told rated", False)
    assert "HOTLINE_NEXT" not in call.set
    book.held.callback(None)
    call.go_on()
    assert (call.steps[-1], call.over) == ("thanks", True)


def test_a_rating_that_is_not_committed_is_no_answer_the_error_goes_to_the_log_and_nobody_is_thanked():
    book = FakeBook()
    book.holding = Kind.RATED
    call = Call("1", book=book)
    book.held.errback(Failure(OSError("no space left on device")))
    assert (call.steps[-1], call.over, type(call.error)) == ("told rated", True, OSError)
    assert "HOTLINE_NEXT" not in call.set


@pytest.mark.parametrize("kind", [Kind.KEY, Kind.RATED, "reason"])
def test_whatever_cannot_be_stored_leaves_the_last_word_to_the_dialplans_apology(kind, tmp_path):
    book = FakeBook()
    book.faults.add(kind)
    call = Call("93", book=book, folder=tmp_path)
    assert (type(call.error), "HOTLINE_NEXT" in call.set, "thanks" in call.steps) == (OSError, False, False)


def test_no_key_is_asked_for_three_times_and_ends_with_goodbye():
    call = Call()
    assert call.steps == [*BEGIN, *QUESTION * 3, "goodbye"]
    assert (call.book.told, call.set["HOTLINE_NEXT"]) == ([], "bye")


def test_a_wrong_key_is_said_to_be_wrong_and_shows_that_a_person_is_there():
    call = Call("92")
    first, second = call.steps.index("wrong-key"), call.steps.index("told rated")
    assert call.steps[: first + 1] == [*BEGIN, *QUESTION, "told key", "wrong-key"]
    assert call.steps[first + 1 : second] == QUESTION
    assert call.book.ratings() == ["basically_satisfied"]


def test_a_key_may_come_while_the_question_is_still_being_put():
    call = Call(during={"ask-basically": "3"}, fate="heard-dissatisfied")
    assert call.steps[2:6] == ["ask-satisfied", "digit-1", "ask-basically", "told rated"]
    assert call.book.ratings() == ["dissatisfied"]


@pytest.mark.parametrize(("keys", "during"), [("12", {}), ("1", {"heard-satisfied": "2"})])
def test_another_rating_during_or_after_the_reading_back_is_stored_as_well(keys, during):
    call = Call(keys, during=during)
    assert call.book.ratings() == ["satisfied", "basically_satisfied"]
    assert call.steps[-4:] == ["told rated", "heard-basically", "wait 3", "thanks"]


def test_the_key_of_each_rating_is_told_as_configured():
    keys = {"7": "dissatisfied", "4": "satisfied", "5": "basically_satisfied"}
    call = Call("4", rules=RULES.model_copy(update={"keys": keys, "person_key": "1"}))
    said = ["ask-satisfied", "digit-4", "ask-basically", "digit-5", "ask-dissatisfied", "digit-7"]
    assert call.steps[2:10] == [*said, "ask-person", "digit-1"]
    assert call.book.ratings() == ["satisfied"]


def test_a_case_that_cannot_be_spoken_is_not_named():
    assert Call(cases=FakeCases(spoken=None)).steps[:2] == ["hello", "case-unnamed"]


def test_the_prompt_of_the_case_is_gone_once_it_was_played_even_if_the_citizen_hangs_up_in_it():
    calls = [Call("1"), Call(fate=SPOKEN)]
    assert [call.cases.playing for call in calls] == [[], []]


# --- dissatisfied ---


def test_a_dissatisfied_citizen_says_why_after_the_beep_and_is_offered_a_person(tmp_path):
    call = Call("3", folder=tmp_path)
    after = call.steps[call.steps.index("reason") :]
    assert after == ["reason", "beep", "record", "told reason", "offer-person", "digit-0", "wait 6", "thanks"]
    assert call.book.told[-1] == (ATTEMPT, "reason", {"file": f"2026-11-23/reason-{ATTEMPT}.wav"})


@pytest.mark.parametrize(("keys", "person"), [(["3", "", "0"], True), (["3", "", "1"], False)])
def test_the_offer_is_taken_with_the_persons_key_only(tmp_path, keys, person):
    call = Call(keys, folder=tmp_path)
    assert call.set["HOTLINE_NEXT"] == ("queue" if person else "bye")
    assert call.book.kinds == ["rated", "reason", *["person"] * person]


def test_who_says_why_and_hangs_up_has_said_why(tmp_path):
    (tmp_path / "2026-11-23").mkdir()
    (tmp_path / "2026-11-23" / f"reason-{ATTEMPT}.wav").touch()
    call = Call("3", fate="record", folder=tmp_path)
    assert (call.book.kinds, type(call.error)) == (["rated", "reason"], AGIHangup)


def test_who_hangs_up_before_a_word_was_recorded_has_said_nothing(tmp_path):
    assert Call("3", fate="record", folder=tmp_path).book.kinds == ["rated"]


# --- a person ---


@pytest.mark.parametrize("keys", ["0", ["", "0"], "90", "10"])
def test_a_person_may_be_asked_for_at_any_question(keys):
    call = Call(keys)
    assert (call.set["HOTLINE_NEXT"], call.set["HOTLINE_QUEUE"], call.set["QUEUE_PRIO"]) == (
        "queue",
        RULES.person_queue,
        str(RULES.person_priority),
    )
    assert (call.steps[-1], call.book.told[-1]) == ("told person", (ATTEMPT, "person", {}))


def test_a_wish_for_a_person_is_met_even_if_it_cannot_be_stored():
    book = FakeBook()
    book.faults.add("person")
    call = Call("0", book=book)
    assert (call.set["HOTLINE_NEXT"], type(call.error)) == ("queue", OSError)


# --- a machine ---


@pytest.mark.parametrize("amd", ["MACHINE", "NOTSURE", ""])
def test_what_may_be_a_machine_hears_nothing_of_the_case(amd):
    call = Call(amd=amd)
    assert call.steps == ["hello", "anyone", "wait 6", "told machine"]
    assert call.book.told == [(ATTEMPT, "machine", {"amd_cause": "TOOLONG-4000"})]
    assert (call.set["HOTLINE_NEXT"], call.cases.named) == ("bye", [])


@pytest.mark.parametrize("key", "19*#")
def test_any_key_proves_a_person_and_the_survey_goes_on(key):
    call = Call(f"{key}1", amd="MACHINE")
    assert call.steps[:5] == ["hello", "anyone", "wait 6", "told key", SPOKEN]
    assert (call.book.kinds, call.steps[-1]) == (["key", "rated"], "thanks")


# --- ends ---


@pytest.mark.parametrize("where", ["hello", SPOKEN, "ask-satisfied", "heard-satisfied", "thanks"])
def test_a_citizen_who_hangs_up_ends_it_and_what_was_said_stays(where):
    call = Call(during={"ask-basically": "1"}, fate=where)
    assert (call.steps[-1], type(call.error)) == (where, AGIHangup)
    rated = where in {"heard-satisfied", "thanks"}
    assert call.book.ratings() == ["satisfied"] * rated


def test_a_citizen_who_hangs_up_while_a_key_is_waited_for_ends_it():
    call = Call(fate="wait 6")
    assert (call.steps, call.book.told, type(call.error)) == ([*BEGIN, *QUESTION], [], AGIHangup)


def test_a_survey_that_there_is_not_is_left_to_the_dialplan():
    call = Call("1", book=FakeBook(question=None))
    assert (call.steps, type(call.error), "HOTLINE_NEXT" in call.set) == (["hello"], UnknownThingError, False)


def test_what_is_no_reference_is_left_to_the_dialplan():
    assert type(Call("1", reference="../x").error) is NotAllowedError


def test_a_prompt_that_is_missing_is_left_to_the_dialplan():
    call = Call("1", fate="ask-satisfied", gone=False)
    assert (type(call.error), "HOTLINE_NEXT" in call.set) == (AGIAppError, False)


def test_a_citizen_who_called_back_is_asked_under_the_revisit():
    assert Call("1", reference="revisit:17").book.told == [
        ("revisit:17", "rated", {"rating": "satisfied", "key": "1"})
    ]


def test_the_whole_survey_has_a_limit_that_leaves_room_for_the_reason():
    long = Call(rules=RULES.model_copy(update={"reason_seconds": 300}))
    assert (Call().set["TIMEOUT(absolute)"], long.set["TIMEOUT(absolute)"]) == ("360", "600")


@given(st.text(st.sampled_from("0123489*#"), max_size=8))
def test_the_simulator_makes_of_any_keys_what_a_call_makes_of_them(tmp_path_factory, keys):
    call, played = Call(keys, folder=tmp_path_factory.getbasetemp()), conversation.play(keys, KEYS)
    assert (call.book.ratings() or [None])[-1] == played.rating
    assert call.steps.count("ask-satisfied") == played.asked
    assert (call.set["HOTLINE_NEXT"] == "queue") == played.person
