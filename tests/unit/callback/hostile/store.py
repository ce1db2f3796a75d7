"""A store that refuses, hesitates, or loses its answer when a test says so."""

from collections import deque

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.callback.desk import ClockBehindError


class DiskFullError(Exception):
    """What the database says that wrote nothing."""


class AnswerLostError(Exception):
    """What is said of a commit of which nobody knows whether it was one."""


class MoodyStore:
    """telephony.callback.desk.Store as one life of a service has it: one writer, in the order of asking.

    `moods` says how the next writes fare: None, "full" (nothing is written), "lost" (written, and nobody is
    told), or the seconds until the answer comes. `faults` are errors that nobody provoked.
    """

    def __init__(self, life, memory, time, faults):
        self._life, self._memory, self._time, self._faults = life, memory, time, faults
        self._jobs, self._busy = deque(), False
        self.moods = deque()

    def write(self, work, *, urgent=False):
        done = Deferred()
        if urgent:
            self._jobs.appendleft((work, done))
        else:
            self._jobs.append((work, done))
        self._go_on()
        return done

    read = write

    def _go_on(self):
        while self._jobs and not self._busy and self._life.alive:
            self._busy = True
            work, done = self._jobs.popleft()
            mood = self.moods.popleft() if self.moods else None
            result = self._result(work, mood)
            if isinstance(mood, float):
                self._time.callLater(mood, self._tell, done, result)
                return
            self._tell(done, result)

    def _result(self, work, mood):
        if mood == "full":
            return Failure(DiskFullError())
        try:
            result = self._memory.write(work)
        except Exception as error:  # noqa: BLE001 - goes to the one who asked, as the real store does it
            if not isinstance(error, ClockBehindError):
                self._faults.append(repr(error))
            return Failure()
        return Failure(AnswerLostError()) if mood == "lost" else result

    def _tell(self, done, result):
        if not self._life.alive:
            return
        self._busy = False
        done.callback(result)
        self._go_on()
