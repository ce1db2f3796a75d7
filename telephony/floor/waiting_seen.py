"""Brings the waiting room into line with what the switch holds: after a restart of either, and at times."""

from collections.abc import Iterable, Mapping

import structlog
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.waiting_guests import Guest
from telephony.floor.waiting_room import STALE, WaitingRoom
from telephony.pbx import waiting as places
from telephony.pbx.snapshot import Channel
from telephony.rules.call_story import Happening
from telephony.store import waiting as rows
from telephony.store.database import Database
from telephony.store.waiting import Waited

log = structlog.get_logger()


class WaitingSeen:
    """Takes each snapshot of the live channels; the first one after a while opens the room.

    A snapshot takes a while, and so does the store. Nobody is moved or taken up by one of whom anything was
    heard after it was asked for: an agent may be there by now, and a Redirect would end that talk.
    """

    def __init__(self, room: WaitingRoom, config: Config, database: Database, clock: Clock) -> None:
        self._room, self._config, self._database, self._clock = room, config, database, clock

    def seen(self, channels: list[Channel], asked: float) -> Deferred[None]:
        """Let go of who is not there, take up who is, and then let turns be given; fires after that.

        `asked` is when the switch was asked for this, by the monotonic clock.
        """
        news = self._room.news
        news.forget()
        here = {each.leg_id: each for each in channels if places.in_room(each)}
        talking = {each.leg_id for each in here.values() if _talks(each, channels)}
        guests = self._room.guests()
        for guest in guests.values():
            if not news.since(guest.call_id, asked):
                self._agree(guest, here.get(guest.call_id), asked, talks=guest.call_id in talking)
        staying = {each.leg_id for each in here.values() if not places.leaves(each)}
        strangers = staying - guests.keys() - talking
        found = self._database.read(lambda connection: rows.waits_of(connection, strangers))
        found.addCallback(self._take_up, here, asked)
        found.addCallback(lambda _: self._open(channels, asked))
        # Without knowing who waits already the room stays as it is: it would let them be overtaken.
        return found.addErrback(lambda failure: log.error("waiting_not_read", why=repr(failure.value)))

    def _agree(self, guest: Guest, channel: Channel | None, asked: float, *, talks: bool) -> None:
        room = self._room
        old = asked - max(guest.asked_at, guest.moved_at) > STALE
        if talks:
            room.connected(guest.call_id, guest.agent)
        elif channel is None:
            if old:
                room.leave(guest.call_id)
        elif channel.context == places.RINGS and not guest.agent:
            room.rings(guest, channel.exten)
        elif channel.context == places.WAITS and guest.agent and old:
            room.end_offer(guest)  # the order to move got lost

    def _take_up(self, found: Iterable[Waited], here: Mapping[str, Channel], asked: float) -> None:
        guests, news = self._room.guests(), self._room.news
        for waited in found:
            known = waited.call_id in guests or news.since(waited.call_id, asked)
            if not known and waited.queue in self._config.queues:
                guest, channel = self._room.take_in(waited), here[waited.call_id]
                if channel.context == places.RINGS:
                    self._room.rings(guest, channel.exten)
                self._room.elsewhere.comes(guest)

    def _open(self, channels: list[Channel], asked: float) -> None:
        room = self._room
        if not room.gate.opens(asked):
            return
        if not room.faulty:
            self._opened(channels, asked)
            return

        def stored(_: None) -> None:
            room.faulty = False
            self._opened(channels, asked)

        event = Happening(self._clock.now(), "waiting_room", room.key("room"), None, {"state": "open"})
        room.store((None, event)).addCallbacks(stored, lambda _: None)

    def _opened(self, channels: list[Channel], asked: float) -> None:
        room = self._room
        if not room.steady:
            return
        for call_id in places.by_switch(channels):
            if call_id not in room.sent_away and not room.news.since(call_id, asked):
                # Who has gone by now needs it no more; anybody else is seen the next time.
                room.line.take_back(call_id).addErrback(lambda _: None)
        room.look()


def _talks(channel: Channel, channels: Iterable[Channel]) -> bool:
    """Tell whether somebody for whom an agent was to be rung hears that agent already."""
    return channel.context == places.RINGS and any(
        each.call_id == channel.call_id and each.leg_id != channel.leg_id and each.state == "Up"
        for each in channels
    )
