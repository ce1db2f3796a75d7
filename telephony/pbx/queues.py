"""Agents as members of app_queue's queues: the switch mirrors what the store says."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from telephony.pbx.codec import Message

Action = tuple[str, list[tuple[str, str | int]]]
"""An AMI action and its headers."""
TECHNOLOGY = "PJSIP/"


@dataclass(frozen=True)
class Membership:
    """Whether an agent is a member of the queues, and paused there; in the switch, also with what penalty."""

    member: bool
    paused: bool = False
    reason: str = ""
    penalty: int = 0


ABSENT = Membership(member=False)
Actual = dict[str, dict[str, Membership]]
"""What the switch holds: agent → queue → membership."""


def interface(agent: str) -> str:
    """Return app_queue's name of an agent."""
    return f"{TECHNOLOGY}{agent}"


def queues_of(agent: str, skills: Mapping[str, int]) -> dict[str, int]:
    """Return the queues an agent serves with the penalty in each: the skills', and the agent's own."""
    return {**skills, f"agent-{agent}": 0}


def held(queues: Mapping[str, int], wanted: Membership) -> dict[str, Membership]:
    """Return what the switch holds for an agent when all is done."""
    if not wanted.member:
        return {}
    return {queue: replace(wanted, penalty=penalty) for queue, penalty in queues.items()}


def to_do(
    agent: str, queues: Mapping[str, int], wanted: Membership, actual: Mapping[str, Membership]
) -> Iterator[Action]:
    """Return the actions that make the switch hold what is wanted, and none if it does already."""
    goal = held(queues, wanted)
    for queue in actual:
        if queue not in goal:
            yield "QueueRemove", [("Queue", queue), ("Interface", interface(agent))]
    for queue in goal:
        if queue not in actual:
            yield "QueueAdd", _add(agent, queue, queues[queue], wanted)
    present = [queue for queue in goal if queue in actual]
    for queue in present:
        if actual[queue].penalty != goal[queue].penalty:  # app_queue keeps its members over a restart
            yield "QueuePenalty", _penalty(agent, queue, queues[queue])
    if any(replace(actual[queue], penalty=0) != wanted for queue in present):
        # Without a Queue header app_queue pauses the member in all its queues at once.
        yield "QueuePause", [("Interface", interface(agent)), *_pause(wanted)]


def _add(agent: str, queue: str, penalty: int, wanted: Membership) -> list[tuple[str, str | int]]:
    return [
        ("Queue", queue),
        ("Interface", interface(agent)),
        ("MemberName", agent),
        ("StateInterface", interface(agent)),
        ("Penalty", penalty),
        *_pause(wanted),
    ]


def _penalty(agent: str, queue: str, penalty: int) -> list[tuple[str, str | int]]:
    return [("Interface", interface(agent)), ("Penalty", penalty), ("Queue", queue)]


def _pause(wanted: Membership) -> list[tuple[str, str | int]]:
    return [("Paused", "true" if wanted.paused else "false"), ("Reason", wanted.reason)]


def members(messages: Iterable[Message]) -> Actual:
    """Read the members out of an answer to QueueStatus."""
    actual: Actual = {}
    for message in messages:
        if message.name != "QueueMember":
            continue
        agent = message.get("StateInterface").removeprefix(TECHNOLOGY)
        paused = message.get("Paused") == "1"
        reason = message.get("PausedReason") if paused else ""
        penalty = message.get("Penalty")
        membership = Membership(True, paused, reason, int(penalty) if penalty.isdecimal() else 0)
        actual.setdefault(agent, {})[message.get("Queue")] = membership
    return actual
