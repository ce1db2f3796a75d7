"""The states of a conversation, declared: who is with whom, and what follows when somebody leaves.

TABLE is the whole truth: for each state what each input leads to. What is not in it is refused. Where each
party is in a state stands in `places.py`.
"""

from automat import MethodicalMachine

COMMANDS = ("ask", "join", "hold_citizen", "hold_units", "drop_units", "leave", "end")
"""What an agent or a supervisor asks for."""
EVENTS = (
    *("consulted", "joined", "none_left", "agent_joined"),
    *(
        "citizen_left",
        "citizen_cut_off",
        "agent_left",
        "agent_cut_off",
        "units_left",
        "units_cut_off",
        "all_left",
    ),
)
"""What happens: a unit accepts (to speak with the agent first, or with all), none is left to be asked, an
agent comes in, somebody goes."""
OVER = frozenset({"returned", "ended"})
"""Nothing changes any more: the citizen is back in the queue, or it is over for everybody."""

TABLE: dict[str, dict[str, str]] = {
    # Not begun: the citizen and the agent talk in the queue's bridge.
    "new": {
        "ask": "waiting",
        "ask_beside": "pair",
        "meet": "meeting",
    },
    # The citizen hears music, the agent hears it ring.
    "waiting": {
        "ask": "waiting",
        "ask_beside": "pair",
        "join": "pair",
        "consulted": "consulting",
        "joined": "talking",
        "none_left": "pair",
        "drop_units": "pair",
        "agent_joined": "waiting",
        "citizen_left": "ended",
        "agent_left": "returned",
        "end": "ended",
    },
    # Agent and unit speak, the citizen hears music.
    "consulting": {
        "ask": "consulting",
        "join": "talking",
        "hold_units": "units_held",
        "drop_units": "pair",
        "leave": "left",
        "consulted": "consulting",
        "joined": "consulting",
        "none_left": "consulting",
        "agent_joined": "consulting",
        "citizen_left": "debrief",
        "agent_left": "left",
        "units_left": "pair",
        "end": "ended",
    },
    # All in one room.
    "talking": {
        "ask": "talking",
        "hold_citizen": "consulting",
        "hold_units": "units_held",
        "drop_units": "pair",
        "leave": "left",
        "consulted": "consulting",
        "joined": "talking",
        "none_left": "talking",
        "agent_joined": "talking",
        "citizen_left": "debrief",
        "agent_left": "left",
        "units_left": "pair",
        "end": "ended",
    },
    # Citizen and agent speak, the units hear music.
    "units_held": {
        "ask": "units_held",
        "join": "talking",
        "hold_citizen": "consulting",
        "drop_units": "pair",
        "leave": "left",
        "consulted": "consulting",
        "joined": "talking",
        "none_left": "units_held",
        "agent_joined": "units_held",
        "citizen_left": "debrief",
        "agent_left": "left",
        "units_left": "pair",
        "end": "ended",
    },
    # Citizen and agent in the room, no unit (yet, or any more).
    "pair": {
        "ask": "waiting",
        "ask_beside": "pair",
        "drop_units": "pair",
        "consulted": "consulting",
        "joined": "talking",
        "none_left": "pair",
        "agent_joined": "pair",
        "citizen_left": "ended",
        "agent_left": "returned",
        "agent_cut_off": "entrusted",
        "citizen_cut_off": "debrief",
        "end": "ended",
    },
    # The citizen waits alone for an emergency service: the agent's line broke off while it rang there.
    "entrusted": {
        "consulted": "left",
        "joined": "left",
        "none_left": "returned",
        "agent_joined": "pair",
        "citizen_left": "ended",
        "end": "ended",
    },
    # Citizen and unit speak, the agent has gone.
    "left": {
        "consulted": "left",
        "joined": "left",
        "none_left": "left",
        "agent_joined": "talking",
        "citizen_left": "ended",
        "units_left": "returned",
        "units_cut_off": "entrusted",
        "end": "ended",
    },
    # Agent and unit speak, the citizen has gone.
    "debrief": {
        "drop_units": "ended",
        "leave": "ended",
        "consulted": "debrief",
        "joined": "debrief",
        "none_left": "debrief",
        "agent_joined": "debrief",
        "agent_left": "ended",
        "units_left": "ended",
        "units_cut_off": "debrief",
        "end": "ended",
    },
    # Units and whoever chairs them; there is no citizen (Art. 12). It goes on until the last one leaves.
    "meeting": {
        "ask": "meeting",
        "drop_units": "meeting",
        "leave": "meeting",
        "consulted": "meeting",
        "joined": "meeting",
        "none_left": "meeting",
        "agent_joined": "meeting",
        "agent_left": "meeting",
        "units_left": "meeting",
        "all_left": "ended",
        "end": "ended",
    },
    "returned": {},
    "ended": {},
}


