"""Puts together what the switch is heard by: the ledger of calls, and who reads the journal and AMI."""

from telephony.building.ground import Ground
from telephony.building.installation import reader_of
from telephony.floor.inbound import CallBacks
from telephony.floor.journal_watch import JournalWatch
from telephony.floor.ledger import Ledger
from telephony.floor.mirror import QueueMirror
from telephony.floor.roster import Roster
from telephony.floor.switch_watch import SwitchWatch
from telephony.store.journal import FIRST_READER


class Watches:
    """The ledger, the watch over the journal, which fills it, and the watch over the switch."""

    def __init__(self, ground: Ground, roster: Roster, mirror: QueueMirror, call_backs: CallBacks) -> None:
        clock, pulse, folder = ground.clock, ground.pulse, ground.paths.journal
        reader = reader_of(ground.worker) if ground.shares_database else FIRST_READER
        place = (call_backs, reader, ground.place)
        self.ledger = Ledger(ground.config, ground.database, clock, folder, *place)
        self.journal = JournalWatch(self.ledger, folder, pulse, ground.reactor)
        self.switch = SwitchWatch(ground.ami, roster, mirror, self.ledger, self.journal, clock, pulse)
