"""The states of a leader day, declared (Art. 6).

planned → published → open → closed → certified. Who has been announced may be postponed or substituted, each
with a new notice, and opens all the same; cancelled is the end. TABLE is the whole truth: what is not in it
is refused.
"""

from automat import MethodicalMachine, NoTransition

from telephony.errors import NotAllowedError
from telephony.rules.leader_day import (
    CANCELLED,
    CERTIFIED,
    CLOSED,
    OPEN,
    PLANNED,
    POSTPONED,
    PUBLISHED,
    SUBSTITUTED,
)
from telephony.texts import forms, say

COMMANDS = ("change", "publish", "postpone", "substitute", "cancel", "open", "extend", "close", "certify")
_ANNOUNCED = {"postpone": POSTPONED, "substitute": SUBSTITUTED, "cancel": CANCELLED, "open": OPEN}
TABLE: dict[str, dict[str, str]] = {
    PLANNED: {"change": PLANNED, "publish": PUBLISHED, "cancel": CANCELLED},
    PUBLISHED: _ANNOUNCED,
    POSTPONED: _ANNOUNCED,
    SUBSTITUTED: _ANNOUNCED,
    OPEN: {"extend": OPEN, "close": CLOSED},
    CLOSED: {"certify": CERTIFIED},
    CERTIFIED: {},
    CANCELLED: {},
}


class LeaderDayMachine:
    """One day; inputs are the commands. One that makes no sense raises automat.NoTransition."""

    _m = MethodicalMachine()

    @_m.state(initial=True, serialized="planned")
    def _planned(self) -> None: ...
    @_m.state(serialized="published")
    def _published(self) -> None: ...
    @_m.state(serialized="postponed")
    def _postponed(self) -> None: ...
    @_m.state(serialized="substituted")
    def _substituted(self) -> None: ...
    @_m.state(serialized="open")
    def _open(self) -> None: ...
    @_m.state(serialized="closed")
    def _closed(self) -> None: ...
    @_m.state(serialized="certified")
    def _certified(self) -> None: ...
    @_m.state(serialized="cancelled")
    def _cancelled(self) -> None: ...

    @_m.serializer()
    def state(self, state: str) -> str:
        """Return the state's name, as the store keeps it."""
        return state

    @_m.unserializer()
    def restore(self, state: str) -> str:
        """Put the machine back into a stored state."""
        return state

    @_m.input()
    def change(self) -> None:
        """Plan it anew: nobody has been told of it yet."""

    @_m.input()
    def publish(self) -> None:
        """Announce it."""

    @_m.input()
    def postpone(self) -> None:
        """Put it off to another time, and announce that."""

    @_m.input()
    def substitute(self) -> None:
        """Let another leader sit, and announce that."""

    @_m.input()
    def cancel(self) -> None:
        """Let it not take place."""

    @_m.input()
    def open(self) -> None:
        """Let the leader's line take calls."""

    @_m.input()
    def extend(self) -> None:
        """Let it take calls for longer."""

    @_m.input()
    def close(self) -> None:
        """Let it take no more."""

    @_m.input()
    def certify(self) -> None:
        """Put down what it came to; nothing changes any more."""

    _declared = locals()
    for _name, _row in TABLE.items():
        for _input, _next in _row.items():
            _declared[f"_{_name}"].upon(_declared[_input], enter=_declared[f"_{_next}"], outputs=[])


def allowed(state: str) -> frozenset[str]:
    """Return the commands that make sense in a state."""
    return frozenset(TABLE[state])


def after(state: str, command: str) -> str:
    """Return the state that a command leads to; raise NotAllowedError where it makes no sense."""
    machine = LeaderDayMachine()
    machine.restore(state)
    try:
        getattr(machine, command)()
    except NoTransition as error:
        names = {**forms(f"leader_state.{state}")}
        raise NotAllowedError(say("leader.not_now", what=command, **names)) from error
    return str(machine.state())
