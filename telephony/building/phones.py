"""Puts together what lets the switch ask the softphones of agents at work that it takes to be gone."""

import structlog
from twisted.python.failure import Failure

from telephony.building.ground import Ground
from telephony.floor.absent_phones import AbsentPhones
from telephony.floor.roster import Roster
from telephony.pbx.snapshot import ask_phone

log = structlog.get_logger()


def phones_on(ground: Ground, roster: Roster) -> AbsentPhones:
    """Return it, told when the switch is lost; `settled` and `stop` are left to the caller."""

    def ask(agent: str) -> None:
        ask_phone(ground.ami, agent).addErrback(_not_asked, agent)

    phones = AbsentPhones(roster.absent, ask, ground.clock, ground.reactor)
    ground.ami.on_down(phones.lost)
    return phones


def _not_asked(failure: Failure, agent: str) -> None:
    # Then the phone is not there, or the switch is lost and is asked again.
    log.warning("phone_not_asked", agent=agent, why=failure.getErrorMessage())
