"""The sounds of notices: spoken once when a notice is switched on, kept for as long as it is on."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool

from telephony import prompts
from telephony.config import Voice
from telephony.paths import Paths
from telephony.spoken import speakable

FOLDER = "notices"
"""Below the folder of prompts."""


class NoticeSounds:
    """Files below the prompts, named by what they say: a restart finds them again."""

    def __init__(self, paths: Paths, voice: Voice, reactor: Any, folder: str = FOLDER) -> None:
        self._folder, self._voice, self._reactor = paths.sounds / folder, voice, reactor

    def name(self, text: str) -> str:
        """Return the prompt's name, as the dialplan plays it below `hotline/`."""
        digest = hashlib.sha256(f"{text}|{self._voice}".encode()).hexdigest()[:16]
        return f"{self._folder.name}/notice-{digest}"

    def is_there(self, text: str) -> bool:
        """Tell whether it can be played."""
        return self._file(text).exists()

    def make(self, text: str) -> Deferred[None]:
        """Speak a text, in a thread; fires once it can be played. Fail with ConfigError or OSError."""
        return deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._make, text)

    def keep_only(self, texts: Iterable[str]) -> None:
        """Remove what nobody plays any more: at the start, before the first call."""
        kept = {self._file(text).name for text in texts}
        for file in self._folder.glob("*.wav"):
            if file.name not in kept:
                file.unlink()

    def _file(self, text: str) -> Path:
        return self._folder.parent / f"{self.name(text)}.wav"

    def _make(self, text: str) -> None:
        if not self.is_there(text):
            self._folder.mkdir(parents=True, exist_ok=True)
            prompts.speak(speakable(text), self._voice, self._file(text))
