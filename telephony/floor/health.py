"""Whether each part works, in one word and one sentence."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """One part of the service: whether it works, and what there is to say."""

    ok: bool
    detail: str


class Health:
    """Asks each part when it is asked itself."""

    def __init__(self) -> None:
        self._parts: dict[str, Callable[[], Component]] = {}

    def add(self, name: str, ask: Callable[[], Component]) -> None:
        """Register a part under its name."""
        self._parts[name] = ask

    def components(self) -> dict[str, Component]:
        """Return the state of every part."""
        return {name: ask() for name, ask in self._parts.items()}
