"""How the service is: whether each part works, and where it listens."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from fastapi import APIRouter, Response

from telephony.api.services import Door, Listening, Services, read
from telephony.api.waiting import Wait, Waits
from telephony.clock import SHANGHAI
from telephony.floor.health import Component
from telephony.store import figures
from telephony.store.registers import standing_alarms
from telephony.store.storms import StormView

router = APIRouter(tags=["status"])
probe = APIRouter(tags=["status"])
STEP = 0.25
"""Seconds between two looks at parts that tell nobody when they become ready."""


@dataclass(frozen=True)
class Status:
    """`ready` means that every part works. `waiting` and `talking` are calls now, the demo's left out.

    `storm` is None unless a storm is on.
    """

    ready: bool
    now: datetime
    components: dict[str, Component]
    listening: Sequence[Listening]
    agents: dict[str, int]
    waiting: int
    talking: int
    alarms: int
    storm: StormView | None


@dataclass(frozen=True)
class Health:
    """The answer of the probe: which parts work, without their details."""

    ready: bool
    components: dict[str, bool]


@router.get("/status")
async def status(services: Door, waits: Waits, wait: Wait = 0) -> Status:
    """Return how the service is; with `wait`, as soon as it is ready or when the seconds have passed."""
    return await waits.until(lambda seen: seen.ready, partial(_status, services), wait, step=STEP)


@probe.get("/health", responses={503: {"model": Health, "description": "Some part does not work"}})
async def health(services: Door, response: Response) -> Health:
    """Answer 200 if every part works, else 503."""
    parts = {name: part.ok for name, part in services.health.components().items()}
    ready = all(parts.values())
    response.status_code = 200 if ready else 503
    return Health(ready, parts)


async def _status(services: Services) -> Status:
    demo, now = services.config.hotline.demo.caller_number, services.clock.now()
    today = await read(services, partial(figures.of_today, now=now, demo_caller=demo))
    components = services.health.components()
    return Status(
        ready=all(part.ok for part in components.values()),
        now=now.astimezone(SHANGHAI),
        components=components,
        listening=services.listening,
        agents=dict(Counter(agent.state for agent in services.roster.all())),
        waiting=sum(of.waiting for of in today.queues.values()),
        talking=sum(of.talking for of in today.queues.values()),
        alarms=await read(services, standing_alarms),
        storm=services.storm.current if services.storm else None,
    )
