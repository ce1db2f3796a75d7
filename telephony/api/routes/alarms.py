"""What a supervisor should look at."""

from functools import partial

from fastapi import APIRouter

from telephony.api.inputs import Limit, RowPath
from telephony.api.services import Door, read, write
from telephony.store import registers
from telephony.store.registers import AlarmView

router = APIRouter(prefix="/alarms", tags=["alarms"])


@router.get("")
async def alarms(services: Door, *, acknowledged: bool = False, limit: Limit = 100) -> list[AlarmView]:
    """Return alarms, the newest first; with `acknowledged`, also those that somebody has seen."""
    work = partial(registers.alarm_list, limit=limit, with_acknowledged=acknowledged)
    return await read(services, work)


@router.post("/{alarm_id}/acknowledge")
async def acknowledge(services: Door, alarm_id: RowPath) -> AlarmView:
    """Note that somebody has seen an alarm; doing it again changes nothing."""
    work = partial(registers.acknowledge, alarm_id=alarm_id, now=services.clock.now())
    return await write(services, work)