class Machine:
    """One conversation. An input that makes no sense in the present state raises automat.NoTransition."""

    _m = MethodicalMachine()

    @_m.state(initial=True, serialized="new")
    def _new(self) -> None: ...
    @_m.state(serialized="waiting")
    def _waiting(self) -> None: ...
    @_m.state(serialized="consulting")
    def _consulting(self) -> None: ...
    @_m.state(serialized="talking")
    def _talking(self) -> None: ...
    @_m.state(serialized="units_held")
    def _units_held(self) -> None: ...
    @_m.state(serialized="pair")
    def _pair(self) -> None: ...
    @_m.state(serialized="entrusted")
    def _entrusted(self) -> None: ...
    @_m.state(serialized="left")
    def _left(self) -> None: ...
    @_m.state(serialized="debrief")
    def _debrief(self) -> None: ...
    @_m.state(serialized="meeting")
    def _meeting(self) -> None: ...
    @_m.state(serialized="returned")
    def _returned(self) -> None: ...
    @_m.state(serialized="ended")
    def _ended(self) -> None: ...

    @_m.serializer()
    def state(self, state: str) -> str:
        """Return the state's name, as the store keeps it."""
        return state

    @_m.unserializer()
    def restore(self, state: str) -> str:
        """Put the machine back into a stored state."""
        return state

    @_m.input()
    def ask(self) -> None:
        """Ask a unit: the citizen hears music meanwhile, if nobody else is there."""

    @_m.input()
    def ask_beside(self) -> None:
        """Ask a unit while citizen and agent go on talking: an emergency."""

    @_m.input()
    def meet(self) -> None:
        """Open a coordination conference."""

    @_m.input()
    def join(self) -> None:
        """Bring all together."""

    @_m.input()
    def hold_citizen(self) -> None:
        """Speak with the units alone."""

    @_m.input()
    def hold_units(self) -> None:
        """Speak with the citizen alone."""

    @_m.input()
    def drop_units(self) -> None:
        """Let the units go, and ask no further."""

    @_m.input()
    def leave(self) -> None:
        """Leave the others together."""

    @_m.input()
    def end(self) -> None:
        """End it for everybody."""

    @_m.input()
    def consulted(self) -> None:
        """Note that a unit has accepted, and speaks with the agent first."""

    @_m.input()
    def joined(self) -> None:
        """Note that a unit has accepted, and speaks with all."""

    @_m.input()
    def none_left(self) -> None:
        """Note that nobody is left to be asked, and nobody has accepted."""

    @_m.input()
    def agent_joined(self) -> None:
        """Note that an agent has come in: back again, or another one."""

    @_m.input()
    def citizen_left(self) -> None:
        """Note that the citizen has hung up."""

    @_m.input()
    def agent_left(self) -> None:
        """Note that the last agent has hung up."""

    @_m.input()
    def citizen_cut_off(self) -> None:
        """Note that the citizen has hung up while it rings at an emergency service: the agent reports it."""

    @_m.input()
    def agent_cut_off(self) -> None:
        """Note that the last agent has hung up while it rings at an emergency service."""

    @_m.input()
    def units_left(self) -> None:
        """Note that the last unit has hung up."""

    @_m.input()
    def units_cut_off(self) -> None:
        """Note that the last unit has hung up while it rings at an emergency service."""

    @_m.input()
    def all_left(self) -> None:
        """Note that nobody is there any more."""

    _declared = locals()
    for _name, _row in TABLE.items():
        for _input, _next in _row.items():
            _declared[f"_{_name}"].upon(_declared[_input], enter=_declared[f"_{_next}"], outputs=[])


def allowed(state: str) -> frozenset[str]:
    """Return the inputs that make sense in a state."""
    return frozenset(TABLE[state])
