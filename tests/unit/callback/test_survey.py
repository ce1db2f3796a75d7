"""What the survey's entry calls: what is asked, what is told to the book, where a reason is kept."""

from datetime import UTC, datetime

import pytest
from pytest_twisted import ensureDeferred

from telephony.callback.survey import Survey
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.verdict import Kind
from tests.fakes import FakeClock
from tests.survey_book import QUESTION, SPOKEN, FakeBook, FakeCases

ATTEMPT = "rv-1a2b3c4d-17"


@pytest.fixture
def book():
    return FakeBook()


@pytest.fixture
def cases():
    return FakeCases()


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def survey(book, cases, clock, tmp_path):
    return Survey(book, cases, clock, tmp_path)


@pytest.mark.parametrize("reference", [ATTEMPT, "revisit:17", "1790000000.7"])
@ensureDeferred
async def test_a_survey_begins_with_its_question_and_the_prompt_that_names_the_case(survey, cases, reference):
    question = await survey.begin(reference)
    assert (question.case_number, question.round, question.spoken) == ("2026-0001", 1, SPOKEN)
    assert cases.named == [(QUESTION.case_number, QUESTION.subject)]


@ensureDeferred
async def test_the_prompt_is_removed_once_it_was_played(survey, cases):
    survey.forget(await survey.begin(ATTEMPT))
    assert cases.playing == []


@ensureDeferred
async def test_a_case_that_cannot_be_spoken_is_asked_about_without_its_name(book, clock, tmp_path):
    survey = Survey(book, FakeCases(spoken=None), clock, tmp_path)
    assert (await survey.begin(ATTEMPT)).spoken is None


@ensureDeferred
async def test_a_survey_that_there_is_not_is_an_error(cases, clock, tmp_path):
    survey = Survey(FakeBook(question=None), cases, clock, tmp_path)
    with pytest.raises(UnknownThingError, match="revisit:17"):
        await survey.begin("revisit:17")


@pytest.mark.parametrize(
    "reference", ["", "revisit:", "revisit:1a", "a/b", "a b", "a\n", "revisit:1\n", "密", "x" * 65]
)
def test_what_is_no_reference_reaches_no_table(survey, reference):
    with pytest.raises(NotAllowedError):
        survey.begin(reference)


@ensureDeferred
async def test_each_thing_that_happens_is_told_to_the_book_as_evidence(survey, book, tmp_path):
    await survey.pressed(ATTEMPT, "9")
    await survey.heard_machine(ATTEMPT, "TOOLONG-4000")
    await survey.rated(ATTEMPT, "dissatisfied", "3")
    await survey.reason_recorded(ATTEMPT, tmp_path / "2026-11-23" / "reason-x.wav")
    await survey.wants_person(ATTEMPT)
    assert book.told == [
        (ATTEMPT, Kind.KEY, {"key": "9"}),
        (ATTEMPT, Kind.MACHINE, {"amd_cause": "TOOLONG-4000"}),
        (ATTEMPT, Kind.RATED, {"rating": "dissatisfied", "key": "3"}),
        (ATTEMPT, "reason", {"file": "2026-11-23/reason-x.wav"}),
        (ATTEMPT, "person", {}),
    ]


@ensureDeferred
async def test_what_the_book_cannot_commit_is_an_error_for_the_entry(survey, book):
    book.faults.add(Kind.RATED)
    with pytest.raises(OSError, match="no space"):
        await survey.rated(ATTEMPT, "satisfied", "1")


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC), "2026-11-23"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "2026-11-24"),
    ],
)
def test_a_reason_is_kept_in_the_folder_of_the_day_in_shanghai(survey, clock, tmp_path, now, day):
    clock.time = now
    assert survey.reason_file(ATTEMPT) == tmp_path / day / f"reason-{ATTEMPT}.wav"
    assert (tmp_path / day).is_dir()


@pytest.mark.parametrize("call_id", ["", "../x", "a/b", "x" * 65, "a\n"])
def test_nothing_but_the_id_of_a_call_chooses_a_file(survey, tmp_path, call_id):
    with pytest.raises(NotAllowedError):
        survey.reason_file(call_id)
    assert list(tmp_path.iterdir()) == []
