"""What was heard of calls lately: a snapshot that was asked for before that is not believed about them."""

from telephony.clock import Clock

KEPT = 60.0
"""Seconds for which it is remembered: no snapshot takes as long."""


class News:
    """When each call was heard of last, by the monotonic clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heard: dict[str, float] = {}

    def heard(self, call_id: str) -> None:
        """Note that a caller asked, is rung for, talks or has gone."""
        self._heard[call_id] = self._clock.monotonic()

    def since(self, call_id: str, asked: float) -> bool:
        """Tell whether a call was heard of after a snapshot was asked for."""
        return self._heard.get(call_id, asked) > asked

    def forget(self) -> None:
        """Forget what is older than any snapshot that is still to come."""
        oldest = self._clock.monotonic() - KEPT
        self._heard = {call_id: at for call_id, at in self._heard.items() if at >= oldest}
