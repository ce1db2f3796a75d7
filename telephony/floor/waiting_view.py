"""Those who wait, as they are shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from telephony.floor.expectations import Expectations
from telephony.floor.waiting_guests import Guest
from telephony.rules import waiting as rules


@dataclass(frozen=True)
class WaitingView:
    """Somebody who waits, as shown: `agent` rings for them now; `expected_seconds` is None while unknown."""

    call_id: str
    queue: str
    number: str
    priority: int
    position: int
    since: datetime
    expected_seconds: int | None
    preferred: str | None
    agent: str | None


def views(guests: Iterable[Guest], expectations: Expectations) -> list[WaitingView]:
    """Return who waits, the next first."""
    known = {guest.call_id: guest for guest in guests}
    places = rules.positions((guest.caller() for guest in known.values()), expectations.sharing)
    pace = {queue: expectations.of(queue, 1) for queue in {guest.queue for guest in known.values()}}
    return [_view(known[call_id], place, pace[known[call_id].queue]) for call_id, place in places.items()]


def _view(guest: Guest, place: int, pace: timedelta | None) -> WaitingView:
    return WaitingView(
        call_id=guest.call_id,
        queue=guest.queue,
        number=guest.number,
        priority=guest.priority,
        position=place,
        since=guest.since,
        expected_seconds=None if pace is None else round((pace * place).total_seconds()),
        preferred=guest.preferred or None,
        agent=guest.agent or None,
    )
