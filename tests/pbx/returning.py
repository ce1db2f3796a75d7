"""Missed-call returns of a whole installation: citizens who hang up, and a far end where they are called."""

import itertools

from telephony.peers.far_end_call import Behaviour
from tests.pbx.carried import Carried
from tests.pbx.hearing import wait_said
from tests.pbx.revisiting import QUICK
from tests.switch import prompt_hertz
from tests.system import System

ALWAYS = {"working_days": ["00:00-23:59"], "other_days": ["00:00-23:59"]}
EAGER = {"automatic": True, "hours": ALWAYS, "spacing_minutes": 0.01, "ring_seconds": 30, "attempts": 2}
ANSWERS = Behaviour(ring_ms=200, answer=True, voice="tone")
BUSY = Behaviour(ring_ms=200, final=486)
RINGS_ON = Behaviour()
_numbers = itertools.count(13600000001)


class Returning(Carried):
    """A system that calls back, its carrier, and citizens who give up waiting."""

    def __init__(self, folder, order):
        dialler = {**QUICK, "dialer": {**QUICK["dialer"], "breaker_faults": 100}}
        returns = {**EAGER, "order": order}
        super().__init__(System(folder, {"agents": {"wrap_up_seconds": 0}}, dialler, returns=returns), folder)

    def loses(self, *behaviours, called="12315"):
        """Let a citizen wait and give up; when called back, the telephone does so. Return number and call."""
        number = str(next(_numbers))
        self.far_end.plan(number, behaviours)
        mark = self.service.mark()
        citizen = self.system.citizen(called, caller=number)
        call_id = self.service.wait_event("queued", mark)["call_id"]
        citizen.hangup()
        self.service.wait_event("return_opened", mark, call_id=call_id)
        return number, call_id

    def keeps_the_place(self, *behaviours, called="12315"):
        """Let a citizen wait and press the key once it is offered; return number, call and the citizen."""
        number = str(next(_numbers))
        self.far_end.plan(number, behaviours)
        mark = self.service.mark()
        citizen = self.system.citizen(called, caller=number)
        call_id = self.service.wait_event("waits", mark)["call_id"]
        wait_said(citizen, self.hertz("return-offer"))
        citizen.press("1")
        self.service.wait_event("ended", mark, call_id=call_id)
        return number, call_id, citizen

    def hertz(self, prompt):
        """Return the pitch that stands for a prompt."""
        return prompt_hertz(list(self.switch.config.prompts.prompts).index(prompt))

    def shown(self, call_id):
        """Return the return of a lost call with its attempts."""
        every = self.service.get("/returns", closed="true")
        [found] = [each for each in every if each["call_id"] == call_id]
        return self.service.get(f"/returns/{found['id']}")

    def rung(self, number):
        """Return how often a number was really invited."""
        return sum(event[:2] == ["invited", number] for event in self.far_end.events)

    def end(self, call_id):
        """Let nothing more become of a lost call."""
        shown = self.shown(call_id)
        if shown["state"] != "closed":
            self.service.post(f"/returns/{shown['id']}/close", by="tester")
