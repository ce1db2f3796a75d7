"""Notices of known incidents: switched on for a number with an end, told to its callers, counted.

The sound is made before the row is committed, so that no notice is on that nobody can hear. A caller to whom
it cannot be played goes to the queue as always.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import HotlineError, UnknownThingError
from telephony.rules.routing import Incident
from telephony.spoken import speakable
from telephony.store import notices as rows
from telephony.store.database import Database
from telephony.store.notices import NoticeView, Wanted
from telephony.texts import say

log = structlog.get_logger()


class Sounds(Protocol):
    """What speaks the texts (telephony.floor.notice_sounds)."""

    def name(self, text: str) -> str:
        """Return the prompt's name."""
        ...

    def is_there(self, text: str) -> bool:
        """Tell whether it can be played."""
        ...

    def make(self, text: str) -> Deferred[None]:
        """Speak a text; fires once it can be played."""
        ...

    def keep_only(self, texts: Collection[str]) -> None:
        """Remove what nobody plays any more."""
        ...


class Notices:
    """Switches notices on and off, and says which one a caller hears."""

    def __init__(self, config: Config, database: Database, clock: Clock, sounds: Sounds) -> None:
        self._prompts, self._database, self._clock = config.prompts.prompts, database, clock
        self._sounds = sounds
        self._numbers = {
            dialled: number.number
            for number in config.numbers.values()
            for dialled in (number.number, *number.aliases)
        }

    def start(self) -> Deferred[None]:
        """Take up what is on; fires before sounds that are missing have been made again."""
        now = self._clock.now()
        return self._database.read(partial(rows.texts_on, now=now)).addCallback(self._tidy)

    def switch_on(self, wanted: Wanted) -> Deferred[NoticeView]:
        """Put a notice on for a number; fires when it is on.

        Raise UnknownThingError if the number or the prompt is none of ours; fail with HotlineError if the
        text cannot be spoken.
        """
        number = self._own(wanted.number)
        if wanted.prompt is not None and wanted.prompt not in self._prompts:
            raise UnknownThingError(say("notice.no_prompt", name=wanted.prompt))
        if wanted.text is not None and not speakable(wanted.text):
            raise HotlineError(say("notice.silent"))
        made = succeed(None) if wanted.text is None else self._sounds.make(wanted.text)
        made.addErrback(_not_spoken)
        return made.addCallback(lambda _: self._commit(replace(wanted, number=number)))

    def switch_off(self, number: str, by: str) -> Deferred[NoticeView]:
        """End a number's notice; raise UnknownThingError, fail with NotAllowedError if none is on."""
        work = partial(rows.switch_off, number=self._own(number), by=by, now=self._clock.now())
        return self._database.write(work, urgent=True)

    def incident_of(self, connection: sa.Connection, number: str, now: datetime) -> Incident | None:
        """Return what a caller of this number is told at `now`; None also where it cannot be played."""
        on = rows.active(connection, number, now)
        if on is None:
            return None
        if on.text is None:
            return Incident(on.id, on.prompt or "")
        if not self._sounds.is_there(on.text):
            log.warning("notice_has_no_sound", notice=on.id)
            return None
        return Incident(on.id, self._sounds.name(on.text))

    def _own(self, number: str) -> str:
        if number not in self._numbers:
            raise UnknownThingError(say("notice.no_number", number=number))
        return self._numbers[number]

    def _commit(self, wanted: Wanted) -> Deferred[NoticeView]:
        now = self._clock.now()

        def work(connection: sa.Connection) -> NoticeView:
            return rows.one(connection, rows.switch_on(connection, wanted, now), now)

        return self._database.write(work, urgent=True)

    def _tidy(self, texts: Collection[str]) -> None:
        self._sounds.keep_only(texts)
        for text in texts:
            self._sounds.make(text).addErrback(_unheard)


def _not_spoken(failure: Failure) -> None:
    raise HotlineError(say("notice.not_spoken", why=failure.getErrorMessage())) from failure.value


def _unheard(failure: Failure) -> None:
    log.error("notice_not_spoken", why=repr(failure.value))
