"""Puts together where citizens wait: the waiting room, the limits of waiting, and storm mode."""

import structlog
from twisted.python.failure import Failure

from telephony.building.ground import Ground
from telephony.building.outbound import Outbound
from telephony.floor.overflow import Overflow
from telephony.floor.roster import Roster
from telephony.floor.storm import Storm
from telephony.floor.switch_watch import SwitchWatch
from telephony.floor.waiting_room import WaitingRoom
from telephony.floor.waiting_seen import WaitingSeen
from telephony.pbx.waiting import WaitingLine

log = structlog.get_logger()


class Lobby:
    """The waiting room, its overflow and the storm; `switch` shows who waits, `outbound` calls back."""

    def __init__(self, ground: Ground, roster: Roster, switch: SwitchWatch, outbound: Outbound) -> None:
        self._switch, self._outbound = switch, outbound
        config, database, clock, timer = ground.config, ground.database, ground.clock, ground.reactor
        base = (config, database, clock, timer)
        self.storm = Storm(config.hotline.storm, database, clock, timer)
        self.waiting = WaitingRoom(*base, roster, WaitingLine(ground.ami), ground.pulse)
        self.overflow = Overflow(*base, self.waiting, lambda: self.storm.factor, ground.pulse.beat)
        self.waiting.overflow = self.overflow
        self.waiting.words.offers_return = config.calls_back
        self._tell_of_storms()
        self._share_turns()
        ground.ami.on_down(self.waiting.gate.lost)
        roster.when_changed = self.waiting.look
        self.waiting.gate.when_stalled = self._look_again
        switch.when_seen = WaitingSeen(self.waiting, config, database, clock).seen

    def stop(self) -> None:
        """Move nobody any more, and wait for no limit and for no end of a storm."""
        self.waiting.stop()
        self.storm.stop()
        self.overflow.stop()

    def _tell_of_storms(self) -> None:
        self._outbound.campaign.rests = lambda: self.storm.revisits_rest
        self._outbound.is_storm = self.waiting.words.is_storm = lambda: self.storm.is_on
        self.storm.listeners += [self._outbound.dialer.wake, self.overflow.soon]

    def _share_turns(self) -> None:
        # One book of who is given to whom: the room gives all turns, also those of returns.
        turns = self._outbound.turns
        self.waiting.returns, turns.allot, turns.rings = turns.give, self.waiting.look, self.waiting.rings_for

    def _look_again(self) -> None:
        self._switch.sweep().addErrback(_not_swept)


def _not_swept(failure: Failure) -> None:
    log.error("background_work_failed", what="sweep", why=repr(failure.value))
