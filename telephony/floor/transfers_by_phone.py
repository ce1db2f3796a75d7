"""What an agent does with transfers by feature codes, on the phone's second line."""

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from telephony.errors import UnknownThingError
from telephony.floor.transfers import Transfers
from telephony.texts import say

TARGETS = {
    "2": ("agent", "blind"),
    "3": ("agent", "attended"),
    "4": ("unit", "blind"),
    "5": ("unit", "attended"),
    "6": ("queue", "blind"),
}


class TransfersByPhone:
    """`*9` and a digit: 0 takes back, 1 completes, the others begin; `queues` in the order of the file."""

    def __init__(self, transfers: Transfers, queues: Sequence[str]) -> None:
        self._transfers, self._queues = transfers, queues

    def command(self, agent: str, digits: str) -> Deferred[Any]:
        """Do what the digits after *9 stand for. Raise as the commands do, or UnknownThingError."""
        what, name = digits[:1], digits[1:]
        ends: dict[str, Callable[[str, str], Deferred[Any]]] = {
            "0": self._transfers.cancel,
            "1": self._transfers.complete,
        }
        if what in ends and not name:
            return self._transfers.given_by(agent).addCallback(ends[what], agent)
        if what not in TARGETS or not name:
            raise UnknownThingError(say("transfer.target", to=digits))
        kind, mode = TARGETS[what]
        to = self._queue(name) if kind == "queue" else name
        return self._transfers.of_agent(agent, f"{kind}:{to}", "blind" if mode == "blind" else "attended")

    def _queue(self, nth: str) -> str:
        index = int(nth) - 1
        if not 0 <= index < len(self._queues):
            raise UnknownThingError(say("transfer.target", to=f"queue:{nth}"))
        return self._queues[index]
