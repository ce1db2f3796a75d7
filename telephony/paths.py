"""Where things stand. Everything a run writes is under var/."""

import os
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Paths:
    """The folders of one installation."""

    config: Path
    var: Path
    switch_config: Path = PROJECT / "asterisk-conf"

    @classmethod
    def from_environment(cls) -> "Paths":
        """Use HOTLINE_CONFIG and HOTLINE_VAR where they are set, else the project's own folders."""
        config = os.environ.get("HOTLINE_CONFIG", str(PROJECT / "config"))
        var = os.environ.get("HOTLINE_VAR", str(PROJECT / "var"))
        return cls(Path(config).resolve(), Path(var).resolve())

    @property
    def asterisk(self) -> Path:
        """Asterisk's own files: etc, data, run, log, spool."""
        return self.var / "asterisk"

    @property
    def sounds(self) -> Path:
        """Prompts in the form the switch plays."""
        return self.asterisk / "data" / "sounds" / "zh" / "hotline"

    @property
    def journal(self) -> Path:
        """What the switch writes of every channel: `calls.json`, one JSON object a line."""
        return self.var / "journal"

    @property
    def recordings(self) -> Path:
        """Recordings of calls, a folder a day."""
        return self.var / "recordings"

    @property
    def secrets(self) -> Path:
        """Passwords and tokens made at the first start; readable by the owner only."""
        return self.var / "secrets.yaml"
