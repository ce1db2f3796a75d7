"""Puts the three-way side together: conversations, who is asked, what is commanded, and what is recovered."""

from collections.abc import Callable, Mapping
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.building.ground import Ground
from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.conference import Conference
from telephony.spoken import SpokenPrompts
from telephony.store.database import Database
from telephony.store.units import Directory
from telephony.threeway.agreeing import Agreeing
from telephony.threeway.answers import Answers
from telephony.threeway.asking import Asking
from telephony.threeway.bringing import Agents, Bringing
from telephony.threeway.by_phone import ByPhone
from telephony.threeway.commands import Commands
from telephony.threeway.conversations import Conversations
from telephony.threeway.coordination import Coordination
from telephony.threeway.handing import Handing
from telephony.threeway.hearing import Hearing
from telephony.threeway.reaper import Reaper
from telephony.threeway.recovery import Recovery
from telephony.threeway.results import Replies
from telephony.threeway.starting import Starting
from telephony.threeway.watch import Watch

log = structlog.get_logger()


class Rooms:
    """The three-way side; `tell` wakes who waits for events."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        line: Conference,
        clock: Clock,
        timer: Timer,
        agents: Agents,
        spoken: SpokenPrompts,
        worker: str,
        tell: Callable[[], None],
        replies: Replies,
    ) -> None:
        self.replies = replies
        rules = config.threeway
        self.directory = Directory(config.units)
        self.conversations = Conversations(database, line, clock, timer, worker, tell)
        self.asking = Asking(self.conversations, rules)
        self.starting = Starting(self.conversations, self.asking, self.directory, config.calendar)
        bringing = Bringing(self.conversations, agents, config.agents, rules.agent_ring_seconds)
        self.commands = Commands(self.conversations, self.asking, bringing)
        answers = Answers(self.conversations, self.asking)
        self.hearing = Hearing(self.conversations, self.asking, answers, spoken)
        self.handing = Handing(self.conversations, self.starting, self.commands)
        self.by_phone = ByPhone(self.conversations, self.starting, self.commands)
        self.recovery = Recovery(self.conversations, self.asking, self.starting, self.directory)
        self.reaper = Reaper(self.conversations)
        self.agreeing = Agreeing(self.conversations, answers, bringing, self.reaper)
        self.coordination = Coordination(
            self.conversations, self.asking, bringing, self.starting, self.directory, spoken
        )
        self.conversations.on_refused = self.agree
        self._watch = Watch(self.conversations, answers, bringing)

    def start(self) -> Deferred[None]:
        """Take up the stored conversations; nobody is moved until the switch has been settled with."""
        self._watch.start()
        return self.recovery.begin()

    def agree(self) -> None:
        """Agree with the switch: once the ledger has settled with it, at each tick, and after a refusal."""
        self.agreeing.look().addErrback(self._not_agreed)

    def stop(self) -> None:
        """Start nothing any more; the voices go on."""
        self.agreeing.stop()
        self.conversations.stop()

    def calls_of_legs(self) -> Mapping[str, str]:
        """Return for each channel of a conversation, its id, the call that it belongs to."""
        return {
            leg: conversation.about.call_id
            for conversation in self.conversations.all()
            for leg in conversation.legs()
        }

    @staticmethod
    def _not_agreed(failure: Failure) -> Any:
        quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
        (log.warning if quiet else log.error)("rooms_not_settled", why=repr(failure.value))


def rooms_on(ground: Ground, agents: Agents, spoken: SpokenPrompts, replies: Replies) -> Rooms:
    """Return the three-way side; `start` and `stop` are left to the caller."""
    config, clock = ground.config, ground.clock
    line = Conference(ground.ami, clock, config.threeway.caller_number)
    base = (config, ground.database, line, clock, ground.reactor)
    rooms = Rooms(*base, agents, spoken, ground.worker, ground.pulse.beat, replies)
    rooms.conversations.at_point = ground.at_point
    return rooms
