"""A conversation of three on a real switch, brought into a state: what each party does and hears there."""

import itertools
import time

from tests.pbx.conversing import (
    ACCEPTS,
    AGENT,
    CITIZEN,
    COLLEAGUE,
    MUSIC,
    RINGBACK,
    RINGS,
    UNIT,
    VOICES,
)
from tests.pbx.hearing import PATIENCE, said, wait_hears, wait_said
from tests.states_page import ROLES, table
from tests.switch import prompt_hertz

VOICE = {"citizen": CITIZEN, "agent": AGENT, "unit": UNIT}
STEPS = {
    "talking": ("join", {}),
    "units_held": ("hold", {"party": "units"}),
    "pair": ("drop", {}),
    "left": ("leave", {}),
}
"""The command that leads to a state from the first one that a unit brings about."""
LEFT = {"citizen": "citizen_left", "agent": "agent_left", "unit": "units_left"}
PRESENT = {
    **dict.fromkeys(("consulting", "talking", "units_held"), ROLES),
    **dict.fromkeys(("waiting", "pair"), ("citizen", "agent")),
    "entrusted": ("citizen",),
    "left": ("citizen", "unit"),
    "debrief": ("agent", "unit"),
}
GOODBYE = "threeway-citizen-left"
EMERGENCY = ("traffic-122", "122")
_codes = itertools.count(901)


class Scene:
    """A conversation in a state, and what each of its parties does and hears."""

    def __init__(self, conversing, state):
        self.conversing = conversing
        nth = next(_codes)
        code, short_code = EMERGENCY if state == "entrusted" else (f"unit-{nth}", str(nth))
        behaviour = ACCEPTS if state not in {"waiting", "pair", "entrusted"} else RINGS
        kind = "emergency" if state == "entrusted" else "unit"
        [self.number] = conversing.unit(code, behaviour, short_code=short_code, kind=kind)
        self.talk = conversing.talk()
        self.talk.ask(code)
        if behaviour is ACCEPTS:
            self.talk.wait("consulted")
        self.reach(state)
        assert self.talk.state == state
        self.wait_everybody(state)

    def reach(self, state):
        if state in STEPS:
            what, wish = STEPS[state]
            self.talk.do(what, **wish)
        elif state == "debrief":
            self.leave("citizen")
            for party in (self.talk.phone, self.talk.unit(self.number)):
                wait_said(party, prompt(self.conversing, GOODBYE))
        elif state == "entrusted":
            self.talk.phone.hangup()
            self.talk.wait("agent_cut_off")

    def wait_everybody(self, state):
        """Block until everybody who is there hears what the table of places says."""
        [places] = [row[1:] for row in table("| state | citizen |")[1:] if row[0] == state]
        here = {who: place for who, place in zip(ROLES, places, strict=True) if who in PRESENT[state]}
        room = {VOICE[who] for who, place in here.items() if place == "room"}
        heard = {"music": {MUSIC}, "ringing tone": {RINGBACK}}
        for who, place in here.items():
            self.wait_hears(who, heard.get(place, room - {VOICE[who]}))

    def leave(self, who):
        """Let somebody hang up, and wait until that is noted."""
        ways = {"citizen": self.talk.citizen.hangup, "agent": self.talk.phone.hangup}
        ways.get(who, lambda: self.conversing.far_end.hang_up(self.number))()
        return self.talk.wait(LEFT[who])["data"]["to"]

    def wait_hear(self, **expected):
        """Block until each of these hears exactly this: citizen={…}, agent={…}, unit={…}."""
        for who, voices in expected.items():
            self.wait_hears(who, voices)

    def wait_fate(self, who, fate, room):
        """Block until somebody has met what the table says."""
        if fate == "room":
            self.wait_hears(who, {VOICE[other] for other in room if other != who})
        elif fate == "queue":
            self.wait_served()
        else:
            self.wait_let_go(who)
            assert fate == "let go" or said(self.heard(who), prompt(self.conversing, GOODBYE))

    def wait_hears(self, who, voices):
        if who == "unit":
            wait_hears(self.talk.unit(self.number), voices, of=VOICES)
        else:
            self.talk.wait_hears(**{who: voices})

    def wait_let_go(self, who):
        if who == "unit":
            self.conversing.far_end.wait_event("ended", number=self.number)
        else:
            self.talk.phone.wait_event("CALL_CLOSED")

    def wait_served(self):
        """Block until the citizen has heard a word, then music, then a colleague."""
        wait_said(self.talk.citizen, prompt(self.conversing, "threeway-back-to-agent"))
        self.talk.wait_hears(citizen={MUSIC})
        colleague = self.conversing.system.agent("8002", tone=COLLEAGUE)
        colleague.wait_event("CALL_INCOMING")
        colleague.answer()
        self.talk.wait_hears(citizen={COLLEAGUE})

    def heard(self, who):
        if who == "unit":
            return self.conversing.far_end.hears(self.number, None)
        return self.talk.phone.hears(None)

    def wait_living(self, roles):
        """Block until the ledger holds channels of exactly these roles as living."""
        deadline = time.monotonic() + PATIENCE
        while (living := self.living()) != sorted(roles):
            assert time.monotonic() < deadline, f"{living} live instead of {sorted(roles)}"
            time.sleep(0.05)  # the end of a leg is no event

    def living(self):
        legs = self.talk.service.get(f"/calls/{self.talk.call_id}")["legs"]
        return sorted(leg["role"] for leg in legs if leg["ended_at"] is None)


def prompt(conversing, name):
    """Return the pitch that stands for a prompt."""
    return prompt_hertz(list(conversing.switch.config.prompts.prompts).index(name))


def wait_over(talk):
    """Block until every leg of a call has ended in the ledger; return the call."""
    deadline = time.monotonic() + PATIENCE
    while True:
        call = talk.service.get(f"/calls/{talk.call_id}")
        if all(leg["ended_at"] for leg in call["legs"]):
            return call
        assert time.monotonic() < deadline, call["legs"]
        time.sleep(0.05)  # the end of a leg is no event
