"""Queues and numbers with their figures of the day."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import partial

from fastapi import APIRouter

from telephony.api.services import Door, Services, read
from telephony.store import figures
from telephony.store.figures import Figures

router = APIRouter(prefix="/queues", tags=["queues"])


@dataclass(frozen=True)
class QueueView:
    """A queue today; `agents_ready` counts those who serve it and would ring now."""

    name: str
    label: str
    centre: str
    agents_ready: int
    today: Figures


@dataclass(frozen=True)
class NumberView:
    """A number that citizens call, today."""

    number: str
    name: str
    centre: str
    queue: str
    today: Figures


@dataclass(frozen=True)
class Day:
    """All queues and numbers; `day` is the day in Asia/Shanghai. The demo's calls are left out."""

    day: date
    queues: list[QueueView]
    numbers: list[NumberView]


@router.get("")
async def queues(services: Door) -> Day:
    """Return how every queue and every number does today."""
    demo, now = services.config.hotline.demo.caller_number, services.clock.now()
    today = await read(services, partial(figures.of_today, now=now, demo_caller=demo))
    ready = _ready(services)
    of_queues = [
        QueueView(
            queue.name, queue.label, queue.centre, ready[queue.name], today.queues.get(queue.name, Figures())
        )
        for queue in services.config.queues.values()
    ]
    of_numbers = [
        NumberView(n.number, n.name, n.centre, n.queue, today.numbers.get(n.number, Figures()))
        for n in services.config.numbers.values()
    ]
    return Day(today.day, of_queues, of_numbers)


def _ready(services: Services) -> Counter[str]:
    skills = services.config.agents
    ready = [view.number for view in services.roster.all() if view.state == "ready" and view.number in skills]
    return Counter(queue for number in ready for queue in skills[number].skills)
