"""What tells this installation from the others that share a database with it."""

import uuid
import zlib

from telephony.paths import Paths


def worker_of(paths: Paths) -> str:
    """Return this installation's name; made at the first start."""
    file = paths.var / "worker-id"
    if not file.exists():
        paths.var.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{uuid.uuid4().hex}\n", encoding="ascii")
    return file.read_text(encoding="ascii").strip()


def reader_of(worker: str) -> int:
    """Return the number under which an installation keeps its place in its journal."""
    return zlib.crc32(worker.encode()) & 0x7FFFFFFF
