"""Puts together what people do to a call under way: transfer it, refuse its matter, listen in."""

from telephony.building.ground import Ground
from telephony.floor.refusals import Refusals
from telephony.floor.roster import Roster
from telephony.floor.supervision import Supervision
from telephony.floor.supervisions import Supervisions
from telephony.floor.transfers import Transfers
from telephony.pbx.refusal import RefusalLine
from telephony.pbx.supervision import SpyLine
from telephony.pbx.transfers import TransferLine
from telephony.threeway.handing import Handing


def transfers_on(ground: Ground, roster: Roster, units: Handing) -> Transfers:
    """Return what transfers calls; `units` gives them to units."""
    line, sides = TransferLine(ground.ami), (roster, units, ground.worker, ground.pulse.beat)
    made = Transfers(ground.config, ground.database, line, ground.clock, ground.reactor, *sides)
    made.at_point = ground.at_point
    return made


def refusals_on(ground: Ground) -> Refusals:
    """Return what refuses matters (Art. 4)."""
    line = RefusalLine(ground.ami)
    return Refusals(ground.database, line, ground.clock, ground.pulse.beat, ground.at_point, ground.place)


def supervision_on(ground: Ground, roster: Roster) -> Supervision:
    """Return what supervisors may do on calls."""
    line = SpyLine(ground.ami, ground.config.threeway.caller_number)
    sides = (roster, ground.worker, ground.pulse.beat)
    known = Supervisions(ground.database, line, ground.clock, ground.reactor, *sides)
    known.at_point = ground.at_point
    return Supervision(ground.config.agents, known)
