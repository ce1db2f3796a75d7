"""The survey on a real switch, with a far end that presses keys and tells what it heard."""

import pytest
import pytest_twisted
from pytest_twisted import ensureDeferred

from telephony.peers.far_end import FarEnd
from telephony.peers.tone import loudness
from telephony.rules.verdict import Kind
from tests.pbx.surveying import Surveys
from tests.pbx.test_fallback import agi_server, stall
from tests.switch import extra

QUESTION = ["ask-satisfied", "digit-1", "ask-basically", "digit-2", "ask-dissatisfied", "digit-3"]
QUESTION += ["ask-person", "digit-0"]
BEGIN = ["hello", "case"]
VOICE_HERTZ = 425
INBOUND = {
    "HOTLINE_NUMBER": "12315",
    "HOTLINE_DEFAULT_QUEUE": "city-12345",
    "HOTLINE_GREETING": "greeting-12315",
    "HOTLINE_MENU": "",
}
RETURNED = {"HOTLINE_REVISIT": "17", "HOTLINE_QUEUE": "city-12315", "HOTLINE_DEFAULT_QUEUE": "city-12345"}
ROUTE = [INBOUND["HOTLINE_GREETING"], "recording-notice", "revisit-choice"]


@pytest.fixture(scope="module")
def far_end(switch, tmp_path_factory):
    with FarEnd("127.0.0.2", switch.carrier_port, tmp_path_factory.mktemp("far-end")) as far_end:
        yield far_end


@pytest.fixture
def rules(switch):
    quick = {"key_seconds": 1, "correction_seconds": 1, "reason_seconds": 1}
    return switch.config.revisits.survey.model_copy(update=quick)


@pytest.fixture
def absent(switch, far_end, rules):
    """The service, not started: nothing listens at the AGI port."""
    from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one: pytest-twisted's comes first

    return Surveys(switch, far_end, rules, reactor)


@pytest_twisted.async_yield_fixture
async def surveys(absent):
    absent.start()
    yield absent
    await absent.stop()


@pytest.mark.parametrize(("key", "rating"), [("1", "satisfied"), ("2", "basically_satisfied")])
@ensureDeferred
async def test_a_rating_is_committed_then_read_back_then_thanked_for(surveys, key, rating):
    await surveys.call(key)
    word = rating.partition("_")[0]
    assert await surveys.end() == [*BEGIN, *QUESTION, f"heard-{word}", "thanks"]
    assert surveys.steps[-4:] == ["told rated", f"heard-{word}", "wait", "thanks"]
    assert surveys.book.told == [(surveys.call_id, "rated", {"rating": rating, "key": key})]


@ensureDeferred
async def test_nothing_is_said_and_the_call_goes_nowhere_until_a_rating_is_committed(surveys):
    surveys.book.holding = Kind.RATED
    await surveys.call("1")
    await surveys.told(Kind.RATED)
    assert await surveys.variable("HOTLINE_NEXT") == ""
    surveys.book.held.callback(None)
    assert (await surveys.end())[-2:] == ["heard-satisfied", "thanks"]


@ensureDeferred
async def test_who_presses_nothing_is_asked_three_times_and_has_rated_nothing(surveys):
    await surveys.call()
    assert await surveys.end() == [*BEGIN, *QUESTION * 3, "goodbye"]
    assert surveys.book.told == []


@ensureDeferred
async def test_a_wrong_key_is_said_to_be_wrong_and_the_question_put_again(surveys):
    await surveys.call("72")
    heard = await surveys.end()
    assert heard == [*BEGIN, *QUESTION, "wrong-key", *QUESTION, "heard-basically", "thanks"]
    assert surveys.book.kinds == ["key", "rated"]


@ensureDeferred
async def test_a_key_pressed_while_the_question_is_put_is_an_answer_at_once(surveys):
    surveys.press_at("ask-satisfied", "1")
    await surveys.call()
    heard = await surveys.end()
    assert "ask-person" not in heard
    assert heard[-2:] == ["heard-satisfied", "thanks"]


@ensureDeferred
async def test_another_key_after_the_reading_back_takes_the_ratings_place(surveys):
    await surveys.call("12")
    assert (await surveys.end())[-3:] == ["heard-satisfied", "heard-basically", "thanks"]
    assert surveys.book.ratings() == ["satisfied", "basically_satisfied"]


# --- dissatisfied, and a person ---


@ensureDeferred
async def test_a_dissatisfied_citizen_says_why_and_is_taken_to_a_person(surveys, switch, rules):
    await surveys.call(["9", "3", "", "0"], voice="tone")
    assert await surveys.queue() == (rules.person_queue, str(rules.person_priority))
    heard = await surveys.end()
    after = ["heard-dissatisfied", "reason", "beep", "offer-person", "digit-0", "recording-notice"]
    assert heard[heard.index("heard-dissatisfied") :] == after
    assert surveys.book.kinds == ["key", "rated", "reason", "person"]
    recorded = switch.paths.recordings / surveys.book.told[2][2]["file"]
    assert recorded.name == f"reason-{surveys.call_id}.wav"
    assert loudness(recorded, VOICE_HERTZ) > 3000


