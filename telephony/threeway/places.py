"""Where each party belongs in each state, and the moves that bring them there.

WHERE and `machine.TABLE` together say what happens when somebody leaves; docs/states.md draws both.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from telephony.pbx.conference import Place
from telephony.threeway.people import Person

_IN: Final = {
    "citizen": Place.CITIZEN_IN,
    "agent": Place.AGENT_IN,
    "supervisor": Place.AGENT_IN,
    "unit": Place.UNIT_IN,
}
_NOBODY: Final[dict[str, Place | None]] = {"agent": None, "supervisor": None, "unit": None}
WHERE: dict[str, dict[str, Place | None]] = {
    "waiting": {
        **_IN,
        "citizen": Place.CITIZEN_WAITS,
        "agent": Place.AGENT_ASKS,
        "unit": Place.UNIT_WAITS,
    },
    "consulting": {**_IN, "citizen": Place.CITIZEN_WAITS},
    "talking": {**_IN},
    "units_held": {**_IN, "unit": Place.UNIT_WAITS},
    "pair": {**_IN},
    "entrusted": {**_IN, "citizen": Place.CITIZEN_WAITS},
    "left": {**_IN},
    "debrief": {**_IN},
    "meeting": {**_IN},
    "returned": {**_NOBODY, "citizen": Place.ALONE},
    "ended": {**_NOBODY, "citizen": None},
}
"""For each state where each role belongs; None: its channel is to end."""
_FIRST = ("citizen", "unit", "supervisor", "agent")
"""Who is moved first: a citizen whom the last marked party leaves would be taken out of the room."""


def wanted(state: str, person: Person) -> Place | None:
    """Return where somebody who is present belongs; None if the channel is to end."""
    place = WHERE[state][person.role]
    if person.held and place is Place.UNIT_IN:
        return Place.UNIT_WAITS
    return place


def misplaced(state: str, people: Iterable[Person]) -> Iterator[tuple[Person, Place | None]]:
    """Yield who is not where they belong, in the order of moving, with the place."""
    present = [person for person in people if person.present]
    for person in sorted(present, key=lambda each: _FIRST.index(each.role)):
        place = wanted(state, person)
        if person.at != place:
            yield person, place
