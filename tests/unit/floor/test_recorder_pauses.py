"""Pauses of a live call's recording: who wants silence, for how long, and what the switch is told."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.task import Clock as Timer

from telephony.errors import NotAllowedError, SwitchUnavailableError, UnknownThingError
from telephony.floor.pulse import Pulse
from telephony.floor.recorder_pauses import PauseRules, Pauses
from telephony.store.recording_tables import recording_pauses
from telephony.store.tables import calls, events, legs
from tests.fakes import FakeRecorder
from tests.unit.floor.tapes import Shelf

CALL, CITIZEN, UNIT = "1.1", "1.1", "tw-1"
LIMIT = 120
AWAY = SwitchUnavailableError("away")


class Talk:
    """One call that goes on and is recorded."""

    def __init__(self, database, clock, folder):
        self.shelf = Shelf(database, clock, folder)
        self.shelf.put(ended=False)
        self.database, self.clock = database, clock
        self.recorder, self.timer, self.pulse = FakeRecorder(), Timer(), Pulse()
        self.pauses = self.service()

    def service(self):
        rules = PauseRules(("bank-card", "other"), LIMIT)
        return Pauses(self.database, self.recorder, self.clock, self.timer, self.pulse, "here", rules)

    def pause(self, call_id=CALL, reason="bank-card"):
        return self.pauses.pause(call_id, "8001", reason)

    def unit_comes(self):
        row = {"id": UNIT, "call_id": CALL, "role": "unit", "recording": "x.wav"}
        self.shelf.query(lambda c: c.execute(legs.insert().values(**row, started_at=self.clock.now())))

    def ends(self):
        def work(connection):
            connection.execute(legs.update().values(ended_at=self.clock.now()))
            connection.execute(calls.update().values(state="ended"))

        self.shelf.query(work)

    def rows(self):
        found = self.shelf.query(lambda c: c.execute(recording_pauses.select()).all())
        return [(row.by, row.reason, row.ended_by, row.heard_at is not None) for row in found]

    def told(self):
        return self.shelf.query(lambda c: [(row.kind, row.data["by"]) for row in c.execute(events.select())])

    def move(self, seconds):
        self.clock.instant += timedelta(seconds=seconds)


@pytest.fixture
def talk(database, clock, tmp_path):
    talk = Talk(database, clock, tmp_path)
    yield talk
    talk.pauses.stop()
    talk.shelf.recordings.stop()


@ensureDeferred
async def test_a_pause_silences_the_recording_and_says_until_when(talk):
    until = await talk.pause()
    assert until == talk.clock.now() + timedelta(seconds=LIMIT)
    assert talk.recorder.silent == {CITIZEN}
    assert talk.rows() == [("8001", "bank-card", None, False)]
    assert talk.told() == [("recording_paused", "8001")]


@ensureDeferred
async def test_a_pause_ends_when_somebody_resumes(talk):
    await talk.pause()
    await talk.pauses.resume(CALL, "李敏")
    assert talk.recorder.silent == set()
    assert talk.rows() == [("8001", "bank-card", "李敏", True)]
    assert talk.told() == [("recording_paused", "8001"), ("recording_resumed", "李敏")]


@pytest.mark.parametrize(("passed", "silent"), [(LIMIT - 0.1, True), (LIMIT, False)])
@ensureDeferred
async def test_a_pause_that_nobody_ends_ends_by_itself_at_the_limit(talk, passed, silent):
    await talk.pause()
    talk.move(passed)
    await talk.pauses.look()
    assert bool(talk.recorder.silent) == silent
    assert talk.rows()[0][2] == (None if silent else "limit")


@ensureDeferred
async def test_it_is_looked_at_when_the_limit_is_over_without_waiting_for_a_tick(talk):
    await talk.pause()
    (due,) = talk.timer.getDelayedCalls()
    assert due.getTime() == LIMIT


@ensureDeferred
async def test_two_pauses_are_each_ended_at_their_own_time(talk):
    await talk.pause()
    talk.move(100)
    talk.shelf.put(2, ended=False)
    await talk.pause("2.1")
    (due,) = talk.timer.getDelayedCalls()
    assert due.getTime() == LIMIT - 100
    talk.move(20)
    await talk.pauses.look()
    assert talk.recorder.silent == {"2.1"}


@ensureDeferred
async def test_who_comes_into_a_paused_call_is_silenced_as_well(talk):
    await talk.pause()
    talk.unit_comes()
    await talk.pauses.look()
    assert talk.recorder.silent == {CITIZEN, UNIT}
    await talk.pauses.resume(CALL, "8001")
    assert talk.recorder.silent == set()


@ensureDeferred
async def test_news_is_enough_for_a_look_while_a_call_is_paused(talk):
    await talk.pause()
    talk.unit_comes()
    talk.pulse.beat()
    await talk.pauses.look()  # comes after the one that the news began
    assert talk.recorder.silent == {CITIZEN, UNIT}
    assert talk.pulse._waiting


@ensureDeferred
async def test_the_end_of_the_call_ends_its_pause(talk):
    await talk.pause()
    talk.ends()
    await talk.pauses.look()
    assert talk.rows() == [("8001", "bank-card", "call", True)]


@ensureDeferred
async def test_a_switch_that_does_not_answer_leaves_the_recording_on_and_says_so(talk):
    talk.recorder.refusal = AWAY
    with pytest.raises(SwitchUnavailableError, match="不要读出卡号"):
        await talk.pause()
    assert talk.rows() == [("8001", "bank-card", "switch", False)]
    talk.recorder.refusal = None
    talk.recorder.silent = {CITIZEN}  # it was done, and only the answer was lost
    await talk.pauses.look()
    assert (talk.recorder.silent, talk.rows()[0][3]) == (set(), True)


@ensureDeferred
async def test_a_resume_that_the_switch_does_not_hear_is_repeated(talk):
    await talk.pause()
    talk.recorder.refusal = AWAY
    with pytest.raises(SwitchUnavailableError):
        await talk.pauses.resume(CALL, "8001")
    talk.recorder.refusal = None
    await talk.pauses.look()
    assert (talk.recorder.silent, talk.rows()) == (set(), [("8001", "bank-card", "8001", True)])


@pytest.mark.parametrize("first", ["failed", "not_resumed"])
@ensureDeferred
async def test_what_an_earlier_pause_left_unsettled_gives_no_sound_to_the_one_that_goes_on(talk, first):
    if first == "not_resumed":
        await talk.pause()
    talk.recorder.refusal = AWAY
    with pytest.raises(SwitchUnavailableError):
        await (talk.pause() if first == "failed" else talk.pauses.resume(CALL, "8001"))
    talk.recorder.refusal = None
    await talk.pause()
    await talk.pauses.look()
    assert talk.recorder.silent == {CITIZEN}
    await talk.pauses.resume(CALL, "8001")
    await talk.pauses.look()
    assert (talk.recorder.silent, [heard for *_, heard in talk.rows()]) == (set(), [True, True])


@ensureDeferred
async def test_a_restart_goes_on_with_the_pause_and_ends_it_at_its_limit(talk):
    await talk.pause()
    talk.pauses.stop()
    talk.recorder.silent.clear()
    talk.pauses = talk.service()
    await talk.pauses.look()
    assert talk.recorder.silent == {CITIZEN}
    talk.move(LIMIT)
    await talk.pauses.look()
    assert (talk.recorder.silent, talk.rows()[0][2]) == (set(), "limit")


@ensureDeferred
async def test_what_makes_no_sense_is_refused(talk):
    with pytest.raises(NotAllowedError, match="bank-card"):
        await talk.pause(reason="lunch")
    with pytest.raises(UnknownThingError):
        await talk.pause("9.9")
    with pytest.raises(NotAllowedError):
        await talk.pauses.resume(CALL, "8001")
    await talk.pause()
    with pytest.raises(NotAllowedError):
        await talk.pause()
    talk.ends()
    await talk.pauses.look()
    with pytest.raises(NotAllowedError):
        await talk.pause()
