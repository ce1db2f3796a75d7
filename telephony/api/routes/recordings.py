"""Recordings: what there is, who hears it and why, holds, deletion by age, and pauses in live calls.

What gives sound is a POST: each time it is stored who heard it before the first byte leaves.
"""

import asyncio
from collections.abc import Generator
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, StringConstraints
from pydantic.dataclasses import dataclass
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from telephony.api.inputs import (
    LARGEST_ID,
    CallPath,
    CallQuery,
    Instant,
    Limit,
    Reason,
    RowPath,
    Text40,
    TimeQuery,
)
from telephony.api.problems import RefusedInputError
from telephony.api.routes.threeway import STRICT
from telephony.api.services import Door, Services, read, settled, tapes_of, write
from telephony.clock import SHANGHAI
from telephony.config_values import FORMS
from telephony.errors import NotAllowedError
from telephony.floor.recordings import Checked, Expired
from telephony.store import recording_views as views
from telephony.store import recordings as rows
from telephony.store.recording_views import RecordingDetail, RecordingFilter, RecordingView
from telephony.store.recordings import Who
from telephony.texts import say

LONGEST = 900.0
"""Seconds that sending one recording may take: who reads no further holds its file open no longer."""


class SoundResponse(StreamingResponse):
    """Sound that is sent piece by piece, and whose file is closed however that ends."""

    def __init__(self, pieces: Generator[bytes], **how: Any) -> None:
        super().__init__(pieces, **how)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Raise TimeoutError after LONGEST: then the connection is closed."""
        try:
            async with asyncio.timeout(LONGEST):
                await super().__call__(scope, receive, send)
        finally:
            await run_in_threadpool(self._pieces.close)


router = APIRouter(prefix="/recordings", tags=["recordings"])
PauseReason = Annotated[str, StringConstraints(pattern=FORMS["name"])]
SOUND: dict[int | str, dict[str, Any]] = {
    200: {"content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}}
}
Kind = Annotated[Literal["call", "reason", "three_way"] | None, Query()]
State = Annotated[Literal["open", "sealed", "deleted"] | None, Query()]
Finding = Annotated[Literal["missing", "damaged"] | None, Query()]


@dataclass(frozen=True, config=STRICT)
class Asking:
    """Who asks, as what, and why. An agent, by number, hears only the calls they were in."""

    by: Text40
    why: Reason
    role: Literal["agent", "supervisor"] = "supervisor"


@dataclass(frozen=True, config=STRICT)
class BySupervisor:
    """A supervisor, and why."""

    by: Text40
    why: Reason


@dataclass(frozen=True, config=STRICT)
class Holding:
    """Who holds it, why, and until when; without a time until it is released."""

    by: Text40
    why: Reason
    until: Instant | None = None


@dataclass(frozen=True, config=STRICT)
class Expiring:
    """Who lets old recordings be deleted now, and why; `dry_run` only counts."""

    by: Text40
    why: Reason
    dry_run: bool = False


@dataclass(frozen=True, config=STRICT)
class Verifying:
    """After which recording to go on, and how many to look at."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=100)] = 50


@dataclass(frozen=True, config=STRICT)
class Pausing:
    """Who wants silence, and why: one of `recording.pause_reasons`."""

    by: Text40
    reason: PauseReason


@dataclass(frozen=True, config=STRICT)
class Resuming:
    """Who wants the call recorded again."""

    by: Text40


@dataclass(frozen=True)
class PausedView:
    """A pause of a call's recording, and when it ends by itself."""

    call_id: str
    paused: bool
    until: datetime | None


@dataclass(frozen=True)
class VerifiedView:
    """How many were looked at, the last's number, and what is wrong with which."""

    seen: int
    last: int
    wrong: list[Checked]


@router.get("")
async def recordings(  # noqa: PLR0913, PLR0917 - the query's own words
    services: Door,
    call: CallQuery = None,
    kind: Kind = None,
    state: State = None,
    finding: Finding = None,
    since: TimeQuery = None,
    until: TimeQuery = None,
    *,
    held: bool = False,
    limit: Limit = 100,
) -> list[RecordingView]:
    """Return recordings, the newest first; `since` is included, `until` is not."""
    wanted = RecordingFilter(call, kind, state, finding, since, until, held, limit)
    return await read(services, partial(views.recording_list, wanted=wanted))


