"""One call under way, as the dialer remembers it: the declared states of an attempt and what was seen of it.

The store is the truth; this is what a restart has to find out again.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from automat import MethodicalMachine

from telephony.clock import Delayed
from telephony.rules.verdict import Evidence, Kind
from telephony.store.attempts import Reservation


class AttemptMachine:
    """RESERVED → DIALLING → RINGING → settled; an input that makes no sense raises automat.NoTransition.

    Evidence may come in any order: alerting after the end, twice, or not at all.
    """

    _m = MethodicalMachine()

    @_m.state(initial=True, serialized="reserved")
    def _reserved(self) -> None: ...
    @_m.state(serialized="dialling")
    def _dialling(self) -> None: ...
    @_m.state(serialized="ringing")
    def _ringing(self) -> None: ...
    @_m.state(serialized="settled", terminal=True)
    def _settled(self) -> None: ...

    @_m.serializer()
    def state(self, state: str) -> str:
        """Return the state's name, as the store keeps it."""
        return state

    @_m.unserializer()
    def restore(self, state: str) -> str:
        """Put the machine back into a stored state."""
        return state

    @_m.input()
    def dial(self) -> None:
        """'dialling' was committed: the switch may be asked now."""

    @_m.input()
    def alerted(self) -> None:
        """The far end rings."""

    @_m.input()
    def settle(self) -> None:
        """The verdict was committed, or nothing was sent."""

    for _state, _input, _enter in (
        (_reserved, dial, _dialling),
        (_reserved, settle, _settled),
        (_dialling, alerted, _ringing),
        (_dialling, settle, _settled),
        (_ringing, alerted, _ringing),
        (_ringing, settle, _settled),
        (_settled, alerted, _settled),
        (_settled, settle, _settled),
    ):
        _state.upon(_input, enter=_enter, outputs=[])


RINGS = f"{Kind.ALERTING}:RINGING"
"""How a ring is told from early media in what was seen."""


def kinds_of(told: Iterable[Evidence]) -> Iterator[str]:
    """Yield what kinds of evidence there are, and of alerting also which."""
    for each in told:
        yield each.kind
        if "status" in each.data:
            yield f"{each.kind}:{each.data['status']}"


class LiveCall:
    """A call that holds a channel."""

    def __init__(self, reserved: Reservation, guard: float) -> None:
        self.attempt_id, self.campaign = reserved.id, reserved.campaign
        self.task_id, self.number, self.trunk = reserved.task_id, reserved.number, reserved.trunk
        self.start_by = reserved.start_by
        self.guard = guard
        self.machine = AttemptMachine()
        self.seen: set[str] = set()
        self.timer: Delayed | None = None
        self._answered = False
        self.sent = False
        """Whether the switch has been asked, or may have been."""
        self.unstored = 0
        """How much of what was seen is not stored yet: until then it is not judged."""
        self.settling = False
        """Whether its verdict is being written: more evidence is no reason to begin again."""

    def saw(self, kind: str, *, answered: bool = False) -> None:
        """Remember what kind of evidence has come; `answered`: the switch's response says that it was."""
        self.seen.add(kind)
        self._answered = self._answered or answered or kind == Kind.UP
        if kind == Kind.ALERTING:
            self.machine.alerted()

    @property
    def is_whole(self) -> bool:
        """Whether all has been told that the switch ever tells of a call's end."""
        return Kind.HANGUP in self.seen and Kind.RESPONSE in self.seen

    @property
    def is_over(self) -> bool:
        """Whether the switch has told of an end, perhaps with more to come."""
        failed = Kind.RESPONSE in self.seen and not self._answered
        return Kind.HANGUP in self.seen or Kind.SWITCH_REFUSED in self.seen or failed

    @property
    def is_released(self) -> bool:
        """Whether it is known who ended it: the network, or our own timer."""
        return Kind.RESPONSE in self.seen or Kind.RELEASED in self.seen or self.is_answered

    @property
    def is_answered(self) -> bool:
        """Whether somebody is on the line, or was."""
        return self._answered

    def set_timer(self, timer: Delayed | None) -> None:
        """Keep one timer: the last one set."""
        old: Any = self.timer
        if old is not None and old.active():
            old.cancel()
        self.timer = timer
