"""What the waiting room is handed: agents, limits, the switch."""

from collections.abc import Iterable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from telephony.floor.waiting_guests import Guest
from telephony.pbx.waiting import Listener
from telephony.store.waiting import Passed


class Agents(Protocol):
    """Who is free (telephony.floor.roster.Roster)."""

    def free(self) -> list[str]:
        """Return who would ring now."""
        ...


class Limits(Protocol):
    """What becomes of who waits too long (telephony.floor.overflow.Overflow)."""

    def came(self, guest: Guest, passed: Iterable[Passed]) -> None:
        """Somebody came, who passed these limits before the service began anew."""
        ...

    def remember(self, guest: Guest, passed: Iterable[Passed]) -> None:
        """Note on a guest which limits were passed before the service began anew."""
        ...

    def asks(self, guest: Guest) -> None:
        """Somebody asks what to do: note on the guest whether it is to go."""
        ...


class Line(Protocol):
    """The switch (telephony.pbx.waiting.WaitingLine)."""

    @property
    def is_up(self) -> bool:
        """Whether it can be asked."""
        ...

    def start(self, listener: Listener) -> None:
        """Tell of those who wait."""
        ...

    def ring(self, leg_id: str, agent: str) -> Deferred[Any]:
        """Let an agent ring for a citizen."""
        ...

    def take_back(self, leg_id: str) -> Deferred[Any]:
        """Let a citizen who waits in app_queue come into the room."""
        ...
