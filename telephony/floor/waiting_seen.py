"""Brings the waiting room into line with what the switch holds: after a restart of either, and at times."""

from collections.abc import Iterable, Mapping

import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.waiting_guests import Guest
from telephony.floor.waiting_room import WaitingRoom
from telephony.pbx import waiting as places
from telephony.pbx.snapshot import Channel
from telephony.rules.call_story import Happening
from telephony.store import waiting as rows
from telephony.store.database import Database
from telephony.store.waiting import Waited

log = structlog.get_logger()
STALE = 2.0
"""Seconds after which a snapshot is believed rather than what came before it."""


class WaitingSeen:
    """Takes each snapshot of the live channels; the first one after a while opens the room."""

    def __init__(self, room: WaitingRoom, config: Config, database: Database, clock: Clock) -> None:
        self._room, self._config, self._database, self._clock = room, config, database, clock

    def seen(self, channels: list[Channel]) -> Deferred[None]:
        """Let go of who is not there, take up who is, and then let turns be given; fires after that."""
        here = {each.leg_id: each for each in channels if places.in_room(each)}
        talking = {each.leg_id for each in here.values() if _talks(each, channels)}
        guests = self._room.guests()
        for guest in guests.values():
            self._agree(guest, here.get(guest.call_id), talks=guest.call_id in talking)
        strangers = here.keys() - guests.keys() - talking
        found = self._database.read(lambda connection: rows.waits_of(connection, strangers))
        found.addCallback(self._take_up, here)
        found.addErrback(lambda failure: log.error("waiting_not_read", why=repr(failure.value)))
        return found.addCallback(lambda _: self._open(channels))

    def _agree(self, guest: Guest, channel: Channel | None, *, talks: bool) -> None:
        room = self._room
        old = self._clock.monotonic() - max(guest.asked_at, guest.moved_at) > STALE
        if talks:
            room.connected(guest.call_id, guest.agent)
        elif channel is None:
            if old:
                room.leave(guest.call_id)
        elif channel.context == places.RINGS and not guest.agent:
            room.rings(guest, channel.exten)
        elif channel.context == places.WAITS and guest.agent and old:
            room.end_offer(guest)  # the order to move got lost

    def _take_up(self, found: Iterable[Waited], here: Mapping[str, Channel]) -> None:
        guests = self._room.guests()
        for waited in found:
            if waited.call_id not in guests and waited.queue in self._config.queues:
                guest, channel = self._room.take_in(waited), here[waited.call_id]
                if channel.context == places.RINGS:
                    self._room.rings(guest, channel.exten)

    def _open(self, channels: list[Channel]) -> None:
        room = self._room
        room.open = room.line.is_up
        if not room.faulty:
            self._opened(channels)
            return

        def stored(_: None) -> None:
            room.faulty = False
            self._opened(channels)

        event = Happening(self._clock.now(), "waiting_room", room.key("room"), None, {"state": "open"})
        room.store((None, event)).addCallbacks(stored, lambda _: None)

    def _opened(self, channels: list[Channel]) -> None:
        if not self._room.serves:
            return
        for call_id in places.by_switch(channels):
            if call_id not in self._room.sent_away:
                # Who has gone or is answered by now needs it no more; anybody else is seen the next time.
                self._room.line.take_back(call_id).addErrback(lambda _: None)
        self._room.look()


def _talks(channel: Channel, channels: Iterable[Channel]) -> bool:
    """Tell whether somebody for whom an agent was to be rung hears that agent already."""
    return channel.context == places.RINGS and any(
        each.call_id == channel.call_id and each.leg_id != channel.leg_id and each.state == "Up"
        for each in channels
    )
