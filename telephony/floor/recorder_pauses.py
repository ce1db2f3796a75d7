"""Pauses of the recording of a live call: silence for as long as a bank card is read out, say.

What is wanted is in the store; the switch is brought to that: at the command, whenever something new is
recorded in a call that is paused, at each tick, and after a restart of either side. A pause that nobody
ends ends by itself, so that what is said afterwards is not lost.
"""

from collections.abc import Collection, Generator, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred, DeferredLock, inlineCallbacks
from twisted.python.failure import Failure

from telephony.clock import Clock, Delayed, Timer
from telephony.errors import HotlineError, NotAllowedError, SwitchRefusedError, SwitchUnavailableError
from telephony.floor.pulse import Pulse
from telephony.store import recording_pauses as rows
from telephony.store.database import Database
from telephony.store.recording_pauses import CALL, LIMIT, SWITCH, Paused
from telephony.texts import say

log = structlog.get_logger()


class Recorder(Protocol):
    """The switch's recorders (telephony.pbx.recorder.Recorder)."""

    def silence(self, legs: Iterable[str], *, silent: bool) -> Deferred[None]:
        """Let the recordings of legs be silent, or not."""
        ...


@dataclass
class _Silent:
    """A pause that goes on: when it ends by itself, and the legs silenced so far."""

    due: datetime
    legs: set[str]


@dataclass(frozen=True)
class PauseRules:
    """Reasons that may be given, and seconds after which a pause ends by itself."""

    reasons: Collection[str]
    limit: float