@router.get("/strangers/{day}")
async def strangers(services: Door, day: date) -> list[str]:
    """Return the files of a day that are in no list: whoever put them there, they are not deleted by age."""
    found: list[str] = await settled(tapes_of(services).recordings.strangers(day))
    return found


@router.post("/expire")
async def expire(services: Door, wanted: Expiring) -> Expired:
    """Delete what is old enough now instead of within a day, some 2000 at most."""
    who = Who(_person(wanted.by), "supervisor", wanted.why)
    done: Expired = await settled(tapes_of(services).recordings.expire(who, dry_run=wanted.dry_run))
    return done


@router.post("/verify")
async def verify(services: Door, wanted: Verifying | None = None) -> VerifiedView:
    """Read the next recordings whole and compare them with what was sealed."""
    wanted = wanted or Verifying()
    looked = tapes_of(services).recordings.verify(wanted.after, wanted.limit)
    wrong, seen, last = await settled(looked)
    return VerifiedView(seen, last, wrong)


@router.post("/calls/{call_id}/pause")
async def pause(services: Door, call_id: CallPath, wanted: Pausing) -> PausedView:
    """Silence the recording of a live call; it is silent when this is answered."""
    by = _person(wanted.by)
    until: datetime = await settled(tapes_of(services).pauses.pause(call_id, by, wanted.reason))
    return PausedView(call_id, True, until.astimezone(SHANGHAI))


@router.post("/calls/{call_id}/resume")
async def resume(services: Door, call_id: CallPath, wanted: Resuming) -> PausedView:
    """Let a live call be recorded again."""
    await settled(tapes_of(services).pauses.resume(call_id, _person(wanted.by)))
    return PausedView(call_id, False, None)


@router.get("/{recording_id}")
async def recording(services: Door, recording_id: RowPath) -> RecordingDetail:
    """Return one recording with its pauses and everybody who heard it."""
    return await read(services, partial(views.recording_detail, recording_id=recording_id))


@router.post("/{recording_id}/play", response_class=StreamingResponse, responses=SOUND)
async def play(services: Door, recording_id: RowPath, asking: Asking) -> StreamingResponse:
    """Return the sound for listening; who and why is stored first."""
    return await _sound(services, recording_id, "play", asking)


@router.post("/{recording_id}/export", response_class=StreamingResponse, responses=SOUND)
async def export(services: Door, recording_id: RowPath, asking: Asking) -> StreamingResponse:
    """Return the sound as a file that leaves the house; who and why is stored first. Not for agents."""
    return await _sound(services, recording_id, "export", asking)


@router.post("/{recording_id}/hold")
async def hold(services: Door, recording_id: RowPath, holding: Holding) -> RecordingDetail:
    """Keep a recording whatever its age."""
    now, who = services.clock.now(), Who(_person(holding.by), "supervisor", holding.why)
    if holding.until is not None and holding.until <= now:
        raise NotAllowedError(say("recording.hold_past"))
    held = partial(rows.hold, recording_id=recording_id, who=who, until=holding.until, now=now)
    await write(services, held)
    return await recording(services, recording_id)


@router.post("/{recording_id}/release")
async def release(services: Door, recording_id: RowPath, wanted: BySupervisor) -> RecordingDetail:
    """End a hold."""
    who = Who(_person(wanted.by), "supervisor", wanted.why)
    await write(services, partial(rows.release, recording_id=recording_id, who=who, now=services.clock.now()))
    return await recording(services, recording_id)


async def _sound(
    services: Services, recording_id: int, what: Literal["play", "export"], asking: Asking
) -> StreamingResponse:
    who = Who(_person(asking.by), asking.role, asking.why)
    sound = await settled(tapes_of(services).recordings.hear(recording_id, what, who))
    headers = {"Content-Length": str(sound.size), "Cache-Control": "no-store"}
    if what == "export":
        headers["Content-Disposition"] = f'attachment; filename="recording-{recording_id}.wav"'
    return SoundResponse(sound.pieces, media_type="audio/wav", headers=headers)


def _person(by: str) -> str:
    """Return who it is; raise RefusedInputError for a name under which the service itself acts."""
    if by.strip().lower() in {"rules", "limit", "call", "switch"}:
        raise RefusedInputError(say("return.by", by=by))
    return by
