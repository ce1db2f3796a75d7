"""Whose turn it is: who waits, who is free, and who goes to whom; and how long it will take.

Order is by priority, then by arrival, over all queues that share agents. Whoever is served before somebody
who came earlier is served so for a reason, which is a part of the decision.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

PRIORITY, NO_SKILL, RINGING, PARTING = "priority", "no_skill", "ringing", "let_go"
"""Why somebody was passed over: the other is more urgent; no agent who is free serves their queue; an agent
rings for them already; they are being let go to be called back."""
MOST_ANSWERS = 50
"""The newest of those that an expectation rests on: a queue that has become slower must show soon."""
Strategy = Literal["rrmemory", "leastrecent", "fewestcalls", "random", "ringall"]


@dataclass(frozen=True)
class Caller:
    """Somebody who waits; `preferred` is an agent who knows them; `ringing`: one rings for them now.

    `helpers` are queues whose agents serve them as well (rules/overflow.py); `parting`: they are let go.
    """

    call_id: str
    queue: str
    priority: int
    since: datetime
    preferred: str = ""
    ringing: bool = False
    helpers: frozenset[str] = frozenset()
    parting: bool = False

    @property
    def kept_back(self) -> str:
        """Return why it is nobody's turn to ring for them, or nothing."""
        return RINGING if self.ringing else PARTING if self.parting else ""


@dataclass(frozen=True)
class Agent:
    """Somebody who is free; a lower `turn` goes first where the penalty is the same."""

    number: str
    skills: Mapping[str, int]
    turn: tuple[float, ...] = ()


@dataclass(frozen=True)
class Passed:
    """Somebody who came earlier and was not served before another, and why."""

    call_id: str
    reason: str


@dataclass(frozen=True)
class Turn:
    """An agent is to ring for a caller."""

    call_id: str
    agent: str
    because: Literal["knows_caller", "serves_queue"]
    passed: tuple[Passed, ...] = ()


@dataclass(frozen=True)
class Answer:
    """A call that was answered: since when it had waited, and when the agent was there."""

    queued_at: datetime
    answered_at: datetime


def in_order(callers: Iterable[Caller]) -> list[Caller]:
    """Return who waits, the next first; who arrived in the same instant in the order of their ids."""
    return sorted(callers, key=lambda caller: (-caller.priority, caller.since, caller.call_id))


def groups(skills: Iterable[Iterable[str]]) -> dict[str, frozenset[str]]:
    """Return for each queue all queues that share agents with it, also by way of others.

    `skills` holds for each agent the queues that the agent serves.
    """
    found: dict[str, frozenset[str]] = {}
    for queues in skills:
        mine = frozenset(queues)
        together = mine.union(*(found[queue] for queue in mine if queue in found))
        found |= dict.fromkeys(together, together)
    return found


def turns(
    callers: Sequence[Caller], agents: Iterable[Agent], sharing: Mapping[str, frozenset[str]]
) -> list[Turn]:
    """Return who goes to whom now, the first turn first; `sharing` is what `groups` says."""
    free = {agent.number: agent for agent in agents}
    given: list[Turn] = []
    ahead: set[str] = set()
    order = in_order(callers)
    for place, caller in enumerate(order):
        if not free:
            break
        agent = None if caller.kept_back else _agent_for(caller, free)
        if agent is None:
            ahead.add(caller.call_id)
            continue
        del free[agent.number]
        others = [each for each in order[:place] if each.call_id in ahead] + order[place + 1 :]
        group = _group((caller.queue, *caller.helpers, *agent.skills), sharing)
        passed = _passed(caller, [each for each in others if _waits_for(each, agent, group)], ahead)
        given.append(_turn(caller, agent, passed))
    return given


def _turn(caller: Caller, agent: Agent, passed: tuple[Passed, ...]) -> Turn:
    known = caller.preferred == agent.number
    return Turn(caller.call_id, agent.number, "knows_caller" if known else "serves_queue", passed)


def _agent_for(caller: Caller, free: Mapping[str, Agent]) -> Agent | None:
    # Who knows the caller may be asked without the skill: the route has decided so.
    if caller.preferred in free:
        return free[caller.preferred]
    able = [agent for agent in free.values() if _penalty(caller, agent) is not None]
    return min(able, key=lambda each: (_penalty(caller, each), each.turn, each.number), default=None)


def _penalty(caller: Caller, agent: Agent) -> tuple[bool, int] | None:
    """Return which of several agents is asked first, the lowest; None for one who cannot serve the caller."""
    if caller.queue in agent.skills:
        return False, agent.skills[caller.queue]
    helping = [agent.skills[queue] for queue in caller.helpers if queue in agent.skills]
    return (True, min(helping)) if helping else None


def _group(queues: Iterable[str], sharing: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the queues of all who may wait for the same agents as the callers of these queues."""
    mine = frozenset(queues)
    return mine.union(*(sharing[queue] for queue in mine if queue in sharing))


def _waits_for(caller: Caller, agent: Agent, group: frozenset[str]) -> bool:
    """Tell whether a caller waits in one of these queues, or for this agent, who knows them.

    The agent's own queues are among them: who knows one caller may serve others than that caller's.
    """
    return caller.preferred == agent.number or not group.isdisjoint((caller.queue, *caller.helpers))


def _passed(caller: Caller, others: Iterable[Caller], ahead: Collection[str]) -> tuple[Passed, ...]:
    """Say of each who came earlier why the caller goes first."""
    return tuple(
        Passed(each.call_id, each.kept_back or (NO_SKILL if each.call_id in ahead else PRIORITY))
        for each in others
        if each.since < caller.since
    )


def position(callers: Iterable[Caller], call_id: str, sharing: Mapping[str, frozenset[str]]) -> int:
    """Return which in the order of all who wait for agents of the same group a caller is: 1 is next.

    0 if the caller does not wait.
    """
    return positions(callers, sharing).get(call_id, 0)


def positions(callers: Iterable[Caller], sharing: Mapping[str, frozenset[str]]) -> dict[str, int]:
    """Return of each caller which in the order of all who wait for agents of the same group it is.

    The next is first. Counted by where people wait, for that is a handful even if hundreds do.
    """
    found: dict[str, int] = {}
    before: Counter[frozenset[str]] = Counter()
    shared: dict[frozenset[str], frozenset[str]] = {}
    for caller in in_order(callers):
        mine = caller.helpers | {caller.queue}
        if mine not in shared:
            shared[mine] = _group(mine, sharing)
        ahead = (count for queues, count in before.items() if not shared[mine].isdisjoint(queues))
        found[caller.call_id] = 1 + sum(ahead)
        before[mine] += 1
    return found


def expected(
    answers: Iterable[Answer], place: int, now: datetime, window: timedelta, fewest: int
) -> timedelta | None:
    """Return how long who is in this place will wait, by the answers in the window; None if they are too few.

    Each answer took as long as somebody waited for it: since the answer before it, or since the caller came
    where that was later. So the time in which nobody called does not count.
    """
    recent = sorted((each for each in answers if each.answered_at > now - window), key=_when)[-MOST_ANSWERS:]
    if len(recent) < max(1, fewest):
        return None
    before = recent[0].queued_at
    took = timedelta()
    for each in recent:
        took += max(timedelta(), each.answered_at - max(before, each.queued_at))
        before = each.answered_at
    return took / len(recent) * place


def _when(answer: Answer) -> datetime:
    return answer.answered_at
