"""Recordings as files: how one is sealed, with or without a key, and how it is read again.

A sealed file with a key is `NAME.enc`:
  header  MAGIC, the length of the key's name (1 byte), the key's name, CHECK bytes by which a wrong key is
          known, a salt of SALT bytes
  chunks  CHUNK bytes of sound each, AES-256-GCM under a key derived for this file alone (HKDF-SHA256 of key
          and salt); the nonce is the chunk's number and whether it is the last; header and name are bound in
So a byte that was changed, a chunk left out, a file cut short or put under another's name is found.
Every function here works on the disk: call it in a thread.
"""

import hashlib
import hmac
import os
import re
import secrets
import stat
import uuid
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from telephony.errors import HotlineError, NotAllowedError
from telephony.floor.vault_keys import Key, KeyFaultError, KeyRing
from telephony.texts import say

NAME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Za-z0-9_-][A-Za-z0-9_.-]{0,75}\.wav")
"""A folder for the day and a file: nothing in a name leads elsewhere."""
ENCRYPTED, HALF_DONE = ".enc", ".enc.new"
MARKER = ".recordings-are-here"
"""A file in the folder of recordings with a mark of its own: without it, or with another in it, the disk is
away, and nothing is concluded from that. A bare mount point may bear one too, but another."""
CHUNK, TAG, SALT, CHECK = 64 * 1024, 16, 32, 8
MAGIC = b"HOTLREC1"
WAV_HEADER = 44
_FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


class AwayError(HotlineError):
    """The folder of recordings is not there, or cannot be read: nothing is known of what is in it."""


class DiskError(HotlineError):
    """The disk could not read or write one file."""


class MissingError(NotAllowedError):
    """The folder is there, and a recording is not in it."""


class DamagedError(NotAllowedError):
    """A recording is not what it was when it was sealed."""


@dataclass(frozen=True)
class Sealed:
    """What a sealed recording is: bytes of sound, their SHA-256, and the name of the key, if there is one."""

    size: int
    sha256: str
    key_id: str | None


class Vault:
    """The folder of recordings; `ring` holds the keys, or says that there are none."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder, self.ring = folder, ring
        self._mark: str | None = None

    def expect(self, mark: str) -> None:
        """Take the disk that bears this mark for ours from now on."""
        self._mark = mark

    def is_there(self) -> bool:
        """Tell whether the disk with the recordings is there."""
        return self._mark is not None and self.marked() == self._mark

    def marked(self) -> str | None:
        """Return the mark of whatever disk is there; none: it bears none, which an empty one is not."""
        try:
            return (self._folder / MARKER).read_text(encoding="ascii", errors="replace").strip()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def away(self) -> str:
        """Return what to do when the disk is not there."""
        return say("recording.away", folder=self._folder, marker=MARKER)

    def recognise(self, known: str | None, names: Iterable[str]) -> str:
        """Return the mark of the disk that is there; raise AwayError if it is not the one marked `known`.

        Without a mark it is taken for the disk only if none was ever known and it holds `names`: a mount
        point without its disk looks like an empty store. An empty mark is an operator's word that this is the
        disk from now on.
        """
        found = self.marked()
        if found is not None and found in {"", known or found}:
            return found or self.mark(uuid.uuid4().hex)
        if found is not None or known is not None or not all(map(self.has, names)):
            raise AwayError(self.away())
        return self.mark(uuid.uuid4().hex)

    def mark(self, mark: str) -> str:
        """Note that this is the folder of recordings; return the mark. Raise OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self._folder / MARKER).write_text(mark, encoding="ascii")
        return mark

    def has(self, name: str) -> bool:
        """Tell whether a recording's file is there, in whatever form."""
        try:
            with self._day(name) as (day, file):
                return any(_size(day, file + form) is not None for form in ("", ENCRYPTED))
        except MissingError:
            return False

    def is_closed(self, name: str) -> bool:
        """Tell whether the switch has written the file's end: only then does its header say how long it is.

        One without sound says nothing; one that the switch died over never will.
        """
        with self._open(name) as file:
            header, size = file.read(WAV_HEADER), os.fstat(file.fileno()).st_size
        return size > WAV_HEADER and int.from_bytes(header[40:44], "little") == size - WAV_HEADER

    def seal(self, name: str) -> Sealed:
        """Hash the file and, with a key, write its encrypted form beside it; the plain one stays.

        Done again after a crash it begins anew. Raise what `sound` raises, or OSError.
        """
        key = self.ring.first()
        if key is None:
            with self._open(name) as file:
                size, digest = _measured(_pieces(file))
            return Sealed(size, digest, None)
        sealed = self._encrypt(name, key)
        self.check(name, sealed)  # before anybody may remove the plain one
        return sealed

    def sound(self, name: str, key_id: str | None) -> Generator[bytes]:
        """Yield the sound piece by piece. Raise KeyFaultError, MissingError, DamagedError, AwayError."""
        if key_id is None:
            with self._open(name) as file:
                yield from _pieces(file)
            return
        with self._open(name, ENCRYPTED) as file:
            yield from _decrypted(file, name, self.ring.find(key_id))

    def check(self, name: str, sealed: Sealed) -> None:
        """Raise DamagedError, or what `sound` raises, if the file is not what was sealed."""
        size, digest = _measured(self.sound(name, sealed.key_id))
        if (size, digest) != (sealed.size, sealed.sha256):
            raise DamagedError(say("recording.damaged", name=name))

    def forget_plain(self, name: str) -> None:
        """Remove the plain form of a sealed recording, if the encrypted one is there."""
        with self._day(name) as (day, file):
            if _size(day, file + ENCRYPTED) is None:
                raise MissingError(say("recording.missing", name=name))
            _unlink(day, file)

    def forget(self, name: str) -> None:
        """Remove every form of a recording; what is gone already is as it should be."""
        with suppress(MissingError), self._day(name) as (day, file):
            for form in ("", ENCRYPTED, HALF_DONE):
                _unlink(day, file + form)

    def names(self, day: str) -> set[str]:
        """Return the names of all recordings in the folder of a day, sealed or not."""
        if not NAME.fullmatch(f"{day}/a.wav"):
            return set()
        with suppress(FileNotFoundError, NotADirectoryError):
            found = (each.name.removesuffix(ENCRYPTED) for each in os.scandir(self._folder / day))
            return {f"{day}/{file}" for file in found if NAME.fullmatch(f"{day}/{file}")}
        return set()

    def _encrypt(self, name: str, key: Key) -> Sealed:
        with self._open(name) as plain, self._day(name) as (day, file):
            _unlink(day, file + HALF_DONE)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS
            with os.fdopen(os.open(file + HALF_DONE, flags, 0o600, dir_fd=day), "wb") as half:
                sealed = _encrypted(plain, half, name, key)
                half.flush()
                os.fsync(half.fileno())
            os.rename(file + HALF_DONE, file + ENCRYPTED, src_dir_fd=day, dst_dir_fd=day)
            os.fsync(day)
        return sealed

    @contextmanager
    def _day(self, name: str) -> Iterator[tuple[int, str]]:
        """Give the folder of the day, opened and no symbolic link, and the file's name in it."""
        if not NAME.fullmatch(name):
            raise MissingError(say("recording.missing", name=name))
        folder, _, file = name.partition("/")
        try:
            day = os.open(self._folder / folder, os.O_RDONLY | os.O_DIRECTORY | _FLAGS)
        except OSError as error:
            raise self._absent(name, error) from error
        try:
            yield day, file
        finally:
            os.close(day)

    @contextmanager
    def _open(self, name: str, form: str = "") -> Iterator[BinaryIO]:
        with self._day(name) as (day, file):
            try:
                opened = os.open(file + form, os.O_RDONLY | os.O_NONBLOCK | _FLAGS, dir_fd=day)
            except OSError as error:
                raise self._absent(name, error) from error
            with os.fdopen(opened, "rb") as stream:
                if not stat.S_ISREG(os.fstat(opened).st_mode):
                    raise MissingError(say("recording.missing", name=name))
                yield stream

    def _absent(self, name: str, error: OSError) -> HotlineError:
        # A link is no recording of ours: it counts as missing, whatever it leads to.
        if not self.is_there():
            return AwayError(self.away())
        if isinstance(error, PermissionError):
            return DiskError(say("recording.disk", why=error.strerror))
        return MissingError(say("recording.missing", name=name))


