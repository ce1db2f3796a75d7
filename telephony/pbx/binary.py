"""Which Asterisk to run: the system's if it is new enough, else the private tree that the set-up built."""

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from telephony.errors import SwitchUnavailableError

LEAST_VERSION = (22, 10, 1)


@dataclass(frozen=True)
class Asterisk:
    """How to start Asterisk, and where its modules and its documentation are."""

    command: tuple[str, ...]
    modules: Path
    share: Path


def find(var: Path) -> Asterisk:
    """Return the Asterisk to run; raise SwitchUnavailableError if there is none yet."""
    for candidate in (_system(), _tree(var / "asterisk-root")):
        if candidate is not None:
            return candidate
    raise SwitchUnavailableError("no Asterisk 22.10.1 or newer here; run `tools/setup/asterisk` to build one")


def parse_version(text: str) -> tuple[int, ...]:
    """Return (22, 10, 1) for 'Asterisk 22.10.1+dfsg'; () if the text names no version."""
    match = re.match(r"Asterisk (?:certified/)?(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in match.groups()) if match else ()


def _system() -> Asterisk | None:
    program = shutil.which("asterisk", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    if program is None:
        return None
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
    if parse_version(answer.stdout) < LEAST_VERSION:
        return None
    places = (Path(f"/usr/lib/{_multiarch()}/asterisk/modules"), Path("/usr/lib/asterisk/modules"))
    modules = next((place for place in places if place.is_dir()), None)
    share = next((p for p in (Path("/usr/share/asterisk"), Path("/var/lib/asterisk")) if p.is_dir()), None)
    return Asterisk((program,), modules, share) if modules and share else None


def _tree(root: Path) -> Asterisk | None:
    # The tree's own loader and libraries run the binary where it stands: no chroot, so no root and no mounts.
    libraries = root / "usr/lib" / _multiarch()
    loader = next(iter(libraries.glob("ld-linux-*.so.*")), None)
    program = root / "usr/sbin/asterisk"
    if loader is None or not program.exists():
        return None
    command = (str(loader), "--library-path", str(libraries), str(program))
    return Asterisk(command, libraries / "asterisk/modules", root / "usr/share/asterisk")


def _multiarch() -> str:
    return f"{platform.machine()}-linux-gnu"
