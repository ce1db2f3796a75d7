"""Refusing a matter (Art. 4): stored, then moved; what is left in between is finished or closed."""

from datetime import timedelta

import pytest
from pytest_twisted import ensureDeferred
from twisted.internet.defer import Deferred, fail, succeed

from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError, UnknownThingError
from telephony.floor.refusals import Refusals
from telephony.pbx.snapshot import Channel
from telephony.rules.refusals import Refusal
from telephony.store import refusals as rows
from telephony.store.tables import calls, legs
from telephony.store.threeway_tables import three_ways
from tests.unit.floor.test_ledger import AGENT, STORY, line, read, write
from tests.unit.times import NOON

CALL = "1.0"
TALKING = STORY[:6]
KIND = Refusal.PETITION


class Line:
    """A switch that does what it is told; `answer` is what the next move comes to."""

    def __init__(self):
        self.told, self.answer, self.channels = [], None, {}

    def explain(self, leg_id, kind):
        self.told.append((leg_id, kind))
        return self.answer or succeed(None)

    def living(self):
        return succeed(self.channels)


@pytest.fixture
def switch():
    return Line()


@pytest.fixture
def refusing(database, switch, clock):
    return Refusals(database, switch, clock, lambda: None)


async def talk(ledger, tmp_path, *more):
    write(
        tmp_path,
        [*TALKING, line("BRIDGE_ENTER", 10), line("recording", 5, extra="2026-11-23/1.0.wav"), *more],
    )
    await read(ledger)


async def listed(database):
    return await database.read(lambda c: rows.listed(c, None, None, 10))


def there(context="inbound"):
    return {
        "1.0": Channel("carrier", "Up", "1.0", "1.0", context=context),
        "1.1": Channel("8001", "Up", "1.1", "1.0"),
    }


@ensureDeferred
async def test_a_refusal_is_stored_with_kind_agent_and_recording_and_the_citizen_moved(
    refusing, ledger, database, tmp_path, switch
):
    await talk(ledger, tmp_path)
    view = await refusing.refuse(CALL, KIND, "Wang", "note")
    assert (view.kind, view.agent, view.by, view.note) == (KIND, "8001", "Wang", "note")
    assert (view.recording, view.at, view.outcome) == ("2026-11-23/1.0.wav", NOON, None)
    assert switch.told == [("1.0", KIND)]


@ensureDeferred
async def test_what_the_citizen_heard_to_its_end_is_said(refusing, ledger, database, tmp_path):
    await talk(ledger, tmp_path)
    await refusing.refuse(CALL, KIND, "Wang", None)
    write(tmp_path, [line("refusal", 20, extra="3"), line("refusal_said", 25, extra="3")])
    write(tmp_path, STORY[6:])
    await read(ledger)
    [view] = await listed(database)
    assert (view.outcome, view.outcome_at) == ("said", NOON + timedelta(seconds=25))
    counts = await database.read(lambda c: rows.counted(c, None, None))
    assert counts == {kind.value: int(kind is KIND) for kind in Refusal}


@ensureDeferred
async def test_a_recording_that_begins_with_the_explanation_is_the_refusals_own(
    refusing, ledger, database, tmp_path
):
    write(tmp_path, [*TALKING, line("BRIDGE_ENTER", 10)])
    await read(ledger)
    view = await refusing.refuse(CALL, KIND, "Wang", None)
    assert view.recording is None  # of a call that we placed: the agent's
    begins = [line("recording", 20, extra="2026-11-23/1.0.wav"), line("refusal", 20, extra="3")]
    write(tmp_path, begins)
    await read(ledger)
    assert [view.recording for view in await listed(database)] == ["2026-11-23/1.0.wav"]


@ensureDeferred
async def test_what_became_of_a_refusal_does_not_wait_behind_the_journal(
    refusing, ledger, database, tmp_path, switch, monkeypatch
):
    await talk(ledger, tmp_path)
    switch.answer = fail(SwitchRefusedError("No such channel"))
    urgent, write_ = [], database.write

    def noting(work, **how):
        urgent.append(how.get("urgent", False))
        return write_(work, **how)

    monkeypatch.setattr(database, "write", noting)
    with pytest.raises(NotAllowedError):
        await refusing.refuse(CALL, KIND, "Wang", None)
    assert urgent == [True, True]


@pytest.mark.parametrize(("begun", "outcome"), [(True, "cut_short"), (False, "not_said")])
@ensureDeferred
async def test_a_citizen_who_goes_before_its_end_was_not_told_all(
    refusing, ledger, database, tmp_path, begun, outcome
):
    await talk(ledger, tmp_path)
    await refusing.refuse(CALL, KIND, "Wang", None)
    write(tmp_path, [*([line("refusal", 20, extra="3")] if begun else []), *STORY[6:]])
    await read(ledger)
    assert [view.outcome for view in await listed(database)] == [outcome]
    counts = await database.read(lambda c: rows.counted(c, None, None))
    assert counts[KIND] == int(begun)


@ensureDeferred
async def test_a_switch_that_died_ends_it(refusing, ledger, database, tmp_path):
    await talk(ledger, tmp_path)
    await refusing.refuse(CALL, KIND, "Wang", None)
    await ledger.bury(frozenset(), NOON + timedelta(seconds=30), NOON + timedelta(seconds=30))
    assert [view.outcome for view in await listed(database)] == ["not_said"]


