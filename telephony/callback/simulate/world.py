"""The simulated installation: one store, one far end, and a service that may die and start again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

import sqlalchemy as sa
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.recovery import Recovery
from telephony.callback.revisits import Revisits
from telephony.callback.rounds import Reply, Rounds
from telephony.callback.simulate.far_end import ScriptedLine
from telephony.callback.simulate.scenario import Case, Crash, Scenario
from telephony.callback.simulate.time import VirtualTime
from telephony.rules.planner import Planner
from telephony.rules.survey import Keys
from telephony.store.tables import case_numbers, cases, metadata

T = TypeVar("T")
TRUNK = "simulated"
VOID = timedelta(days=30)
ALL_DAY = 86400.0


@dataclass
class Life:
    """One run of the service, from a start to its death."""

    alive: bool = True


class Memory:
    """The real tables on one connection in memory; what is written is there whole or not at all.

    One transaction lasts as long as the simulation: a savepoint for each piece of work does the same for a
    store that nobody else reads, and costs a tenth.
    """

    def __init__(self) -> None:
        # Not engine_of: what it does at each BEGIN costs something at each statement, and here is only one.
        self.connection = sa.create_engine("sqlite://", isolation_level="AUTOCOMMIT").connect()
        self.connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        self.connection.exec_driver_sql("BEGIN")
        metadata.create_all(self.connection)
        self._driver: Any = self.connection.connection.driver_connection

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do all of a piece of work, or nothing of it."""
        self._driver.execute("SAVEPOINT work")
        try:
            result = work(self.connection)
        except BaseException:
            self._driver.execute("ROLLBACK TO work")
            raise
        finally:
            self._driver.execute("RELEASE work")
        return result


class SimulatedStore:
    """What one life of the service has of the store: nothing any more once it is dead."""

    def __init__(self, life: Life, memory: Memory) -> None:
        self._life, self._memory = life, memory

    def write(self, work: Callable[[sa.Connection], T], *, urgent: bool = False) -> Deferred[T]:  # noqa: ARG002 - all is done at once
        """Run work in a transaction."""
        if not self._life.alive:
            return Deferred()
        try:
            return succeed(self._memory.write(work))
        except Exception:  # noqa: BLE001 - goes to the one who asked, as the real store does it
            return fail(Failure())

    read = write


class World:
    """Plays a scenario; `memory` holds its store afterwards."""

    def __init__(self, scenario: Scenario, planner: Planner, channels: int, keys: Keys) -> None:
        self.scenario, self.planner = scenario, planner
        self.time = VirtualTime(scenario.start)
        self.memory = Memory()
        self._enter_cases()
        self.campaign = Revisits(planner, f"simulated:{planner.rules.version}")
        self.rounds = Rounds(self.campaign, VOID)
        self._channels = channels
        self._scripts: dict[int, Any] = {}
        self.line = ScriptedLine(self.time, self._scripts, keys)
        self._crashes = sorted(scenario.crashes, key=lambda crash: crash.at)
        self._life = Life(alive=False)
        self._dialer: Dialer | None = None
        self._recovery: Recovery | None = None
        self._epochs = 0

    def play(self) -> None:
        """Run from start to end."""
        self.time.at(self.scenario.start, self._start)
        for case in self.scenario.cases:
            self.time.at(case.replied_at, self._reply, case)
            for at in case.inbound:
                self.time.at(at, self._call_back, case)
        for due_at in {self.planner.due_at(case.replied_at) for case in self.scenario.cases}:
            self.time.at(due_at, self._tick)
        self.time.run_until(self.scenario.end)

    def _enter_cases(self) -> None:
        now = self.time.now()
        known = [{"case_number": c.case, "open": True, "updated_at": now} for c in self.scenario.cases]
        numbers = [
            {"case_number": case.case, "position": position, "number": number}
            for case in self.scenario.cases
            for position, number in enumerate(dict.fromkeys(case.numbers))
        ]
        for table, entered in ((cases, known), (case_numbers, numbers)):
            if entered:
                self.memory.connection.execute(table.insert(), entered)

    def _start(self) -> None:
        self._epochs += 1
        life = self._life = Life()
        store = SimulatedStore(life, self.memory)
        limits = Limits({TRUNK: self._channels}, self._channels, 0, 1000, 5, 60)
        dialer = self._dialer = Dialer(
            [self.campaign],
            database=store,
            line=self.line,
            channels=Channels(limits, lambda _: 0),
            times=Times(self.time, _Timer(self.time, life), "simulated"),
            settings=Settings(f"{self._epochs:012d}", "simulated", longest_sleep=ALL_DAY),
            desk=Desk(),
            at_point=partial(self._at_point, life),
        )
        self.line.listen(dialer.witness.note, dialer.witness.tell)
        recovery = Recovery(dialer, lambda _, attempt_id: self.line.answered.get(attempt_id))
        recovery.begin().addCallback(lambda _: recovery.settle())
        self._recovery = recovery

    def _at_point(self, life: Life, name: str) -> None:
        now = self.time.now()
        due = next((crash for crash in self._crashes if crash.point == name and crash.at <= now), None)
        if due is None or not life.alive:
            return
        self._crashes.remove(due)
        self._die(life, due)

    def _die(self, life: Life, crash: Crash) -> None:
        """Let nothing that this life still does reach the store, the line or a timer."""
        life.alive = False
        self._dialer = self._recovery = None
        self.line.listen(None, None)
        self.time.callLater(crash.down, self._start)

    def _reply(self, case: Case) -> None:
        """Take a unit's reply; the platform brings it again while the service is down."""
        if self._dialer is None:
            self.time.callLater(1, self._reply, case)
            return
        tick, reply = self._dialer.times.tick(), Reply(case.case, case.replied_at, "scenario")
        opened = self.memory.write(partial(self.rounds.reply, reply=reply, tick=tick))
        self._scripts[opened.id] = case.calls
        self._dialer.wake_by(opened.next_at)

    def _tick(self) -> None:
        """Do what the service's ticker does: a deadline passes whether or not anything can be dialled."""
        if self._recovery is not None:
            self._recovery.alive()

    def _call_back(self, case: Case) -> None:
        """Let the citizen call; the switch's journal tells it to a service that was down."""
        if self._dialer is None:
            self.time.callLater(1, self._call_back, case)
            return
        tick = self._dialer.times.tick()
        for number in case.numbers[:1]:
            call = ("scenario", tick.at)
            self.memory.write(partial(self.rounds.called_back, number=number, call=call, tick=tick))


class _Timer:
    """What a service asks for later is forgotten when it dies."""

    def __init__(self, time: VirtualTime, life: Life) -> None:
        self._time, self._life = time, life

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Any:  # noqa: A002, N802 - Twisted's names
        """Do something after so many seconds, if the service still lives."""
        return self._time.callLater(delay, self._if_alive, callable, args)

    def _if_alive(self, do: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if self._life.alive:
            do(*args)