class Pauses:
    """Pauses and resumes; one thing at a time, so that an old order never overtakes a new one."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        database: Database,
        recorder: Recorder,
        clock: Clock,
        timer: Timer,
        pulse: Pulse,
        place: str,
        rules: PauseRules,
    ) -> None:
        self._database, self._recorder, self._clock, self._timer = database, recorder, clock, timer
        self._pulse, self._place, self._rules = pulse, place, rules
        self._lock = DeferredLock()
        self._silent: dict[int, _Silent] = {}
        self._due: Delayed | None = None
        self._listening: Deferred[None] | None = None
        self._stopped = False

    def pause(self, call_id: str, by: str, reason: str) -> Deferred[datetime]:
        """Silence the recording of a call; fires with the time when that ends by itself, once it is silent.

        Fails with UnknownThingError, with NotAllowedError (nothing recorded, paused already, no such reason),
        and with SwitchUnavailableError if it is not certain that all is silent: then it goes on as before.
        """
        if reason not in self._rules.reasons:
            raise NotAllowedError(say("recording.pause_reason", reasons=", ".join(self._rules.reasons)))
        return self._lock.run(self._pause, call_id, by, reason)

    def resume(self, call_id: str, by: str) -> Deferred[None]:
        """End the pause of a call; fires once it is recorded again. Fails as `pause`."""
        return self._lock.run(self._resume, call_id, by)

    def look(self) -> Deferred[None]:
        """Bring the switch to what the store says; called at each tick and when both sides have agreed."""
        return self._lock.run(self._look).addErrback(self._later)

    def stop(self) -> None:
        """Do nothing any more by itself; the next start goes on with what the store says."""
        self._stopped = True
        if self._due is not None and self._due.active():
            self._due.cancel()
        if self._listening is not None:
            self._listening.cancel()

    @inlineCallbacks
    def _pause(self, call_id: str, by: str, reason: str) -> Generator[Deferred[Any], Any, datetime]:
        now = self._clock.now()
        due = now + timedelta(seconds=self._rules.limit)
        begin = partial(
            rows.begin, place=self._place, call_id=call_id, by=by, reason=reason, now=now, due_at=due
        )
        paused: Paused = yield self._database.write(begin, urgent=True)
        try:
            yield self._recorder.silence(paused.legs, silent=True)
        except HotlineError as error:
            # Nobody reads out a card number into a recording that goes on: it has failed, and is told so.
            yield self._ended(paused.id, SWITCH)
            yield self._sound(paused)
            raise SwitchUnavailableError(say("recording.not_silent", id=call_id)) from error
        self._silent[paused.id] = _Silent(due, set(paused.legs))
        self._pulse.beat()
        self._keep_awake()
        return due

    @inlineCallbacks
    def _resume(self, call_id: str, by: str) -> Generator[Deferred[Any], Any, None]:
        end = partial(rows.end_of_call, call_id=call_id, by=by, now=self._clock.now())
        paused: Paused = yield self._database.write(end, urgent=True)
        self._pulse.beat()
        if not (yield self._sound(paused)):
            raise SwitchUnavailableError(say("recording.not_resumed", id=call_id))

    @inlineCallbacks
    def _look(self) -> Generator[Deferred[Any], Any, None]:
        unsettled = yield self._database.read(partial(rows.unsettled, place=self._place))
        going_on = {paused.id for paused in unsettled if paused.ended_at is None}
        self._silent = {key: silent for key, silent in self._silent.items() if key in going_on}
        silent = {paused.call_id for paused in unsettled if paused.ended_at is None}
        for paused in unsettled:
            if paused.ended_at is None or paused.call_id not in silent:
                yield self._settle(paused)
            # else another pause goes on in that call: sound now would be sound in that one
        self._keep_awake()

    @inlineCallbacks
    def _settle(self, paused: Paused) -> Generator[Deferred[Any], Any, None]:
        if paused.ended_at is None and not paused.over and self._clock.now() < paused.due_at:
            yield self._silence(paused)
            return
        if paused.ended_at is None:
            yield self._ended(paused.id, CALL if paused.over else LIMIT)
        yield self._sound(paused)

    @inlineCallbacks
    def _silence(self, paused: Paused) -> Generator[Deferred[Any], Any, None]:
        """Silence what has come into a paused call since; what fails is tried again at the next look."""
        silent = self._silent.setdefault(paused.id, _Silent(paused.due_at, set()))
        new = set(paused.legs) - silent.legs
        try:
            yield self._recorder.silence(new, silent=True)
        except HotlineError as error:
            log.warning("recording_not_silent", call=paused.call_id, why=repr(error))
        else:
            silent.legs |= new

    @inlineCallbacks
    def _ended(self, pause_id: int, by: str) -> Generator[Deferred[Any], Any, None]:
        self._silent.pop(pause_id, None)
        yield self._database.write(
            partial(rows.end, pause_id=pause_id, by=by, now=self._clock.now()), urgent=True
        )
        self._pulse.beat()

    @inlineCallbacks
    def _sound(self, paused: Paused) -> Generator[Deferred[Any], Any, bool]:
        """Let a call be recorded again; what fails is tried again at the next tick."""
        self._silent.pop(paused.id, None)
        try:
            yield self._recorder.silence(paused.legs, silent=False)
        except HotlineError as error:
            log.warning("recording_not_resumed", call=paused.call_id, why=repr(error))
            return False
        heard = partial(rows.heard, pause_id=paused.id, now=self._clock.now())
        yield self._database.write(heard, urgent=True)
        return True

    def _keep_awake(self) -> None:
        """Look again when the next pause is due, and at the next news: a unit may have come in."""
        if self._due is not None and self._due.active():
            self._due.cancel()
        if not self._silent or self._stopped:
            return
        due = min(silent.due for silent in self._silent.values())
        left = max(0.0, (due - self._clock.now()).total_seconds())
        # A clock that was set back meanwhile makes it no later than the limit.
        self._due = self._timer.callLater(min(left, self._rules.limit), self.look)
        if self._listening is None:
            self._listening = self._pulse.wait()
            self._listening.addCallbacks(self._news, lambda _: None)

    def _news(self, _: None) -> None:
        self._listening = None
        if self._silent and not self._stopped:
            self.look()

    @staticmethod
    def _later(failure: Failure) -> None:
        quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
        (log.warning if quiet else log.error)("recordings_not_settled", why=repr(failure.value))
