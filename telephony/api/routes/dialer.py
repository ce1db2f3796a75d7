"""The dialer of outbound calls: how it is, pause and resume."""

from dataclasses import dataclass
from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import Reason, Text40
from telephony.api.parts import Outbound
from telephony.api.services import Door, Services, outbound_of, read, write
from telephony.store import dialer_state
from telephony.store.dialer_state import DialerState

router = APIRouter(prefix="/revisits", tags=["revisits"])
BY = "api"
PAUSED = "paused"


@dataclass(frozen=True)
class Wish:
    """Why nothing is to be dialled, and who says so."""

    reason: Reason
    by: Text40 = BY


@dataclass(frozen=True)
class TrunkView:
    """A trunk, and whether it rests after too many faults in a row."""

    name: str
    resting: bool


@dataclass(frozen=True)
class DialerView(DialerState):
    """`ready`: the switch has been agreed with. `asleep`: why nothing is dialled, a code, or nothing."""

    ready: bool
    asleep: str
    under_way: int
    channels: int
    trunks: list[TrunkView]


@router.get("/dialer")
async def dialer(services: Door) -> DialerView:
    """Return how the dialer is."""
    return _view(services, outbound_of(services), await read(services, dialer_state.state))


@router.post("/pause")
async def pause(services: Door, wish: Wish) -> DialerView:
    """Place no more calls, in any service on this database; calls under way end by themselves."""
    outbound = outbound_of(services)
    work = partial(dialer_state.pause, reason=wish.reason, by=wish.by, now=services.clock.now())
    return _view(services, outbound, await write(services, work))


@router.post("/resume")
async def resume(services: Door) -> DialerView:
    """Place calls again."""
    outbound = outbound_of(services)
    state = await write(services, partial(dialer_state.resume, by=BY, now=services.clock.now()))
    outbound.dialer.wake()
    return _view(services, outbound, state)


def _view(services: Services, outbound: Outbound, state: DialerState) -> DialerView:
    engine, now = outbound.dialer, outbound.times.monotonic()
    breakers = engine.channels.breakers.items()
    # What the engine says is of its last look at the plan: it may not have seen the change yet.
    asleep = "" if engine.asleep == PAUSED else engine.asleep
    return DialerView(
        **vars(state),
        ready=engine.open,
        asleep=PAUSED if state.paused else asleep,
        under_way=engine.channels.under_way,
        channels=services.config.revisits.dialer.channels,
        trunks=[TrunkView(name, (breaker.closed_until or 0) > now) for name, breaker in breakers],
    )