@ensureDeferred
async def test_a_reason_said_before_the_citizen_hangs_up_is_kept(surveys, switch):
    surveys.hang_up_when_recorded()
    await surveys.call("93", voice="tone")
    await surveys.end()
    await surveys.told("reason")
    assert (switch.paths.recordings / surveys.book.told[-1][2]["file"]).exists()


@ensureDeferred
async def test_a_dissatisfied_citizen_who_wants_nobody_is_thanked(surveys):
    await surveys.call("3")
    assert (await surveys.end())[-3:] == ["offer-person", "digit-0", "thanks"]


@ensureDeferred
async def test_the_talk_with_the_person_is_recorded_as_every_talk_is(surveys, switch):
    await surveys.call("0")
    await surveys.queue()
    await surveys.end()
    lines = [line for line in switch.journal() if line["uniqueid"] == surveys.call_id]
    (recording,) = [extra(line)["extra"] for line in lines if line["eventtype"] == "recording"]
    assert recording.endswith(f"/{surveys.call_id}.wav")
    assert (switch.paths.recordings / recording).exists()


# --- a machine ---


@ensureDeferred
async def test_a_machine_hears_who_calls_and_nothing_of_the_case(surveys):
    await surveys.call(voice="machine")
    assert await surveys.end() == ["hello", "anyone"]
    assert (surveys.book.kinds, surveys.cases.named) == (["machine"], [])
    assert surveys.book.told[0][2]["amd_cause"].startswith("LONGGREETING")


@ensureDeferred
async def test_who_is_taken_for_a_machine_and_presses_a_key_is_asked(surveys):
    await surveys.call("51", voice="machine")
    assert await surveys.end() == ["hello", "anyone", "case", *QUESTION, "heard-satisfied", "thanks"]
    assert surveys.book.kinds == ["key", "rated"]


# --- what fails ---


@ensureDeferred
async def test_who_rates_while_nothing_can_be_stored_hears_an_apology_and_no_thanks(surveys):
    surveys.book.faults.add(Kind.RATED)
    await surveys.call("1")
    assert await surveys.end() == [*BEGIN, *QUESTION, "survey-apology"]


@ensureDeferred
async def test_while_the_service_is_not_there_the_citizen_hears_an_apology(absent, switch):
    await absent.call()
    assert await absent.end() == ["survey-apology"]
    lines = [line for line in switch.journal() if line["uniqueid"] == absent.call_id]
    assert [extra(line)["extra"] for line in lines if line["eventtype"] == "survey-failed"] == ["FAILURE"]


@ensureDeferred
async def test_a_service_that_stalls_keeps_nobody_in_silence(absent, switch):
    with agi_server(switch, stall):
        await absent.call()
        assert await absent.end() == ["survey-apology"]


# --- a citizen who calls back ---


@pytest.mark.parametrize("voice", ["machine", "silent"])
@ensureDeferred
async def test_who_called_back_is_asked_at_once_under_the_revisit(surveys, voice):
    await surveys.call("1", exten="returned", variables=RETURNED, voice=voice)
    assert await surveys.end() == [*BEGIN, *QUESTION, "heard-satisfied", "thanks"]
    assert [reference for reference, _, _ in surveys.book.told] == ["revisit:17"]


@ensureDeferred
async def test_who_called_back_and_asks_for_a_person_has_one(surveys, rules):
    await surveys.call("0", exten="returned", variables=RETURNED)
    assert await surveys.queue() == (rules.person_queue, str(rules.person_priority))
    assert (await surveys.end())[-1] == "digit-0"


@ensureDeferred
async def test_who_called_back_and_rates_in_vain_hears_an_apology_and_has_a_person(surveys):
    surveys.book.faults.add(Kind.RATED)
    await surveys.call("1", exten="returned", variables=RETURNED)
    assert (await surveys.queue())[0] == RETURNED["HOTLINE_QUEUE"]
    assert (await surveys.end())[-1] == "apology"


@ensureDeferred
async def test_who_called_back_while_the_service_is_not_there_has_a_person(absent):
    await absent.call(exten="returned", variables=RETURNED)
    assert (await absent.queue())[0] == RETURNED["HOTLINE_QUEUE"]
    assert await absent.end() == ["apology"]


@ensureDeferred
async def test_who_called_back_while_the_service_stalls_has_a_person(absent, switch):
    with agi_server(switch, stall):
        await absent.call(exten="returned", variables=RETURNED)
        assert (await absent.queue())[0] == RETURNED["HOTLINE_QUEUE"]


@ensureDeferred
async def test_a_caller_with_a_revisit_chooses_the_survey_with_one_key(surveys):
    await surveys.call("2", context="inbound", variables=INBOUND)
    await surveys.press_when_heard("revisit-choice", "1")
    heard = await surveys.end()
    assert heard == [*ROUTE, *BEGIN, *QUESTION, "heard-basically", "thanks"]
    assert surveys.book.told == [("revisit:17", "rated", {"rating": "basically_satisfied", "key": "2"})]


@ensureDeferred
async def test_a_caller_with_a_revisit_who_presses_nothing_waits_for_a_person(surveys):
    await surveys.call(context="inbound", variables=INBOUND)
    assert await surveys.queue() == ("city-12315", "3")
    assert await surveys.end() == ROUTE
