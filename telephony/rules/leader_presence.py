"""How long a leader was really there: seated and available or talking, breaks left out (Art. 6). Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Presence:
    """Seconds of a day, between its opening and its closing, or now.

    `there`: seated, and available or talking, which is what Art. 6 asks for. `paused`: breaks. `away`: the
    seat's phone was not there, or the leader not logged in.
    """

    there: float
    paused: float
    away: float
