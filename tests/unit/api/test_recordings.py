"""Recordings over HTTP."""

import asyncio
from datetime import timedelta

import pytest
from starlette.requests import ClientDisconnect

from telephony.api.routes.recordings import SoundResponse
from telephony.rules.retention import CALL
from telephony.store import recordings as rows
from telephony.store.recordings import Noted
from tests.fakes import NOON
from tests.unit.floor.test_vault import SOUND
from tests.unit.store.ledger import put_answered, put_leg

LIVE, OVER = "1.1", "2.1"
ASKED = {"by": "李敏", "why": "投诉核查"}


def put_recording(api, call_id, *, ended_at, recorded_at=NOON, sound=SOUND):
    name = f"2026-11-23/{call_id}.wav"
    state = "ended" if ended_at else "talking"
    api.put_rows(put_answered, call_id, ended_at=ended_at, state=state)
    api.put_rows(put_leg, call_id, call_id, recording=name, ended_at=ended_at)
    api.put_rows(put_leg, f"{call_id}-agent", call_id, role="agent", party="8001", bridged_at=NOON)
    api.put_rows(rows.note, "", [Noted(name, call_id, call_id, CALL, recorded_at)])
    file = api.tapes.recordings._vault._folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(sound)
    return file


def look(api):
    api.inside(api.tapes.recordings.upkeep.look)


def post(api, path, **body):
    return api.ask("POST", f"recordings/{path}", json=body)


def kinds(api):
    return [event["kind"] for event in api.get("events").json()["events"]]


@pytest.fixture
def heard(api):
    """A recording of a call that is over, sealed."""
    put_recording(api, OVER, ended_at=NOON)
    look(api)
    return api


@pytest.fixture
def live(api):
    """A call that goes on and is recorded."""
    put_recording(api, LIVE, ended_at=None)
    return api


def test_recordings_are_listed_with_what_is_known_of_them(heard):
    (entry,) = heard.get("recordings").json()
    assert (entry["id"], entry["call_id"], entry["kind"], entry["state"]) == (1, OVER, "call", "sealed")
    assert (entry["day"], entry["recorded_at"]) == ("2026-11-23", "2026-11-23T12:00:00+08:00")
    assert (entry["seconds"], entry["encrypted"], len(entry["sha256"])) == (5.0, False, 64)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("call=2.1", 1),
        ("call=3.1", 0),
        ("kind=call", 1),
        ("kind=reason", 0),
        ("state=sealed", 1),
        ("held=true", 0),
        ("finding=missing", 0),
        ("since=2026-11-23T12:00:00%2B08:00", 1),
        ("until=2026-11-23T12:00:00%2B08:00", 0),
    ],
)
def test_the_list_is_filtered(heard, query, count):
    assert len(heard.get(f"recordings?{query}").json()) == count


def test_a_recording_is_played_and_the_hearing_is_on_its_list_and_in_the_calls_story(heard):
    answer = post(heard, "1/play", **ASKED)
    assert (answer.content, answer.headers["content-type"]) == (SOUND, "audio/wav")
    shown = heard.get("recordings/1").json()
    assert [(each["what"], each["by"], each["role"]) for each in shown["accesses"]] == [
        ("play", "李敏", "supervisor")
    ]
    assert kinds(heard) == ["recording_sealed", "recording_access"]


def test_an_export_comes_as_a_file_named_by_its_number(heard):
    answer = post(heard, "1/export", **ASKED)
    assert answer.content == SOUND
    assert answer.headers["content-disposition"] == 'attachment; filename="recording-1.wav"'


@pytest.mark.parametrize(("by", "status"), [("8001", 200), ("8002", 409)])
def test_an_agent_hears_only_own_calls(heard, by, status):
    assert post(heard, "1/play", by=by, why="复核", role="agent").status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": "x"},
        {"why": "x"},
        {"by": "rules", "why": "x"},
        {**ASKED, "role": "boss"},
        {**ASKED, "to": "/etc"},
    ],
    ids=str,
)
def test_nobody_hears_without_a_name_and_a_reason(heard, body):
    assert post(heard, "1/play", **body).status_code == 422
    assert heard.get("recordings/1").json()["accesses"] == []


@pytest.mark.parametrize(("name", "status"), [("2", 404), ("0", 422), ("x", 422), ("..%2Fkeys", 404)])
def test_a_recording_is_known_by_its_number_only(heard, name, status):
    assert post(heard, f"{name}/play", **ASKED).status_code == status


def test_a_recording_that_was_changed_is_not_played(heard):
    file = heard.tapes.recordings._vault._folder / f"2026-11-23/{OVER}.wav"
    file.write_bytes(SOUND[:-1] + b"x")
    answer = post(heard, "1/play", **ASKED)
    assert (answer.status_code, "损坏" in answer.json()["message"]) == (409, True)
    verified = post(heard, "verify").json()
    assert verified == {"seen": 1, "last": 1, "wrong": [{"id": 1, "call_id": OVER, "finding": "damaged"}]}
    assert [each["id"] for each in heard.get("recordings?finding=damaged").json()] == [1]


