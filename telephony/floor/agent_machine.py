"""An agent's states, declared.

logged_out → ready ⇄ paused; ready → ringing → talking → wrap_up → ready. What is asked for during a
call (pause, log out) is kept in `after` and comes into force when the call and its wrap-up are over:
`settle` does that.
"""

from automat import MethodicalMachine

MISSED = "missed-rings"
"""The reason of a pause that the service itself ordered."""


class AgentMachine:
    """One agent. Inputs are methods; after each, the attributes say all that must be stored.

    An input that makes no sense in the present state raises automat.NoTransition.
    """

    _m = MethodicalMachine()

    def __init__(self) -> None:
        self.reason: str | None = None
        self.after: str | None = None
        self.after_reason: str | None = None
        self.missed_rings = 0

    @_m.state(initial=True, serialized="logged_out")
    def _logged_out(self) -> None: ...
    @_m.state(serialized="ready")
    def _ready(self) -> None: ...
    @_m.state(serialized="paused")
    def _paused(self) -> None: ...
    @_m.state(serialized="ringing")
    def _ringing(self) -> None: ...
    @_m.state(serialized="talking")
    def _talking(self) -> None: ...
    @_m.state(serialized="wrap_up")
    def _wrap_up(self) -> None: ...

    @_m.serializer()
    def state(self, state: str) -> str:
        """Return the state's name, as the store keeps it."""
        return state

    @_m.unserializer()
    def restore(self, state: str) -> str:
        """Put the machine back into a stored state."""
        return state

    @_m.input()
    def login(self) -> None:
        """Start work: ready at once; takes back a log-out wanted for after the call."""

    @_m.input()
    def logout(self) -> None:
        """End work, after the present call if there is one."""

    @_m.input()
    def pause(self, reason: str) -> None:
        """Take no more calls for now."""

    @_m.input()
    def ready(self) -> None:
        """Take calls: ends a pause or a wrap-up, takes back what was wanted for after the call."""

    @_m.input()
    def offered(self) -> None:
        """The phone rings."""

    @_m.input()
    def ring_missed(self) -> None:
        """The phone rang out, or the agent rejected the call."""

    @_m.input()
    def missed_too_often(self) -> None:
        """The last ring missed was one too many."""

    @_m.input()
    def ring_withdrawn(self) -> None:
        """The caller went away, or somebody else was quicker."""

    @_m.input()
    def connected(self) -> None:
        """Agent and citizen hear each other."""

    @_m.input()
    def hung_up(self) -> None:
        """The call is over."""

    @_m.input()
    def wrap_up_over(self) -> None:
        """The time for the work after the call is over."""

    @_m.output()
    def _clear(self) -> None:
        self.reason = self.after = self.after_reason = None

    @_m.output()
    def _because(self, reason: str) -> None:
        self.reason, self.after, self.after_reason = reason, None, None

    @_m.output()
    def _because_missed(self) -> None:
        self.reason, self.after, self.after_reason = MISSED, None, None
        self.missed_rings = 0

    @_m.output()
    def _then_pause(self, reason: str) -> None:
        self.after, self.after_reason = "paused", reason

    @_m.output()
    def _then_log_out(self) -> None:
        self.after, self.after_reason = "logged_out", None

    @_m.output()
    def _then_ready(self) -> None:
        self.after = self.after_reason = None

    @_m.output()
    def _then_stay(self) -> None:
        if self.after == "logged_out":
            self.after = None

    @_m.output()
    def _count_miss(self) -> None:
        self.missed_rings += 1

    @_m.output()
    def _forget_misses(self) -> None:
        self.missed_rings = 0

    @_m.output()
    def _keep_pause(self) -> None:
        # A call that was on its way when the agent paused: the pause holds again after it.
        if self.after is None:
            self.after, self.after_reason = "paused", self.reason
        self.reason = None

    for _state, _input, _enter, _outputs in (
        (_logged_out, login, _ready, [_clear, _forget_misses]),
        (_logged_out, logout, _logged_out, []),
        (_logged_out, connected, _talking, [_then_log_out]),
        (_logged_out, offered, _ringing, [_then_log_out]),
        (_ready, login, _ready, []),
        (_ready, ready, _ready, []),
        (_ready, logout, _logged_out, [_clear]),
        (_ready, pause, _paused, [_because]),
        (_ready, offered, _ringing, []),
        (_ready, connected, _talking, [_forget_misses]),
        (_ready, missed_too_often, _paused, [_because_missed]),
        (_paused, login, _paused, []),
        (_paused, ready, _ready, [_clear, _forget_misses]),
        (_paused, pause, _paused, [_because]),
        (_paused, logout, _logged_out, [_clear]),
        (_paused, offered, _ringing, [_keep_pause]),
        (_paused, connected, _talking, [_keep_pause, _forget_misses]),
        (_ringing, login, _ringing, [_then_stay]),
        (_ringing, ready, _ringing, [_then_ready]),
        (_ringing, pause, _ringing, [_then_pause]),
        (_ringing, logout, _ringing, [_then_log_out]),
        (_ringing, offered, _ringing, []),
        (_ringing, ring_missed, _ready, [_count_miss]),
        (_ringing, ring_withdrawn, _ready, []),
        (_ringing, connected, _talking, [_forget_misses]),
        (_talking, login, _talking, [_then_stay]),
        (_talking, ready, _talking, [_then_ready]),
        (_talking, pause, _talking, [_then_pause]),
        (_talking, logout, _talking, [_then_log_out]),
        (_talking, connected, _talking, []),
        (_talking, hung_up, _wrap_up, []),
        (_wrap_up, login, _wrap_up, [_then_stay]),
        (_wrap_up, ready, _ready, [_clear]),
        (_wrap_up, pause, _paused, [_because]),
        (_wrap_up, logout, _logged_out, [_clear]),
        (_wrap_up, wrap_up_over, _ready, []),
        (_wrap_up, offered, _ringing, []),
        (_wrap_up, connected, _talking, [_forget_misses]),
    ):
        _state.upon(_input, enter=_enter, outputs=_outputs)

    def settle(self) -> None:
        """Once ready again, do what was asked for during the call."""
        if self.state() == "ready" and self.after == "paused":
            self.pause(self.after_reason)
        elif self.state() == "ready" and self.after == "logged_out":
            self.logout()
