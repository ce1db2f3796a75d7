"""Puts the recordings together: the vault and its keys, what is sealed and deleted, what is paused."""

from typing import Any

from telephony.building.ground import Ground
from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.pulse import Pulse
from telephony.floor.recorder_pauses import PauseRules, Pauses, Recorder
from telephony.floor.recordings import Recordings
from telephony.floor.vault import Vault
from telephony.floor.vault_keys import KeyRing
from telephony.paths import Paths
from telephony.pbx.recorder import Recorder as SwitchRecorder
from telephony.rules.retention import CALL, REASON, THREE_WAY
from telephony.store.database import Database


class Tapes:
    """The recordings; `recorder` is the switch's, `place` the installation on whose disk they are."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        paths: Paths,
        config: Config,
        database: Database,
        recorder: Recorder,
        clock: Clock,
        reactor: Any,
        pulse: Pulse,
        place: str,
    ) -> None:
        rules = config.hotline.recording
        ring = KeyRing(paths.var / rules.key_file if rules.key_file else None)
        keep = rules.keep_days
        days = {CALL: keep.calls, REASON: keep.reasons, THREE_WAY: keep.three_way}
        vault = Vault(paths.recordings, ring)
        self.recordings = Recordings(database, vault, clock, reactor, place, days, pulse.beat)
        limits = PauseRules(rules.pause_reasons, rules.pause_limit_seconds)
        self.pauses = Pauses(database, recorder, clock, reactor, pulse, place, limits)

    def start(self) -> None:
        """Start the threads; what is to be done is done at the first tick."""
        self.recordings.start()

    def agree(self) -> None:
        """Bring the switch to what the store says of pauses."""
        self.pauses.look()

    def tick(self) -> None:
        """Look after pauses and recordings."""
        self.pauses.look()
        self.recordings.upkeep.tick()

    def stop(self) -> None:
        """Begin nothing any more."""
        self.pauses.stop()
        self.recordings.stop()


def tapes_on(ground: Ground) -> Tapes:
    """Return the recordings; `start`, `tick` and `stop` are left to the caller."""
    base = (ground.paths, ground.config, ground.database, SwitchRecorder(ground.ami), ground.clock)
    return Tapes(*base, ground.reactor, ground.pulse, ground.place)
