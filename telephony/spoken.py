"""Prompts made for one call: they say what only this call is about.

What they say is the citizen's own business, so a file is gone when the last call that plays it is over.
"""

import hashlib
import unicodedata
from collections import Counter
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.python.failure import Failure

from telephony import prompts
from telephony.config import Voice
from telephony.paths import Paths

FOLDER = "cases"
"""Below the folder of prompts."""
PATIENCE_SECONDS = 3.0
"""Who is on the line waits no longer than this: the call goes on without the words."""
_PAUSES = "，。、；：？！,.;:?!"

_log = structlog.get_logger(__name__)


class SpokenPrompts:
    """Makes and removes the prompts, each in a thread of the reactor's pool."""

    def __init__(self, paths: Paths, voice: Voice, reactor: Any) -> None:
        self._folder, self._voice, self._reactor = paths.sounds / FOLDER, voice, reactor
        self._players: Counter[str] = Counter()
        self._making: dict[str, list[Deferred[None]]] = {}
        """Who waits for a prompt that is being made: two at once would write one file."""

    def clear(self) -> None:
        """Remove what a crash left behind: at the start, before the first call."""
        for file in self._folder.glob("*.wav"):
            file.unlink()

    def speak(self, text: str) -> Deferred[str | None]:
        """Fire with the prompt's name, None if it could not be made; `forget` it in the end."""
        name = f"case-{hashlib.sha256(f'{text}|{self._voice}'.encode()).hexdigest()[:16]}"
        self._players[name] += 1
        if (self._folder / f"{name}.wav").exists():
            return succeed(f"{FOLDER}/{name}")
        made: Deferred[None] = Deferred()
        made.addTimeout(PATIENCE_SECONDS, self._reactor)
        waiting = self._making.setdefault(name, [])
        waiting.append(made)
        if waiting == [made]:
            pool = self._reactor.getThreadPool()
            deferToThreadPool(self._reactor, pool, self._make, text, name).addBoth(self._made, name)
        return made.addCallbacks(lambda _: f"{FOLDER}/{name}", partial(self._failed, name))

    def forget(self, prompt: str | None) -> None:
        """Remove a prompt that `speak` gave, unless another call plays it."""
        if prompt is None:
            return
        name = prompt.rpartition("/")[2]
        self._players[name] -= 1
        self._remove_if_unused(name)

    def _made(self, result: Any, name: str) -> None:
        for waiting in self._making.pop(name):
            if not waiting.called:  # it may have been given up
                (waiting.errback if isinstance(result, Failure) else waiting.callback)(result)

    def _remove_if_unused(self, name: str) -> None:
        if self._players[name] <= 0:
            del self._players[name]
            (self._folder / f"{name}.wav").unlink(missing_ok=True)

    def _make(self, text: str, name: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            prompts.speak(text, self._voice, self._folder / f"{name}.wav")
        finally:  # it may come too late for the one who wanted it
            self._reactor.callFromThread(self._remove_if_unused, name)

    def _failed(self, name: str, failure: Failure) -> None:
        # Of whatever kind: who is on the line is asked all the same.
        self.forget(name)
        _log.warning("spoken_prompt_failed", error=type(failure.value).__name__)


def speakable(text: str) -> str:
    """Return what speech has a sound for; the rest, also brackets (espeak-ng's phonemes), becomes spaces."""
    return "".join(map(_speakable, text)).strip()


def letter_by_letter(text: str) -> str:
    """Return digits and letters one by one, as a number is read out."""
    return " ".join(char for char in text if char.isalnum())


def _speakable(char: str) -> str:
    return char if unicodedata.category(char)[0] in "LN" or char in _PAUSES else " "
