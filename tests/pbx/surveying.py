"""Surveys held with the scripted far end: our entry on the switch's AGI port, with a book of the test's."""

import array
import itertools
import re
import wave
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThread

from telephony.agi.entries.survey import entry
from telephony.agi.server import FastAGIServer
from telephony.callback.survey import Survey
from telephony.clock import SystemClock
from telephony.peers.ear import RATE
from telephony.peers.far_end_call import Behaviour
from telephony.peers.hearing import level
from telephony.prompts import BEEP
from tests.pbx.hearing import Unit, wait_said
from tests.pbx.outbound import place
from tests.survey_book import SPOKEN, FakeBook, FakeCases
from tests.switch import BEEP_HERTZ, PROMPT_SECONDS, prompt_hertz, tone

CASE_HERTZ = 3225
WINDOW = 320
"""Samples in 40 ms: two prompts lie 50 Hz or more apart, which so many tell."""
LOUD = 6000
"""A prompt is a sine of 8000; a window with the end of one and the start of the next has less of each."""
TOLD_SECONDS = 60

_numbers = itertools.count(13800010001)


class Surveys:
    """The service of one test; `steps` is what it told the switch and the book, in order.

    Each time it waits for a key the citizen presses the next of those that the call was placed with, or none.
    """

    def __init__(self, switch, far_end, rules, reactor):
        self.book, self.cases, self.steps = FakeBook(), FakeCases(), []
        self.book.on_tell = lambda kind: self._step(f"told {kind}")
        self._switch, self._far_end, self._reactor, self._keys = switch, far_end, reactor, iter("")
        self._doings = {}
        self.number, self.call_id = str(next(_numbers)), ""
        survey = Survey(self.book, self.cases, SystemClock(), switch.paths.recordings)
        handlers = {"survey": self._watched(entry(survey, rules)), "inbound": _knows_a_revisit}
        self._server = FastAGIServer(handlers, switch.secrets.agi_secret)

    def start(self):
        (self._switch.paths.sounds / "cases").mkdir(exist_ok=True)
        tone(self._switch.paths.sounds / f"{SPOKEN}.wav", CASE_HERTZ, PROMPT_SECONDS)
        self._server.listen(self._switch.config.hotline.agi.port)

    def stop(self):
        return self._server.stop(grace=0)

    async def call(self, at_waits="", *, context="survey", exten="start", variables=None, **behaviour):
        """Place the call, as the dialer does; it is answered, and goes on."""
        self._keys = iter(at_waits)
        self.call_id = f"rv-{self.number}-1"
        self._far_end.plan(self.number, [Behaviour(answer=True, **behaviour)])
        given = {"HOTLINE_ATTEMPT": self.call_id} if variables is None else variables
        variable = ",".join(f"{name}={value}" for name, value in given.items())
        where = {"Context": context, "Exten": exten, "Priority": "1", "Variable": variable}
        await deferToThread(place, self._switch, self.number, call_id=self.call_id, **where)

    async def end(self):
        """Wait for the call's end; return the prompts that the citizen heard, in order."""
        await deferToThread(self._far_end.wait_event, "ended", 60, number=self.number)
        return prompts_heard(self._switch, self._far_end.heard(self.number))

    def press_at(self, step, key):
        """Press a key when this is said."""
        self._doings[step] = lambda: self._far_end.press(self.number, key)

    async def press_when_heard(self, prompt, key):
        """Press a key once the citizen has heard a prompt that the dialplan plays."""
        await deferToThread(self._far_end.wait_event, "answered", number=self.number)
        hertz = prompt_hertz(list(self._switch.config.prompts.prompts).index(prompt))
        await deferToThread(wait_said, Unit(self._far_end, self.number), hertz)
        self._far_end.press(self.number, key)

    def hang_up_when_recorded(self):
        """Hang up once there is a file with the reason."""

        def look():
            if any(self._switch.paths.recordings.glob(f"*/reason-{self.call_id}.wav")):
                self._far_end.hang_up(self.number)
                looking.stop()

        looking = LoopingCall(look)  # a file that appears gives nothing to wait for
        self._doings["record"] = partial(looking.start, 0.02)

    async def told(self, kind):
        """Wait until the book was told this."""
        if kind not in self.book.kinds:
            told = Deferred()
            self._doings[f"told {kind}"] = partial(told.callback, None)
            await told.addTimeout(TOLD_SECONDS, self._reactor)

    async def variable(self, name):
        """Return a variable of the call's channel."""
        channel = await deferToThread(self._ami_event, "Newchannel")
        return await deferToThread(self._variable, channel["Channel"], name)

    async def queue(self):
        """Wait until the citizen waits for a person; return the queue and the priority there."""
        joined = await deferToThread(self._ami_event, "QueueCallerJoin")
        priority = await deferToThread(self._variable, joined["Channel"], "QUEUE_PRIO")
        self._far_end.hang_up(self.number)
        return joined["Queue"], priority

    def _ami_event(self, name):
        return self._switch.ami.wait_event(name, 60, Uniqueid=self.call_id)

    def _variable(self, channel, name):
        return self._switch.ami.action("Getvar", Channel=channel, Variable=name)["Value"]

    def _watched(self, handle):
        def watching(session):
            send = session._send
            session._send = lambda line: (send(line), self._sent(line.decode()))
            handle(session)

        return watching

    def _sent(self, line):
        if line.startswith("STREAM FILE"):
            self._step(short(re.findall(r'"hotline/([^"]*)"', line)[0]))
        elif line.startswith("RECORD FILE"):
            self._step("record")
        elif line.startswith("WAIT FOR DIGIT"):
            self._step("wait")
            if key := next(self._keys, ""):
                self._far_end.press(self.number, key)

    def _step(self, name):
        self.steps.append(name)
        if doing := self._doings.pop(name, None):
            doing()


def _knows_a_revisit(session):
    """The inbound route's answer for a citizen who calls back."""
    names = "HOTLINE_ACTION,HOTLINE_QUEUE,HOTLINE_AGENT,QUEUE_PRIO,HOTLINE_REVISIT"
    session.set_variable(f"ARRAY({names})", "queue,city-12315,,3,17")


def short(prompt):
    """Return a prompt's name without `survey-`, but for the survey's apology: there is another one."""
    return prompt if prompt == "survey-apology" else prompt.removeprefix("survey-")


def prompts_heard(switch, file):
    """Return the prompts that a far end has heard, by their tones, in order."""
    pitches = {name: prompt_hertz(index) for index, name in enumerate(switch.config.prompts.prompts)}
    pitches |= {BEEP: BEEP_HERTZ, "case": CASE_HERTZ}
    with wave.open(str(file)) as wav:
        samples = array.array("h", wav.readframes(wav.getnframes()))
    windows = (samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW + 1, WINDOW // 2))
    found = (_prompt(window, pitches) for window in windows)
    return [short(name) for name, _ in itertools.groupby(filter(None, found))]


def _prompt(window, pitches):
    if max(window) < LOUD:
        return None
    loudest = max(pitches, key=lambda name: level(window, pitches[name] / RATE))
    return loudest if level(window, pitches[loudest] / RATE) > LOUD else None
