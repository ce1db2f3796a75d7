"""Notices of known incidents: what the callers of a number hear before the queue."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import Instant, Limit, PhonePath, Reason, RowPath, Text40, Word
from telephony.api.problems import RefusedInputError
from telephony.api.services import Door, notices_of, read, settled
from telephony.store import notices as rows
from telephony.store.notices import NoticeView, Wanted
from telephony.texts import say

router = APIRouter(prefix="/notices", tags=["notices"])


@dataclass(frozen=True)
class NewNotice:
    """What is said, until when (with a zone), why, and who ordered it: a text to be spoken, or a prompt."""

    until: Instant
    by: Text40
    text: Reason | None = None
    prompt: Word | None = None
    why: Reason | None = None


@dataclass(frozen=True)
class Ending:
    """Who ends a notice before its time."""

    by: Text40


@router.get("")
async def notices(services: Door, *, ended: bool = False, limit: Limit = 100) -> list[NoticeView]:
    """Return the notices that are on, the newest first; with `ended` those of the past too."""
    now = services.clock.now()
    return await read(services, partial(rows.listed, now=now, limit=limit, with_ended=ended))


@router.get("/{notice_id}")
async def notice(services: Door, notice_id: RowPath) -> NoticeView:
    """Return one notice, and how many callers heard it, left, or went on to a person."""
    return await read(services, partial(rows.one, notice_id=notice_id, now=services.clock.now()))


@router.put("/{number}")
async def switch_on(services: Door, number: PhonePath, new: NewNotice) -> NoticeView:
    """Let the callers of a number hear a notice from now on; one that is on is replaced."""
    if (new.text is None) == (new.prompt is None):
        raise RefusedInputError(say("notice.one_sound"))
    if new.until <= services.clock.now():
        raise RefusedInputError(say("notice.until"))
    wanted = Wanted(
        number=number, text=new.text, prompt=new.prompt, ends_at=new.until, why=new.why, by=new.by
    )
    found: NoticeView = await settled(notices_of(services).switch_on(wanted))
    services.pulse.beat()
    return found


@router.post("/{number}/off")
async def switch_off(services: Door, number: PhonePath, ending: Ending) -> NoticeView:
    """End the notice of a number before its time."""
    found: NoticeView = await settled(notices_of(services).switch_off(number, ending.by))
    services.pulse.beat()
    return found
