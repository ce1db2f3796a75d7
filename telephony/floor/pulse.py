"""A heartbeat of the ledger: who waits for news is woken when events were committed."""

from collections.abc import Callable

from twisted.internet.defer import Deferred


class Pulse:
    """Wakes all who wait; what is new they read from the store themselves."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] = []
        self.on_beat: Callable[[], None] = lambda: None
        """Called at each news, by whom news wakes; it must be quick."""

    def wait(self) -> Deferred[None]:
        """Return a Deferred that fires at the next news."""
        waiter: Deferred[None] = Deferred(self._forget)
        self._waiting.append(waiter)
        return waiter

    def beat(self) -> None:
        """Wake everybody."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(None)
        self.on_beat()

    def _forget(self, waiter: Deferred[None]) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