def _size(day: int, file: str) -> int | None:
    try:
        found = os.stat(file, dir_fd=day, follow_symlinks=False)
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _unlink(day: int, file: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(file, dir_fd=day)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(CHUNK):
        yield piece


def _measured(pieces: Iterator[bytes]) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    for piece in pieces:
        size += len(piece)
        digest.update(piece)
    return size, digest.hexdigest()


def _encrypted(plain: BinaryIO, out: BinaryIO, name: str, key: Key) -> Sealed:
    salt, key_id = secrets.token_bytes(SALT), key.name.encode()
    header = MAGIC + bytes([len(key_id)]) + key_id + _check_of(key) + salt
    cipher, bound = _cipher(key, salt), header + name.encode()
    out.write(header)
    size, digest, number = 0, hashlib.sha256(), 0
    piece = plain.read(CHUNK)
    while True:
        following = plain.read(CHUNK)
        out.write(cipher.encrypt(_nonce(number, last=not following), piece, bound))
        size, number = size + len(piece), number + 1
        digest.update(piece)
        if not following:
            return Sealed(size, digest.hexdigest(), key.name)
        piece = following


def _decrypted(file: BinaryIO, name: str, key: Key) -> Iterator[bytes]:
    header = file.read(len(MAGIC) + 1 + len(key.name) + CHECK + SALT)
    start = MAGIC + bytes([len(key.name)]) + key.name.encode()
    if not header.startswith(start):
        raise DamagedError(say("recording.damaged", name=name))
    if not hmac.compare_digest(header[len(start) : len(start) + CHECK], _check_of(key)):
        raise KeyFaultError(say("recording.other_key", name=key.name))
    cipher, bound, number = _cipher(key, header[-SALT:]), header + name.encode(), 0
    piece = file.read(CHUNK + TAG)
    while piece or number == 0:
        following = file.read(CHUNK + TAG)
        try:
            yield cipher.decrypt(_nonce(number, last=not following), piece, bound)
        except InvalidTag as error:
            raise DamagedError(say("recording.damaged", name=name)) from error
        piece, number = following, number + 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _cipher(key: Key, salt: bytes) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, MAGIC).derive(key.secret))


def _check_of(key: Key) -> bytes:
    return hmac.digest(key.secret, MAGIC + b"check", "sha256")[:CHECK]
