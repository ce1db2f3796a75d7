"""To whom a call may go: an agent who is free, a queue, a unit, another centre, here or over a trunk."""

from dataclasses import dataclass
from typing import get_args

from telephony.config import Config
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.floor.roster import Roster
from telephony.rules.transfer import Kind, Mode
from telephony.texts import say


@dataclass(frozen=True)
class Target:
    """Whom a transfer rings: an agent, or a queue; of a unit neither, the three-way call does.

    `outside`: a centre that is not on this switch, as NUMBER@TRUNK.
    """

    kind: Kind
    name: str
    agent: str | None = None
    queue: str | None = None
    outside: str | None = None


class Targets:
    """Reads agent:8002, queue:NAME, unit:CODE, centre:CODE; in any thread."""

    def __init__(self, config: Config, roster: Roster) -> None:
        self._config, self._roster = config, roster

    def find(self, to: str, mode: Mode, giver: str) -> Target:
        """Return the target. Raise UnknownThingError for nobody of ours, NotAllowedError if nobody is free.

        To a queue or a centre one cannot speak: attended, it is a free agent of it who is rung.
        """
        kind, _, name = to.partition(":")
        if kind not in get_args(Kind) or not name:
            raise UnknownThingError(say("transfer.target", to=to))
        if kind == "unit":
            return Target("unit", name)
        if kind == "agent":
            return Target("agent", name, agent=self._agent(name, giver))
        if outside := self.outside(kind, name):
            return Target("centre", name, outside=outside)
        queue = self._queue(to, kind, name)
        found: Kind = "queue" if kind == "queue" else "centre"
        if mode == "blind":
            return Target(found, name, queue=queue)
        return Target(found, name, agent=self._free_of(queue, giver))

    def outside(self, kind: str, name: str) -> str | None:
        """Return NUMBER@TRUNK of a centre that is not on this switch; None for everything else."""
        centre = self._config.centres.get(name) if kind == "centre" else None
        if centre is None or centre.transfer_number is None:
            return None
        return f"{centre.transfer_number}@{centre.transfer_trunk}"

    def _agent(self, number: str, giver: str) -> str:
        if number not in self._config.agents:
            raise UnknownThingError(say("agent.unknown", number=number))
        if number == giver or number not in self._roster.ready_agents:
            raise NotAllowedError(say("transfer.not_free", number=number))
        return number

    def _queue(self, to: str, kind: str, name: str) -> str:
        queues = self._config.queues.values()
        found = [each.name for each in queues if (each.name if kind == "queue" else each.centre) == name]
        if not found:
            raise UnknownThingError(say("transfer.target", to=to))
        return found[0]

    def _free_of(self, queue: str, giver: str) -> str:
        ready = self._roster.ready_agents - {giver}
        agents = self._config.agents.items()
        free = [(each.skills[queue], n) for n, each in agents if queue in each.skills and n in ready]
        if not free:
            raise NotAllowedError(say("transfer.nobody_free", queue=queue))
        return min(free)[1]
