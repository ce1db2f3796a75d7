"""Three-way calls of a service that dies: the stages that a conversation can be in, and how it dies there."""

import itertools
import time
from contextlib import suppress
from dataclasses import dataclass

import httpx

from telephony.building.death_point import DIE_AT
from telephony.peers.baresip import Baresip
from telephony.peers.far_end_call import Behaviour
from tests.pbx.conversing import (
    ACCEPTS,
    AGENT,
    CITIZEN,
    COLLEAGUE,
    MUSIC,
    RINGS,
    UNIT,
    VOICES,
    Conversing,
    Talk,
)
from tests.pbx.hearing import PATIENCE, Unit, wait_hears
from tests.pbx.killing import Killing

LINGERS = Behaviour(ring_ms=100, answer=True, voice="tone", hertz=UNIT)
"""Answers, and presses only what a test presses."""
PATIENT = {
    "word_seconds": 5,
    "ring_seconds": 30,
    "ask_seconds": 60,
    "key_asks": 5,
    "key_seconds": 5,
    "agent_ring_seconds": 30,
}
"""Rings and questions last until the service is back."""
FIRE = ("fire-119", "10000119001")
"""An emergency service of config/units.yaml: its code, and its number."""
_codes = itertools.count(900)


class Killed(Conversing):
    """A service that is killed and started again; what the switch holds meanwhile is asked of the switch."""

    def kill_and_start(self):
        self.service.kill()
        self.come_back()

    def come_back(self, environment=None):
        self.service.start(environment=environment)
        self.service.wait_ready()

    def die_at(self, point):
        """Let the service end itself at a point of the commit order from now on."""
        self.service.kill()
        self.come_back({DIE_AT: point})

    def dies(self, what, *args, **wish):
        """Do what the service dies of, before or after it answers."""
        with suppress(httpx.TransportError):
            what(*args, **wish)
        self.service.wait_killed()

    def legs(self):
        """Return the phones' channels: id → in which context of the dialplan."""
        rows = [line.split("!") for line in self.switch.cli("core show channels concise").splitlines()]
        return {row[-1]: row[1] for row in rows if row[0].startswith("PJSIP/")}

    def wait_over(self):
        """Block until no conversation is under way."""
        while live := self.service.get("/threeway", live=True):
            mark = self.service.mark()
            if self.service.get("/threeway", live=True):
                self.service.wait_event("threeway", mark, three_way=live[0]["id"])

    def press_until(self, number, key, talk, what):
        """Let a unit press a key again and again until that has led to something in the conversation."""
        for _ in range(40):
            self.far_end.press(number, key)
            with suppress(AssertionError):
                return self.service.wait_event(
                    "threeway", talk.mark, timeout=1, call_id=talk.call_id, what=what
                )
        raise AssertionError(f"{key} leads to no {what}: {talk.view}")

    lose_ami = Killing.lose_ami

    def rest(self):
        super().rest()
        self.wait_over()


@dataclass
class Scene:
    """A conversation, the number of its unit, and another agent's phone if there is one."""

    talk: Talk
    number: str
    colleague: Baresip | None = None

    def wait_hear(self, heard):
        """Block until each party hears exactly these pitches."""
        parties = {"citizen": self.talk.citizen, "agent": self.talk.phone}
        for name, pitches in heard.items():
            far_end = self.talk.conversing.far_end
            party = Unit(far_end, self.number) if name == "unit" else parties[name]
            wait_hears(party, pitches, of=VOICES)

    def leave(self, who):
        """Let somebody hang up; returns when the channel has gone."""
        before = self.talk.conversing.legs()
        if who == "unit":
            self.talk.conversing.far_end.hang_up(self.number)
        else:
            {"citizen": self.talk.citizen, "agent": self.talk.phone}[who].hangup()
        # Not fewer channels: a citizen who is left alone has an agent's phone rung at once.
        self._wait(lambda legs: before.keys() - legs.keys())

    def wait_in(self, context):
        """Block until the switch has a phone in this context of the dialplan."""
        self._wait(lambda legs: context in legs.values())

    def wait_out_of(self, context, seconds):
        """Block until the switch has no phone in this context any more."""
        self._wait(lambda legs: context not in legs.values(), seconds)

    def _wait(self, holds, seconds=PATIENCE):
        deadline = time.monotonic() + seconds
        while not holds(legs := self.talk.conversing.legs()):
            assert time.monotonic() < deadline, legs
            time.sleep(0.1)  # the service that would tell of it is dead


def next_code():
    """Return a short code that no unit has."""
    return str(next(_codes))


def asked(killed, code, behaviour=RINGS, **wish):
    """Let an agent ask a unit for a citizen; return the scene."""
    [number] = killed.unit(code, behaviour, short_code=next_code())
    scene = Scene(killed.talk(), number)
    scene.talk.ask(code, **wish)
    return scene


def ringing(killed):
    scene = asked(killed, "ringing", Behaviour(voice="tone", hertz=UNIT))
    killed.far_end.wait_event("alerting", number=scene.number)
    return scene


def hearing(killed):
    scene = asked(killed, "hearing", LINGERS)
    killed.far_end.wait_event("answered", number=scene.number)
    return scene


def consulting(killed):
    scene = asked(killed, "consulted", ACCEPTS)
    scene.talk.wait("consulted")
    return scene


def talking(killed, code="joined"):
    scene = asked(killed, code, ACCEPTS, mode="at_once")
    scene.talk.wait("joined")
    return scene


def units_held(killed):
    scene = talking(killed, "held")
    scene.talk.do("hold", party="units")
    return scene


def emergency(killed):
    killed.far_end.plan(FIRE[1], [RINGS])
    scene = Scene(killed.talk(), FIRE[1])
    scene.talk.ask(FIRE[0])
    killed.far_end.wait_event("alerting", number=scene.number)
    return scene


def left(killed, code="left"):
    scene = talking(killed, code)
    scene.talk.do("leave")
    scene.talk.phone.wait_event("CALL_CLOSED")
    return scene


def debrief(killed):
    scene = talking(killed, "debriefed")
    scene.talk.citizen.hangup()
    scene.talk.wait("citizen_left")
    return scene


def coming_back(killed):
    scene = left(killed, "rejoined")
    scene.talk.do("back")
    scene.talk.phone.wait_event("CALL_INCOMING")
    return scene


def handing_over(killed):
    scene = talking(killed, "handed")
    scene.colleague = killed.system.agent("8002", tone=COLLEAGUE)
    scene.talk.do("hand-over", agent="8002")
    scene.colleague.wait_event("CALL_INCOMING")
    return scene


ALL = {"citizen": {AGENT, UNIT}, "agent": {CITIZEN, UNIT}, "unit": {CITIZEN, AGENT}}
ALONE = {"citizen": {UNIT}, "unit": {CITIZEN}}
STAGES = {
    ringing: ("waiting", {"citizen": {MUSIC}}),
    hearing: ("waiting", {"citizen": {MUSIC}}),
    consulting: ("consulting", {"citizen": {MUSIC}, "agent": {UNIT}, "unit": {AGENT}}),
    talking: ("talking", ALL),
    units_held: ("units_held", {"citizen": {AGENT}, "agent": {CITIZEN}, "unit": {MUSIC}}),
    emergency: ("pair", {"citizen": {AGENT}, "agent": {CITIZEN}}),
    left: ("left", ALONE),
    debrief: ("debrief", {"agent": {UNIT}, "unit": {AGENT}}),
    coming_back: ("left", ALONE),
    handing_over: ("talking", ALL),
}
"""How to get there: the state's name, and what each party hears in it."""
