"""Which Asterisk to run: the system's if it is new enough, else the private tree that the set-up built."""

import platform
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from telephony.errors import SwitchUnavailableError
from telephony.texts import say

LEAST_VERSION = (22, 10, 1)
MULTIARCH = f"{platform.machine()}-linux-gnu"
PROGRAM_FOLDERS = "/usr/sbin:/usr/local/sbin:/usr/bin"
MODULE_FOLDERS = (Path(f"/usr/lib/{MULTIARCH}/asterisk/modules"), Path("/usr/lib/asterisk/modules"))
SHARE_FOLDERS = (Path("/usr/share/asterisk"), Path("/var/lib/asterisk"))


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
    raise SwitchUnavailableError(say("asterisk.none", version=".".join(map(str, LEAST_VERSION))))


def parse_version(text: str) -> tuple[int, ...]:
    """Return (22, 10, 1) for 'Asterisk 22.10.1+dfsg'; () if the text names no version that was released."""
    match = re.match(r"Asterisk (\d+)\.(\d+)\.(\d+)(?!\d|-(?:rc|beta|alpha|pre))", text)
    return tuple(int(part) for part in match.groups()) if match else ()


def _system() -> Asterisk | None:
    program = shutil.which("asterisk", path=PROGRAM_FOLDERS)
    if program is None:
        return None
    if parse_version(_said([program, "-V"])) < LEAST_VERSION:
        return None
    modules = next((folder for folder in MODULE_FOLDERS if folder.is_dir()), None)
    share = next((folder for folder in SHARE_FOLDERS if folder.is_dir()), None)
    return Asterisk((program,), modules, share) if modules and share else None


def _said(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    except OSError:  # a file that is no program of this machine
        return ""


def _tree(root: Path) -> Asterisk | None:
    # The tree's own loader and libraries run the binary where it stands: no chroot, so no root and no mounts.
    libraries = root / "usr/lib" / MULTIARCH
    loader = next(iter(libraries.glob("ld-linux-*.so.*")), None)
    program = root / "usr/sbin/asterisk"
    if loader is None or not program.exists():
        return None
    command = (str(loader), "--library-path", str(libraries), str(program))
    return Asterisk(command, libraries / "asterisk/modules", root / "usr/share/asterisk")
