"""What those who wait are told: their place, how long it will take, and that they are not forgotten."""

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from telephony.config_hotline import Waiting
from telephony.floor.expectations import Expectations
from telephony.rules.spoken_number import spoken
from telephony.rules.waiting import Caller, position


@dataclass(frozen=True)
class Reply:
    """What the dialplan is to do: say these prompts, then play music for so many seconds and ask again.

    With `parting` it says them and lets the caller go. With `queue` the caller goes on there, with the same
    arrival.
    """

    seconds: int
    say: tuple[str, ...] = ()
    parting: bool = False
    queue: str = ""


class Listens(Protocol):
    """Somebody who waits; `said_at` is when they were told something last, by the monotonic clock.

    `called`: we called them.
    """

    call_id: str
    queue: str
    number: str
    called: bool
    said_at: float | None


class Words:
    """Says when there is something to say, and what."""

    def __init__(
        self, rules: Waiting, expectations: Expectations, normal: Collection[str] = frozenset()
    ) -> None:
        self._rules, self._expectations = rules, expectations
        self._normal = normal
        """Queues of leaders' lines, which one key leaves."""
        self.is_storm: Callable[[], bool] = lambda: False
        self.offers_return: Callable[[str, str], bool] = lambda _number, _queue: False
        """Whether a caller with this number, in this queue, may keep the place and be called back."""

    def due(self, listener: Listens, callers: Callable[[], Sequence[Caller]], now: float) -> tuple[str, ...]:
        """Return the prompts that are due now, monotonic seconds, and take them for said.

        `callers` says who waits; most questions come while nothing is due, and hundreds may wait.
        """
        first = listener.said_at is None
        if listener.said_at is not None and now - listener.said_at < self._rules.word_seconds:
            return ()
        listener.said_at = now
        place = position(callers(), listener.call_id, self._expectations.sharing)
        storm = ("storm-wait",) if self.is_storm() else ()
        comfort = () if first else ("waiting-comfort",)
        offered = not listener.called and self.offers_return(listener.number, listener.queue)
        offer = ("return-offer",) if offered else ()
        normal = ("leader-offer-normal",) if listener.queue in self._normal else ()
        return (*storm, *comfort, *self._place(listener.queue, place), *offer, *normal)

    def _place(self, queue: str, place: int) -> tuple[str, ...]:
        said = ("waiting-place", *spoken(place), "waiting-place-end")
        expected = self._expectations.of(queue, place)
        if expected is None:
            return said
        minutes = max(1, math.ceil(expected.total_seconds() / 60))
        return (*said, "waiting-expected", *spoken(minutes, counts=True), "waiting-expected-end")
