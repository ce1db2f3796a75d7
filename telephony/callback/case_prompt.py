"""The one prompt that is made for a call: it names the citizen's case by its number and subject.

What it says is the citizen's own business, so the file is gone when the last survey that plays it is over.
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
LONGEST_NUMBER, LONGEST_SUBJECT = 40, 60
"""Characters; what is beyond is not spoken."""
PATIENCE_SECONDS = 3.0
"""A citizen on the line waits no longer than this: the survey goes on without the name."""
_PAUSES = "，。、；：？！,.;:?!"

_log = structlog.get_logger(__name__)


class CasePrompts:
    """Makes and removes the prompts, each in a thread of the reactor's pool."""

    def __init__(self, paths: Paths, voice: Voice, reactor: Any) -> None:
        self._folder, self._voice, self._reactor = paths.sounds / FOLDER, voice, reactor
        self._players: Counter[str] = Counter()

    def clear(self) -> None:
        """Remove what a crash left behind: at the start, before the first survey."""
        for file in self._folder.glob("*.wav"):
            file.unlink()

    def make(self, case_number: str, subject: str) -> Deferred[str | None]:
        """Fire with the prompt's name, None if it could not be made; `forget` it in the end."""
        text = spoken(case_number, subject)
        name = f"case-{hashlib.sha256(f'{text}|{self._voice}'.encode()).hexdigest()[:16]}"
        self._players[name] += 1
        if (self._folder / f"{name}.wav").exists():
            return succeed(f"{FOLDER}/{name}")
        pool = self._reactor.getThreadPool()
        making: Deferred[Any] = deferToThreadPool(self._reactor, pool, self._speak, text, name)
        making.addTimeout(PATIENCE_SECONDS, self._reactor)
        return making.addCallbacks(lambda _: f"{FOLDER}/{name}", partial(self._failed, name))

    def forget(self, prompt: str | None) -> None:
        """Remove a prompt that `make` gave, unless another survey plays it."""
        if prompt is None:
            return
        name = prompt.rpartition("/")[2]
        self._players[name] -= 1
        self._remove_if_unused(name)

    def _remove_if_unused(self, name: str) -> None:
        if self._players[name] <= 0:
            del self._players[name]
            (self._folder / f"{name}.wav").unlink(missing_ok=True)

    def _speak(self, text: str, name: str) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        try:
            prompts.speak(text, self._voice, self._folder / f"{name}.wav")
        finally:  # it may come too late for the one who wanted it
            self._reactor.callFromThread(self._remove_if_unused, name)

    def _failed(self, name: str, failure: Failure) -> None:
        # Of whatever kind: a citizen who has answered is asked all the same.
        self.forget(name)
        _log.warning("case_prompt_failed", error=type(failure.value).__name__)


def spoken(case_number: str, subject: str) -> str:
    """Return the text, digits and letters of the number one by one.

    Both come from the case platform. Control characters, and brackets, which espeak-ng takes for sounds
    written out, have no place in speech.
    """
    number = " ".join(char for char in case_number[:LONGEST_NUMBER] if char.isalnum())
    what = "".join(map(_speakable, subject[:LONGEST_SUBJECT])).strip()
    about = f"，关于{what}" if what else ""
    return f"您反映的诉求，编号 {number}{about}。"


def _speakable(char: str) -> str:
    return char if unicodedata.category(char)[0] in "LN" or char in _PAUSES else " "
