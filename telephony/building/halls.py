"""Puts leader hotline days together (Art. 6): what is planned and announced, and what follows from it."""

from collections.abc import Callable
from typing import Any

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.building.ground import Ground
from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.floor.notice_sounds import NoticeSounds
from telephony.floor.roster import Roster
from telephony.floor.transfers import Transfers, Wanted
from telephony.leader.certificate import Certificates
from telephony.leader.days import LeaderDays, Sounds
from telephony.leader.duties import Duties
from telephony.leader.line import LeaderLines
from telephony.leader.register import Register
from telephony.leader.screening import Give, Screening
from telephony.leader.screening import Roster as Ready
from telephony.leader.seat import Seats
from telephony.leader.session import Sessions, Waiting
from telephony.rules.transfer import Mode
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_presence import presence_of

log = structlog.get_logger()


class Halls:
    """The leaders' side; `tell` wakes who waits for events, `give` begins a transfer of a call."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        sounds: Sounds,
        tell: Callable[[], None],
        give: Give,
        roster: Ready,
    ) -> None:
        self._config, self._database, self._clock, self._sounds = config, database, clock, sounds
        self.days = LeaderDays(config, database, clock, tell, sounds)
        self.lines = LeaderLines(config, database, clock, self._prompt_of)
        self._sessions: Sessions | None = None
        self.certificates = Certificates(config, database, clock, self.days, presence_of)
        self.screening = Screening(config, database, clock, give, roster, tell)
        self.register = Register(config, database, clock, tell)
        self.duties = Duties(config, database, clock, tell)
        self.days.listeners.append(self.duties.changed)

    def hold(
        self,
        timer: Timer,
        waiting: Waiting,
        busy: Callable[[str], bool],
        served: Callable[[str], bool],
    ) -> None:
        """Let days begin and end by the clock.

        `busy` says whether an agent's phone rings or talks now, `served` whether anybody at work serves a
        queue.
        """
        sides = (timer, self.days, self.lines, waiting, busy, served)
        self._sessions = Sessions(self._config, self._database, self._clock, *sides)
        self.days.listeners.append(self._sessions.changed)

    def start(self) -> Deferred[None]:
        """Take up the stored state; fires before sounds that are missing have been made again."""
        return self.days.start().addCallback(lambda _: self._look())

    def stop(self) -> None:
        """Let no more days begin or end."""
        if self._sessions is not None:
            self._sessions.stop()

    def tick(self) -> None:
        """Every ten seconds: another service on the same store may have changed a day."""
        self.days.refresh().addCallback(lambda _: self._look()).addErrback(_log_fault)
        self.duties.tick()

    def _look(self) -> Deferred[Any]:
        return self.lines.refresh() if self._sessions is None else self._sessions.look()

    def _prompt_of(self, day: LeaderDayView) -> str | None:
        text = self.days.spoken(day)
        return self._sounds.name(text) if text and self._sounds.is_there(text) else None


def halls_on(
    ground: Ground,
    roster: Roster,
    transfers: Transfers,
    waiting: Waiting,
    busy: Callable[[str], bool],
) -> Halls:
    """Return the leaders' side, its days held by the clock; `start`, `tick` and `stop` are the caller's.

    `busy` says whether an agent's phone rings or talks now.
    """

    def give(call_id: str, to: str, mode: Mode, by: str) -> Deferred[Any]:
        return transfers.start(Wanted(call_id, to, mode, by))

    # Sounds in a folder of their own: notices of incidents remove what is none of theirs.
    sounds = NoticeSounds(ground.paths, ground.config.prompts.voice, ground.reactor, "leaders")
    sides = (sounds, ground.pulse.beat, give, roster)
    halls = Halls(ground.config, ground.database, ground.clock, *sides)
    halls.hold(ground.reactor, waiting, busy, roster.serves)
    return halls


def seats_of(ground: Ground, roster: Roster, ask: Callable[[str], object], days: LeaderDays) -> Seats:
    """Return the presence clocks, told of phones by the agents' roster and of days by their commands.

    `ask` lets the switch ask an agent's phone. What is left to the caller: `start`, `stop`, and `settled`
    once the switch has been asked.
    """
    base = (ground.config, ground.database, ground.clock, ground.reactor)
    sides = (lambda agent: roster.one(agent).state, ask, ground.pulse.beat, ground.place)
    seats = Seats(*base, *sides)
    roster.phone_listeners.append(lambda number, there: seats.phone_changed(number, there=there))
    ground.ami.on_down(seats.lost)
    days.listeners.append(lambda: _unawaited(seats.days_changed()))
    return seats


def _unawaited(_: Deferred[None]) -> None:
    """Let it happen: whoever began it logs its faults."""


def _log_fault(failure: Failure) -> None:
    log.error("leader_days_not_read", why=repr(failure.value))