@ensureDeferred
async def test_a_call_in_which_nobody_talks_cannot_be_refused(refusing, ledger, tmp_path, switch):
    write(tmp_path, STORY[:4])
    await read(ledger)
    with pytest.raises(NotAllowedError):
        await refusing.refuse(CALL, KIND, "Wang", None)
    assert switch.told == []


@ensureDeferred
async def test_no_call_cannot_be_refused(refusing):
    with pytest.raises(UnknownThingError):
        await refusing.refuse("7.7", KIND, "Wang", None)


@ensureDeferred
async def test_a_second_refusal_waits_for_the_end_of_the_first(refusing, ledger, tmp_path, switch):
    await talk(ledger, tmp_path)
    await refusing.refuse(CALL, KIND, "Wang", None)
    with pytest.raises(NotAllowedError):
        await refusing.refuse(CALL, Refusal.INTERNAL, "Wang", None)
    assert len(switch.told) == 1


@ensureDeferred
async def test_a_three_way_call_cannot_be_refused(refusing, ledger, database, tmp_path):
    await talk(ledger, tmp_path)
    row = {"call_id": CALL, "kind": "three_way", "room": "1", "state": "talking", "matter": "x"}
    row |= {"confidential": False, "demo": False, "worker": "w", "started_at": NOON}
    wanted = {name: row[name] for name in row if name in three_ways.c}
    await database.write(lambda c: c.execute(three_ways.insert().values(**wanted)))
    with pytest.raises(NotAllowedError):
        await refusing.refuse(CALL, KIND, "Wang", None)


@ensureDeferred
async def test_a_citizen_who_has_gone_meanwhile_heard_nothing(refusing, ledger, database, tmp_path, switch):
    await talk(ledger, tmp_path)
    switch.answer = fail(SwitchRefusedError("No such channel"))
    with pytest.raises(NotAllowedError):
        await refusing.refuse(CALL, KIND, "Wang", None)
    assert [view.outcome for view in await listed(database)] == ["not_said"]


@ensureDeferred
async def test_a_switch_that_is_away_is_asked_again_when_it_is_back(
    refusing, ledger, tmp_path, switch, database
):
    await talk(ledger, tmp_path)
    switch.answer = fail(SwitchUnavailableError("away"))
    await refusing.refuse(CALL, KIND, "Wang", None)
    switch.answer, switch.channels = None, there()
    await refusing.settle()
    assert switch.told == [("1.0", KIND)] * 2


@ensureDeferred
async def test_a_move_that_is_being_answered_is_not_sent_twice(refusing, ledger, tmp_path, switch):
    await talk(ledger, tmp_path)
    switch.answer, switch.channels = Deferred(), there()
    refusing.refuse(CALL, KIND, "Wang", None).addErrback(lambda _: None)
    while not switch.told:
        await refusing.settle()
    await refusing.settle()
    assert switch.told == [("1.0", KIND)]


class TellsLate:
    """A store that commits at once, and lets it be known when the test says so."""

    def __init__(self, database):
        self._database, self.told = database, Deferred()
        self.read = database.read

    def write(self, work, *, urgent=False):
        stored = self._database.write(work, urgent=urgent)
        return stored.addCallback(lambda result: self.told.addCallback(lambda _: result))


@ensureDeferred
async def test_what_is_stored_and_not_yet_known_to_be_is_moved_once(
    database, ledger, tmp_path, switch, clock
):
    await talk(ledger, tmp_path)
    switch.channels, store = there(), TellsLate(database)
    refusing = Refusals(store, switch, clock, lambda: None)
    ordered = refusing.refuse(CALL, KIND, "Wang", None)
    await database.write(lambda _: None)  # behind it: it is committed
    await refusing.settle()
    assert switch.told == []
    store.told.callback(None)
    await ordered
    assert switch.told == [("1.0", KIND)]


async def left_over(ledger, database, tmp_path):
    """Leave what a service leaves that was killed between the commit and the move."""
    await talk(ledger, tmp_path)
    await database.write(lambda c: rows.order(c, CALL, KIND, "Wang", None, NOON))


@pytest.mark.parametrize(("seconds", "moved"), [(60, True), (61, False)])
@ensureDeferred
async def test_a_killed_service_finishes_what_is_fresh_and_closes_the_rest(
    refusing, ledger, database, tmp_path, switch, clock, seconds, moved
):
    await left_over(ledger, database, tmp_path)
    switch.channels, clock.instant = there(), NOON + timedelta(seconds=seconds)
    await refusing.settle()
    await database.write(lambda _: None)
    assert switch.told == ([("1.0", KIND)] if moved else [])
    assert [view.outcome for view in await listed(database)] == [None if moved else "not_said"]


@ensureDeferred
async def test_a_citizen_who_hears_it_already_is_left_there(refusing, ledger, database, tmp_path, switch):
    await left_over(ledger, database, tmp_path)
    switch.channels = there("refusal-spoken")
    await refusing.settle()
    assert (switch.told, [view.outcome for view in await listed(database)]) == ([], [None])


@ensureDeferred
async def test_a_citizen_whose_agent_has_gone_is_not_moved(refusing, ledger, database, tmp_path, switch):
    await left_over(ledger, database, tmp_path)
    switch.channels = {"1.0": there()["1.0"]}
    await refusing.settle()
    await database.write(lambda _: None)
    assert (switch.told, [view.outcome for view in await listed(database)]) == ([], ["not_said"])


def test_the_agents_channel_of_the_story_is_known():
    assert (AGENT, calls.name, legs.name) == ("PJSIP/8001-00000002", "calls", "legs")
