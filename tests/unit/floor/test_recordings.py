"""Recordings after the call: sealed, heard, held, deleted; and what a crash or an absent disk leaves."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from pytest_twisted import ensureDeferred

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.floor.vault import AwayError
from telephony.floor.vault_keys import KeyFaultError
from telephony.store import recordings as rows
from telephony.store.recording_tables import recording_accesses
from telephony.store.recordings import Who
from telephony.store.tables import events
from tests.unit.floor.tapes import DAY, SUPERVISOR, Shelf
from tests.unit.floor.test_vault import SOUND

SECOND = timedelta(seconds=1)
UNCLOSED = SOUND[:40] + bytes(4) + SOUND[44:]


@pytest.fixture
def shelf(database, clock, tmp_path):
    shelf = Shelf(database, clock, tmp_path)
    yield shelf
    shelf.recordings.stop()


async def hear(shelf, recording_id=1, what="play", who=SUPERVISOR):
    sound = await shelf.recordings.hear(recording_id, what, who)
    return b"".join(sound.pieces)


def accesses(shelf):
    found = shelf.query(lambda connection: connection.execute(recording_accesses.select()).all())
    return [(row.what, row.by, row.role, row.why) for row in sorted(found, key=lambda row: row.id)]


def kinds(shelf):
    return list(shelf.query(sa.Connection.scalars, sa.select(events.c.kind).order_by(events.c.id)))


@ensureDeferred
async def test_a_recording_is_sealed_once_its_call_has_ended(shelf):
    shelf.put()
    await shelf.recordings.upkeep.look()
    row = shelf.row()
    assert (row.state, row.key_id, row.size, row.to_unlink) == ("sealed", "k1", len(SOUND), False)
    assert shelf.forms() == {".enc"}
    assert kinds(shelf) == ["recording_sealed"]


@ensureDeferred
async def test_a_recording_of_a_call_that_goes_on_is_left_alone(shelf):
    shelf.put(ended=False)
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.forms()) == ("open", {""})


@ensureDeferred
async def test_a_file_without_its_end_is_given_a_minute(shelf, clock):
    shelf.put(sound=UNCLOSED)
    clock.instant += timedelta(seconds=60)
    await shelf.recordings.upkeep.look()
    assert shelf.row().state == "open"
    clock.instant += SECOND
    await shelf.recordings.upkeep.look()
    assert shelf.row().state == "sealed"


@ensureDeferred
async def test_without_a_key_recordings_stay_plain_and_are_hashed(database, clock, tmp_path):
    shelf = Shelf(database, clock, tmp_path, keyed=False)
    shelf.put()
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.row().key_id, shelf.forms()) == ("sealed", None, {""})
    assert await hear(shelf) == SOUND
    shelf.recordings.stop()


@ensureDeferred
async def test_a_reason_spoken_in_a_survey_is_sealed_while_the_call_goes_on(shelf):
    shelf.put(kind="reason", ended=False)
    await shelf.recordings.upkeep.look()
    assert shelf.row().state == "sealed"


@ensureDeferred
async def test_a_crash_between_the_encryption_and_the_commit_leaves_a_recording_to_be_sealed(shelf):
    shelf.put()
    shelf.vault.mark("")
    shelf.vault.seal("2026-11-23/1.1.wav")
    assert shelf.forms() == {"", ".enc"}
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.forms()) == ("sealed", {".enc"})
    assert await hear(shelf) == SOUND


@ensureDeferred
async def test_a_crash_between_the_commit_and_the_removal_leaves_a_plain_file_that_goes_at_the_next_look(
    shelf,
):
    shelf.put()
    shelf.vault.mark("")
    sealed = shelf.vault.seal("2026-11-23/1.1.wav")
    shelf.query(rows.seal, shelf.row(), vars(sealed), shelf.clock.now())
    assert (shelf.row().to_unlink, shelf.forms()) == (True, {"", ".enc"})
    await shelf.recordings.upkeep.look()
    assert (shelf.row().to_unlink, shelf.forms()) == (False, {".enc"})


@ensureDeferred
async def test_a_crash_between_the_deletion_and_the_removal_leaves_a_file_that_goes_at_the_next_look(
    shelf, clock
):
    shelf.put(age=31 * DAY)
    limit = {"call": clock.now()}
    shelf.query(rows.expire, "here", limit, SUPERVISOR, clock.now(), 10)
    assert (shelf.row().state, shelf.forms()) == ("deleted", {""})
    await shelf.recordings.upkeep.look()
    assert (shelf.row().to_unlink, shelf.forms()) == (False, set())


@pytest.mark.parametrize(("kind", "days"), [("call", 30), ("reason", 10), ("three_way", 60)])
@ensureDeferred
async def test_a_recording_is_deleted_at_the_age_of_its_kind_and_not_a_second_earlier(
    shelf, clock, kind, days
):
    shelf.put(kind=kind, age=days * DAY - SECOND)
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=False)).deleted == 0
    clock.instant += SECOND
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=True)).due == 1
    assert shelf.row().state == "open"
    done = await shelf.recordings.expire(SUPERVISOR, dry_run=False)
    assert (done.due, done.deleted, done.held) == (1, 1, 0)
    assert (shelf.row().state, shelf.row().deleted_by, shelf.forms()) == ("deleted", "李敏", set())


@ensureDeferred
async def test_what_is_old_enough_goes_by_itself_once_a_day_and_is_told_who_did_it(shelf, clock):
    shelf.put(1)
    await shelf.recordings.upkeep.look()
    clock.instant += 30 * DAY
    shelf.put(2)
    await shelf.recordings.upkeep.look()
    assert [row.state for row in shelf.rows()] == ["deleted", "sealed"]
    assert accesses(shelf) == [("delete", "rules", "rules", "keep_days")]
    assert kinds(shelf).count("recording_access") == 1


@ensureDeferred
async def test_a_held_recording_outlives_its_age_until_it_is_released(shelf, clock):
    shelf.put(age=31 * DAY)
    shelf.query(rows.hold, 1, SUPERVISOR, None, clock.now())
    done = await shelf.recordings.expire(SUPERVISOR, dry_run=False)
    assert (done.due, done.deleted, done.held) == (0, 0, 1)
    shelf.query(rows.release, 1, SUPERVISOR, clock.now())
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=False)).deleted == 1
    assert [what for what, *_ in accesses(shelf)] == ["hold", "release", "delete"]


@ensureDeferred
async def test_a_hold_with_an_end_ends_then(shelf, clock):
    shelf.put(age=31 * DAY)
    shelf.query(rows.hold, 1, SUPERVISOR, clock.now() + SECOND, clock.now())
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=False)).deleted == 0
    clock.instant += SECOND
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=False)).deleted == 1


@ensureDeferred
async def test_more_than_a_batch_is_deleted_in_batches(shelf, monkeypatch):
    monkeypatch.setattr("telephony.floor.recording_upkeep.BATCH", 2)
    for number in range(1, 6):
        shelf.put(number, age=31 * DAY)
    assert (await shelf.recordings.expire(SUPERVISOR, dry_run=False)).deleted == 5
    assert all(shelf.forms(number) == set() for number in range(1, 6))


@ensureDeferred
async def test_a_disk_that_is_away_makes_nothing_missing_and_deletes_nothing(shelf, clock):
    shelf.put(1)
    shelf.put(2, age=29 * DAY)
    await shelf.recordings.upkeep.look()
    shelf.folder.rename(shelf.folder.with_name("away"))
    shelf.folder.mkdir()
    clock.instant += 2 * DAY
    recordings = shelf.recordings
    for work in (recordings.upkeep.look(), recordings.expire(SUPERVISOR, dry_run=False), hear(shelf)):
        with pytest.raises(AwayError):
            await work
    assert [(row.state, row.finding) for row in shelf.rows()] == [("sealed", None)] * 2
    shelf.folder.rmdir()
    shelf.folder.with_name("away").rename(shelf.folder)
    assert await hear(shelf) == SOUND
    await shelf.recordings.upkeep.look()
    assert [row.state for row in shelf.rows()] == ["sealed", "deleted"]


@pytest.mark.parametrize("sealed", [True, False])
@ensureDeferred
async def test_a_mount_point_without_its_disk_is_no_empty_store_whatever_the_store_knows(shelf, sealed):
    if not sealed:
        shelf.keys.chmod(0o644)  # so nothing could be sealed yet
    shelf.put()
    await shelf.recordings.upkeep.look().addErrback(lambda failure: failure.trap(KeyFaultError))
    shelf.folder.rename(shelf.folder.with_name("away"))
    shelf.folder.mkdir()
    shelf.put(2)  # the switch writes on where the disk should be
    with pytest.raises(AwayError):
        await shelf.recordings.upkeep.look()
    assert [row.finding for row in shelf.rows()] == [None, None]


@ensureDeferred
async def test_a_mark_left_on_the_bare_mount_point_is_not_that_of_the_disk(shelf):
    await shelf.recordings.upkeep.look()  # the first start: the disk is not mounted yet
    bare = shelf.folder.rename(shelf.folder.with_name("bare"))
    shelf.put()
    with pytest.raises(AwayError):
        await shelf.recordings.upkeep.look()
    shelf.vault.mark("")  # the operator says so
    await shelf.recordings.upkeep.look()
    assert shelf.row().state == "sealed"
    shelf.folder.rename(shelf.folder.with_name("disk"))
    bare.rename(shelf.folder)
    with pytest.raises(AwayError):
        await shelf.recordings.upkeep.look()


@ensureDeferred
async def test_a_store_that_never_knew_a_disk_takes_none_for_it_that_lacks_what_it_should_hold(shelf):
    shelf.put(sound=None)
    shelf.put(2)
    with pytest.raises(AwayError):
        await shelf.recordings.upkeep.look()
    assert shelf.vault.marked() is None


@ensureDeferred
async def test_a_file_that_cannot_be_removed_holds_up_neither_the_others_nor_what_comes_after(
    shelf, clock, monkeypatch
):
    monkeypatch.setattr("telephony.floor.recording_upkeep.BATCH", 1)
    await shelf.recordings.upkeep.look()
    for number in (1, 2):
        shelf.put(number, age=31 * DAY)
    shelf.file(1).unlink()
    shelf.file(1).mkdir()  # nothing that unlink would remove
    await shelf.recordings.expire(SUPERVISOR, dry_run=False)
    shelf.put(3)
    await shelf.recordings.upkeep.look().addCallback(shelf.recordings.upkeep._done)
    assert [(row.state, row.to_unlink) for row in shelf.rows()] == [
        ("deleted", True),
        ("deleted", False),
        ("sealed", False),
    ]
    assert "1.1.wav" in shelf.recordings.upkeep.health().detail


@ensureDeferred
async def test_what_is_old_enough_goes_also_while_nothing_can_be_sealed(shelf):
    shelf.put(age=31 * DAY)
    shelf.put(2)
    shelf.keys.chmod(0o644)
    with pytest.raises(KeyFaultError):
        await shelf.recordings.upkeep.look()
    assert [row.state for row in shelf.rows()] == ["deleted", "open"]


@ensureDeferred
async def test_verifying_tells_of_a_file_that_the_disk_cannot_read_and_goes_on_after_it(shelf, monkeypatch):
    shelf.put(1)
    shelf.put(2)
    await shelf.recordings.upkeep.look()
    check = shelf.vault.check

    def failing(name, sealed):
        if name.endswith("/1.1.wav"):
            raise OSError(5, "Input/output error")
        check(name, sealed)

    monkeypatch.setattr(shelf.vault, "check", failing)
    wrong, seen, last = await shelf.recordings.verify(0, 10)
    assert ([(each.id, each.finding) for each in wrong], seen, last) == ([(1, "unreadable")], 2, 2)


@ensureDeferred
async def test_a_file_that_goes_and_comes_back_is_missing_only_in_between(shelf):
    shelf.put()
    await shelf.recordings.upkeep.look()
    content = shelf.file(form=".enc").read_bytes()
    shelf.file(form=".enc").unlink()
    with pytest.raises(NotAllowedError):
        await hear(shelf)
    assert shelf.row().finding == "missing"
    shelf.file(form=".enc").write_bytes(content)
    assert await shelf.recordings.verify(0, 10) == ([], 1, 1)
    assert shelf.row().finding is None


@ensureDeferred
async def test_a_file_that_is_not_there_yet_is_looked_for_again(shelf, clock):
    shelf.put(sound=None)
    shelf.vault.mark("")
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.row().finding) == ("open", "missing")
    shelf.file().parent.mkdir()
    shelf.file().write_bytes(SOUND)
    clock.instant += timedelta(minutes=10) + SECOND
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.row().finding) == ("sealed", None)


@ensureDeferred
async def test_verifying_names_what_is_damaged_and_goes_on_after_it(shelf):
    for number in (1, 2, 3):
        shelf.put(number)
    await shelf.recordings.upkeep.look()
    shelf.file(2, ".enc").write_bytes(b"x")
    wrong, seen, last = await shelf.recordings.verify(0, 2)
    assert ([(each.id, each.finding) for each in wrong], seen, last) == ([(2, "damaged")], 2, 2)
    assert await shelf.recordings.verify(last, 2) == ([], 1, 3)
    assert await shelf.recordings.verify(3, 2) == ([], 0, 3)


@ensureDeferred
async def test_files_that_no_row_knows_are_named(shelf):
    shelf.put()
    await shelf.recordings.upkeep.look()
    shelf.file(9).write_bytes(SOUND)
    assert await shelf.recordings.strangers(shelf.row().day) == ["2026-11-23/9.1.wav"]


@pytest.mark.parametrize("what", ["play", "export"])
@ensureDeferred
async def test_who_hears_a_recording_is_stored_with_the_reason(shelf, what):
    shelf.put()
    await shelf.recordings.upkeep.look()
    assert await hear(shelf, what=what) == SOUND
    assert accesses(shelf) == [(what, "李敏", "supervisor", "投诉核查")]
    assert kinds(shelf) == ["recording_sealed", "recording_access"]


@pytest.mark.parametrize(("number", "heard"), [("8001", True), ("8002", False), ("8003", False)])
@ensureDeferred
async def test_an_agent_hears_calls_they_spoke_in_and_none_that_only_rang(shelf, number, heard):
    shelf.put()
    await shelf.recordings.upkeep.look()
    who = Who(number, "agent", "复核")
    if heard:
        assert await hear(shelf, who=who) == SOUND
    else:
        with pytest.raises(NotAllowedError):
            await hear(shelf, who=who)
    assert len(accesses(shelf)) == heard


@ensureDeferred
async def test_an_agent_exports_nothing(shelf):
    shelf.put()
    await shelf.recordings.upkeep.look()
    with pytest.raises(NotAllowedError):
        await hear(shelf, what="export", who=Who("8001", "agent", "复核"))


@ensureDeferred
async def test_a_call_that_has_ended_is_heard_although_nobody_could_seal_it_yet(shelf):
    shelf.put()
    shelf.keys.unlink()
    with pytest.raises(KeyFaultError):
        await shelf.recordings.upkeep.look()
    assert await hear(shelf) == SOUND


@ensureDeferred
async def test_a_call_that_goes_on_is_not_heard(shelf):
    shelf.put(ended=False)
    with pytest.raises(NotAllowedError):
        await hear(shelf)


@ensureDeferred
async def test_what_is_deleted_or_unknown_is_not_heard(shelf):
    shelf.put(age=31 * DAY)
    await shelf.recordings.expire(SUPERVISOR, dry_run=False)
    with pytest.raises(NotAllowedError, match="李敏"):
        await hear(shelf)
    with pytest.raises(UnknownThingError):
        await hear(shelf, 2)


@ensureDeferred
async def test_anothers_recordings_are_left_alone_and_are_to_be_heard_there(shelf, clock):
    shelf.put(place="there", age=31 * DAY)
    await shelf.recordings.upkeep.look()
    assert (shelf.row().state, shelf.forms()) == ("open", {""})
    with pytest.raises(NotAllowedError):
        await hear(shelf)


@ensureDeferred
async def test_a_key_that_cannot_be_used_is_told_by_the_health_until_it_can(shelf):
    shelf.put()
    shelf.keys.chmod(0o644)
    await shelf.recordings.upkeep.look().addErrback(shelf.recordings.upkeep._not_done)
    assert "chmod 600" in shelf.recordings.upkeep.health().detail
    shelf.keys.chmod(0o600)
    await shelf.recordings.upkeep.look().addCallback(shelf.recordings.upkeep._done)
    assert shelf.recordings.upkeep.health().ok
    assert shelf.row().state == "sealed"
