"""The whole building: every room of the service, each built on the ground and on the rooms before it."""

from telephony.building.call_commands import refusals_on, supervision_on, transfers_on
from telephony.building.ground import Ground
from telephony.building.halls import halls_on, seats_of
from telephony.building.lobby import Lobby
from telephony.building.outbound import Outbound
from telephony.building.phones import phones_on
from telephony.building.rooms import rooms_on
from telephony.building.tapes import tapes_on
from telephony.building.watches import Watches
from telephony.floor.mirror import QueueMirror
from telephony.floor.notice_sounds import NoticeSounds
from telephony.floor.notices import Notices
from telephony.floor.roster import Roster
from telephony.spoken import SpokenPrompts


class Building:
    """All rooms, put together; nothing runs yet (telephony.bootstrap.Service starts and stops them)."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        paths, config, voice = ground.paths, ground.config, ground.config.prompts.voice
        mirror = QueueMirror(ground.ami)
        base = (config, ground.database, ground.clock)
        self.roster = Roster(*base, ground.reactor, mirror, ground.pulse, ground.place)
        self.outbound = Outbound(ground, self.roster)
        self.watches = Watches(ground, self.roster, mirror, self.outbound)
        self.tapes = tapes_on(ground)
        self.notices = Notices(*base, NoticeSounds(paths, voice, ground.reactor))
        self.lobby = Lobby(ground, self.roster, self.watches.switch, self.outbound)
        self.spoken = SpokenPrompts(paths, voice, ground.reactor)
        self.rooms = rooms_on(ground, self.roster, self.spoken, self.outbound.replied)
        self.transfers = transfers_on(ground, self.roster, self.rooms.handing)
        self.refusals = refusals_on(ground)
        elsewhere = self.lobby.waiting.elsewhere
        self.halls = halls_on(ground, self.roster, self.transfers, elsewhere, self.is_busy)
        self.phones = phones_on(ground, self.roster)
        self.seats = seats_of(ground, self.roster, self.phones.ask, self.halls.days)
        self.supervision = supervision_on(ground, self.roster)
        self.watches.switch.calls_of_legs = self.calls_of_legs

    def is_busy(self, agent: str) -> bool:
        """Return whether an agent's phone rings or talks now."""
        # Until switch and journal have been asked an agent may be in a call that nobody knows of here.
        if not self.watches.switch.settled:
            return True
        rings = self.lobby.waiting.rings_for(agent)
        return rings or self.roster.one(agent).state in {"ringing", "talking"}

    def calls_of_legs(self) -> dict[str, str]:
        """Return for each channel that we added to a call, its id, the call that it belongs to."""
        returns = self.outbound.turns.offers.calls_of_legs()
        return {**self.rooms.calls_of_legs(), **self.supervision.calls_of_legs(), **returns}
