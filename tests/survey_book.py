"""Stand-ins for what keeps surveys and for the voice that names a case."""

from twisted.internet.defer import Deferred, fail, succeed

from telephony.callback.survey import Question

QUESTION = Question("2026-0001", "道路积水", 1)
SPOKEN = "cases/case-0123456789abcdef"


class FakeBook:
    """Knows one question and notes what it is told; commits of a kind in `faults` fail, of `holding` wait."""

    def __init__(self, question=QUESTION):
        self.told, self.faults, self.holding, self.held = [], set(), None, Deferred()
        self.on_tell = lambda _: None
        self._question = question

    def question(self, _reference):
        return succeed(self._question)

    def tell(self, reference, kind, data):
        if kind in self.faults:
            return fail(OSError("no space left on device"))
        self.told.append((reference, str(kind), dict(data)))
        self.on_tell(str(kind))
        return self.held if kind == self.holding else succeed(None)

    @property
    def kinds(self):
        return [kind for _, kind, _ in self.told]

    def ratings(self):
        return [data["rating"] for _, kind, data in self.told if kind == "rated"]


class FakeCases:
    """Names every case by the same prompt; `playing` are those not forgotten yet."""

    def __init__(self, spoken=SPOKEN):
        self.spoken, self.playing, self.named = spoken, [], []

    def make(self, case_number, subject):
        self.named.append((case_number, subject))
        self.playing.append(self.spoken)
        return succeed(self.spoken)

    def forget(self, prompt):
        self.playing.remove(prompt)
