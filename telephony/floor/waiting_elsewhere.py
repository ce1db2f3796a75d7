"""Those who wait in one queue and go on in another, because nobody will serve them there any more.

An order stands until it is taken back, so whoever comes to such a queue later goes on as well: from a ring
that nobody answered, from app_queue, or to a service that began anew. It is stored before anybody is told:
from then on nobody rings for them. With their next question they hear the word and go, with their arrival.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock
from telephony.floor.waiting_guests import NOTED, SENT, Detour, Guest, Note


class Room(Protocol):
    """Who waits (telephony.floor.waiting_room.WaitingRoom)."""

    def guests(self) -> dict[str, Guest]:
        """Return who waits, by the id of the call."""
        ...

    def commit(self, work: Callable[[sa.Connection], None]) -> Deferred[None]:
        """Store what a caller waits for."""
        ...

    def not_stored(self, failure: Failure) -> Any:
        """Note that the store refused to write."""
        ...


class Elsewhere:
    """Which queues nobody serves any more, and who goes on because of that."""

    def __init__(self, room: Room, clock: Clock) -> None:
        self._room, self._clock = room, clock
        self._orders: dict[str, Detour] = {}

    def send(self, queues: Iterable[str], queue: str, prompt: str, note: Note) -> None:
        """Let all in these queues go on to another, and who comes there from now on; `prompt` tells them so.

        `note` is stored first. For whom an agent rings goes on only if that one does not answer.
        """
        self._orders |= dict.fromkeys(queues, Detour(queue, prompt, note))
        for guest in self._room.guests().values():
            self.comes(guest)

    def keep(self, queues: Iterable[str]) -> None:
        """Let who comes to these queues from now on wait there."""
        for queue in queues:
            self._orders.pop(queue, None)

    def comes(self, guest: Guest) -> None:
        """Let somebody who waits, and for whom nobody rings, go on if their queue is none any more."""
        detour = self._orders.get(guest.queue)
        if detour is None or guest.agent or guest.parting:
            return
        guest.parting = NOTED
        now = self._clock.now()

        def stored(_: None) -> None:
            guest.parting, guest.detour = SENT, detour

        def failed(failure: Failure) -> None:
            guest.parting = ""
            self._room.not_stored(failure)

        left = (guest.call_id, guest.queue, now)
        self._room.commit(lambda connection: detour.note(connection, *left)).addCallbacks(stored, failed)
