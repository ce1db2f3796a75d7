"""How long a caller will wait: from the answers that were measured, for all queues that share agents."""

from collections import defaultdict, deque
from collections.abc import Iterable
from datetime import timedelta

from telephony.clock import Clock
from telephony.config import Config
from telephony.rules import waiting
from telephony.rules.waiting import MOST_ANSWERS, Answer


class Expectations:
    """The newest answers of each group of queues, in memory."""

    def __init__(self, config: Config, clock: Clock) -> None:
        self._rules, self._clock = config.hotline.waiting, clock
        self.sharing = waiting.groups(agent.skills for agent in config.agents.values())
        """For each queue all queues that share agents with it."""
        self._answers: dict[frozenset[str], deque[Answer]] = defaultdict(lambda: deque(maxlen=MOST_ANSWERS))

    @property
    def window(self) -> timedelta:
        """Return how far back answers count."""
        return timedelta(minutes=self._rules.window_minutes)

    def restore(self, answers: Iterable[tuple[str, Answer]]) -> None:
        """Take up what the ledger knows, the oldest first: each answer with its queue."""
        for queue, answer in answers:
            self.note(queue, answer)

    def note(self, queue: str, answer: Answer) -> None:
        """Note that somebody was answered."""
        self._answers[self._group(queue)].append(answer)

    def of(self, queue: str, place: int) -> timedelta | None:
        """Return how long who is in this place will wait, None while that is not known."""
        known = self._answers[self._group(queue)]
        return waiting.expected(known, place, self._clock.now(), self.window, self._rules.fewest_answers)

    def _group(self, queue: str) -> frozenset[str]:
        return self.sharing.get(queue, frozenset({queue}))
