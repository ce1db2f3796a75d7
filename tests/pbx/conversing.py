"""A whole installation in which an agent and a citizen talk, and units are at the far end.

Each party speaks a pitch of its own, so that what each hears tells who is in the room.
"""

import itertools
from contextlib import suppress

import httpx

from telephony.peers.far_end_call import Behaviour
from tests.pbx.carried import Carried
from tests.pbx.hearing import Unit, wait_hears
from tests.system import System

QUICK = {
    "ring_seconds": 2,
    "ask_seconds": 8,
    "emergency_rest_seconds": 1,
    "key_asks": 2,
    "key_seconds": 1,
    "agent_ring_seconds": 5,
}
CITIZEN, AGENT, UNIT, SECOND, COLLEAGUE, MUSIC, RINGBACK = 1025, 1175, 1325, 1475, 1625, 300, 450
VOICES = (MUSIC, RINGBACK, CITIZEN, AGENT, UNIT, SECOND, COLLEAGUE)
"""In Hz; prompts are beeps between 500 and 3000 that are over when a test listens for a voice."""
ACCEPTS = Behaviour(ring_ms=100, answer=True, voice="tone", hertz=UNIT, keys="1", key_delay_ms=700)
RINGS = Behaviour()
_numbers = itertools.count(13700100001)


class Conversing(Carried):
    """A system, its carrier, and units that do as planned."""

    def __init__(self, folder, changes=None, **threeway):
        super().__init__(System(folder, changes, {"mode": "test"}, {**QUICK, **threeway}), folder)

    def unit(self, code, *behaviours, short_code, kind="unit"):
        """Import a unit with a number for each behaviour (or list of them); return its numbers."""
        numbers = [str(next(_numbers)) for _ in behaviours]
        for number, behaviour in zip(numbers, behaviours, strict=True):
            self.far_end.plan(number, behaviour if isinstance(behaviour, list) else [behaviour])
        contacts = [{"name": f"值班{n}", "number": number} for n, number in enumerate(numbers, 1)]
        row = {"code": code, "short_code": short_code, "name": f"单位{code}", "level": "city"}
        answer = self.service.http.post("/units/import", json=[row | {"kind": kind, "contacts": contacts}])
        answer.raise_for_status()
        assert answer.json()["stored"] == 1, answer.text
        return numbers

    def talk(self, agent="8001", tone=AGENT):
        """Let a citizen and an agent talk; return the talk."""
        mark = self.service.mark()
        phone = self.system.agent(agent, tone=tone)
        citizen = self.system.citizen("12315", hertz=CITIZEN)
        phone.wait_event("CALL_INCOMING")
        phone.answer()
        event = self.service.wait_event("answered", mark, agent=agent)
        self._wait_bridged(event["call_id"])
        return Talk(self, agent, phone, citizen, event["call_id"], mark)

    def _wait_bridged(self, call_id):
        """Block until the ledger has both in the bridge: the switch tells of them one after the other."""
        for _ in range(400):
            legs = self.service.get(f"/calls/{call_id}")["legs"]
            if all(leg["bridged_at"] for leg in legs if leg["role"] in {"citizen", "agent"}):
                return
            self.service.get("/events", after=self.service.mark(), wait=0.1)  # the second is no event
        raise AssertionError(f"citizen and agent are not bridged: {legs}")

    def rest(self):
        """Leave no conversation and no agent to the next test."""
        for each in self.service.get("/threeway", live=True):
            with suppress(httpx.HTTPStatusError):
                self.service.post(f"/threeway/{each['id']}/end")
        self.system.hang_up()
        self.system.log_everybody_out()


class Talk:
    """A citizen and an agent in a call, and what is done with them."""

    def __init__(self, conversing, agent, phone, citizen, call_id, mark):
        self.conversing, self.service = conversing, conversing.service
        self.agent, self.phone, self.citizen, self.call_id, self.mark = agent, phone, citizen, call_id, mark

    def ask(self, unit, **wish):
        """Ask a unit into the call."""
        return self.service.post("/threeway", call_id=self.call_id, unit=unit, **wish)

    def do(self, what, **body):
        """Do something in the conversation."""
        return self.service.post(f"/threeway/{self.call_id}/{what}", **body)

    def wait(self, what, **wanted):
        """Block until this has happened in the conversation."""
        return self.service.wait_event("threeway", self.mark, call_id=self.call_id, what=what, **wanted)

    @property
    def view(self):
        """The conversation as it is stored."""
        return self.service.get(f"/threeway/{self.call_id}")

    @property
    def state(self):
        return self.view["state"]

    def unit(self, number):
        """Return the unit's party at a number."""
        return Unit(self.conversing.far_end, number)

    def wait_hears(self, **expected):
        """Block until each party hears exactly these: citizen={…}, agent={…}."""
        for name, pitches in expected.items():
            party = {"citizen": self.citizen, "agent": self.phone}[name]
            wait_hears(party, pitches, of=VOICES)