def test_a_disk_that_is_away_is_told_as_such(heard):
    folder = heard.tapes.recordings._vault._folder
    folder.rename(folder.with_name("away"))
    answer = post(heard, "1/play", **ASKED)
    assert (answer.status_code, "挂载" in answer.json()["message"]) == (503, True)


def test_old_recordings_are_counted_and_then_deleted(api):
    put_recording(api, OVER, ended_at=NOON, recorded_at=NOON - timedelta(days=730))
    assert post(api, "expire", **ASKED, dry_run=True).json() == {"due": 1, "deleted": 0, "held": 0}
    assert post(api, "expire", **ASKED).json() == {"due": 1, "deleted": 1, "held": 0}
    gone = api.get("recordings/1").json()
    assert (gone["state"], gone["deleted_by"], gone["deleted_why"]) == ("deleted", "李敏", "投诉核查")
    assert post(api, "1/play", **ASKED).status_code == 409


def test_a_hold_keeps_it_until_it_is_released(api):
    put_recording(api, OVER, ended_at=NOON, recorded_at=NOON - timedelta(days=730))
    held = post(api, "1/hold", **ASKED, until="2026-12-01T00:00:00+08:00").json()
    assert (held["hold_by"], held["hold_until"]) == ("李敏", "2026-12-01T00:00:00+08:00")
    assert post(api, "expire", **ASKED).json() == {"due": 0, "deleted": 0, "held": 1}
    assert post(api, "1/release", **ASKED).json()["hold_by"] is None
    assert post(api, "1/release", **ASKED).status_code == 409
    assert post(api, "expire", **ASKED).json()["deleted"] == 1


def test_a_hold_that_would_be_over_already_is_refused(heard):
    assert post(heard, "1/hold", **ASKED, until="2026-11-23T12:00:00+08:00").status_code == 409


def test_a_live_call_is_silenced_and_recorded_again(live):
    paused = post(live, f"calls/{LIVE}/pause", by="8001", reason="bank-card").json()
    assert paused == {"call_id": LIVE, "paused": True, "until": "2026-11-23T12:02:00+08:00"}
    assert live.recorder.silent == {LIVE}
    assert post(live, f"calls/{LIVE}/pause", by="8001", reason="other").status_code == 409
    assert post(live, f"calls/{LIVE}/resume", by="李敏").json()["paused"] is False
    assert live.recorder.silent == set()
    assert kinds(live) == ["recording_paused", "recording_resumed"]
    (shown,) = live.get("recordings/1").json()["pauses"]
    assert (shown["by"], shown["reason"], shown["ended_by"], shown["offset"]) == (
        "8001",
        "bank-card",
        "李敏",
        0,
    )


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"calls/{LIVE}/pause", {"by": "8001"}, 422),
        (f"calls/{LIVE}/pause", {"by": "switch", "reason": "other"}, 422),
        (f"calls/{LIVE}/pause", {"by": "8001", "reason": "lunch"}, 409),
        ("calls/9.9/pause", {"by": "8001", "reason": "other"}, 404),
        (f"calls/{LIVE}/resume", {"by": "8001"}, 409),
    ],
    ids=str,
)
def test_a_pause_that_cannot_be_meant_is_refused(live, path, body, status):
    assert post(live, path, **body).status_code == status
    assert live.recorder.silent == set()


def test_files_that_are_in_no_list_are_named(heard):
    folder = heard.tapes.recordings._vault._folder
    (folder / "2026-11-23" / "9.1.wav").write_bytes(SOUND)
    assert heard.get("recordings/strangers/2026-11-23").json() == ["2026-11-23/9.1.wav"]
    assert heard.get("recordings/strangers/2026-11-24").json() == []


def pieces(closed):
    """Sound without end; `closed` is told when the file would be closed."""
    try:
        while True:
            yield bytes(1000)
    finally:
        closed.append(True)


async def answer(closed, send):
    async def receive():
        await asyncio.sleep(3600)

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    await SoundResponse(pieces(closed))(scope, receive, send)


def test_the_file_is_closed_when_the_listener_goes_before_the_end(api):
    closed, sent = [], []

    async def send(message):
        sent.append(message)
        if len(sent) == 3:
            raise OSError("the listener has gone")

    with pytest.raises(ClientDisconnect):
        api.run(answer(closed, send))
    assert closed == [True]


def test_a_listener_who_reads_no_further_does_not_hold_the_file_open_for_ever(api, monkeypatch):
    monkeypatch.setattr("telephony.api.routes.recordings.LONGEST", 0.05)
    closed = []

    async def send(message):
        if message.get("body"):
            await asyncio.sleep(3600)

    with pytest.raises(TimeoutError):
        api.run(answer(closed, send))
    assert closed == [True]
