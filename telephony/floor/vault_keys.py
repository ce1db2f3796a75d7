"""The keys of sealed recordings: a file of the operator's, read anew each time it is needed.

One key a line, `NAME SECRET`: the secret is 64 hexadecimal digits. The first line seals, all of them open, so
a new key goes on top and the old ones stay for as long as recordings of theirs are kept.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

from telephony.errors import HotlineError
from telephony.texts import say

_LINE = re.compile(r"([a-z0-9][a-z0-9-]{0,39})[ \t]+([0-9A-Fa-f]{64})")


class KeyFaultError(HotlineError):
    """A key is missing or cannot be used; the text says what to do."""


@dataclass(frozen=True)
class Key:
    """One key; the secret is never shown."""

    name: str
    secret: bytes = field(repr=False)


class KeyRing:
    """The keys in a file; without one nothing is encrypted."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def first(self) -> Key | None:
        """Return the key that seals, None if none is configured; raise KeyFaultError."""
        return None if self._file is None else self._keys(self._file)[0]

    def find(self, name: str) -> Key:
        """Return a key by its name; raise KeyFaultError."""
        keys = [] if self._file is None else self._keys(self._file)
        for key in keys:
            if key.name == name:
                return key
        raise KeyFaultError(say("recording.no_key", name=name, file=self._file or "recording.key_file"))

    def _keys(self, file: Path) -> list[Key]:
        try:
            if file.stat().st_mode & 0o077:
                raise KeyFaultError(say("recording.key_mode", file=file))
            lines = file.read_text(encoding="ascii").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise KeyFaultError(say("recording.key_file", file=file, why=why)) from error
        keys = [_key(file, number, line) for number, line in enumerate(lines, 1) if _says(line)]
        if not keys or len({key.name for key in keys}) < len(keys):
            raise KeyFaultError(say("recording.key_names", file=file))
        return keys


def _says(line: str) -> bool:
    return bool(line.strip()) and not line.startswith("#")


def _key(file: Path, number: int, line: str) -> Key:
    found = _LINE.fullmatch(line.strip())
    if found is None:  # its own words would show a secret
        raise KeyFaultError(say("recording.key_line", file=file, line=number))
    return Key(found[1], bytes.fromhex(found[2]))
