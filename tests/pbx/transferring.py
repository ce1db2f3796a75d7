"""A citizen and 8001 who talk, and 8002 who is ready: what a transfer begins with."""

from tests.pbx.conversing import AGENT, COLLEAGUE, MUSIC, RINGBACK, VOICES
from tests.pbx.hearing import wait_hears, wait_said
from tests.pbx.scene import prompt

PATIENCE = 20


class Giving:
    """Each party by its part: `citizen`, `first` (8001), `other` (8002)."""

    def __init__(self, conversing):
        self.conversing, self.service = conversing, conversing.service
        self.talk = conversing.talk()
        self.first, self.citizen = self.talk.phone, self.talk.citizen
        self.other = self.another("8002")

    def another(self, number):
        """Return the phone of one more agent, who is ready."""
        return self.conversing.system.agent(number, tone=COLLEAGUE)

    def start(self, to, **wish):
        """Begin a transfer of the call."""
        return self.service.post("/transfers", call_id=self.talk.call_id, to=to, **wish)

    def do(self, what):
        """Complete it, or cancel it."""
        self.service.post(f"/transfers/{self.talk.call_id}/{what}")

    def answer(self, phone=None):
        """Let somebody answer who is rung: 8002, if not another."""
        phone = phone or self.other
        phone.wait_event("CALL_INCOMING", PATIENCE)
        phone.answer()

    def wait_hear(self, **expected):
        """Block until each of these hears exactly this: citizen={…}, first={…}, other={…}."""
        for who, pitches in expected.items():
            wait_hears(getattr(self, who), pitches, of=VOICES, timeout=PATIENCE)

    def consult(self):
        """Let the two agents speak while the citizen hears music."""
        self.start("agent:8002", mode="attended")
        self.wait_hear(citizen={MUSIC}, first={RINGBACK})
        self.answer()
        self.wait_hear(citizen={MUSIC}, first={COLLEAGUE}, other={AGENT})
        self.wait_state("consulting")

    @property
    def shown(self):
        """The transfer as it is stored."""
        return self.service.get(f"/transfers/{self.talk.call_id}")

    def wait_state(self, *states):
        """Block until the transfer is in one of these states; return it."""
        for _ in range(150):
            mark = self.service.mark()
            found = self.shown
            if found["state"] in states:
                return found
            self.service.get("/events", after=mark, wait=0.2)  # some steps bring no event after the look
        raise AssertionError(f"not {states}: {found}")

    def wait_waiting(self, priority):
        """Block until the citizen waits in the room with this priority."""
        for _ in range(150):
            mark = self.service.mark()
            waiting = {each["call_id"]: each["priority"] for each in self.service.get("/waiting")}
            if waiting.get(self.talk.call_id) == priority:
                return
            self.service.get("/events", after=mark, wait=0.2)  # who comes again is told by no event
        raise AssertionError(f"not with {priority}: {waiting}")

    def came_of(self):
        """Block until the transfer is over; return its state, why, and who has the citizen."""
        found = self.wait_state("completed", "failed", "cancelled", "abandoned")
        return found["state"], found["cause"], found["answered_by"]

    def wait_agent(self, number, state):
        """Block until an agent is in a state; return it."""
        return self.service.wait_agent(number, state, self.talk.mark)

    def wait_word(self, name, who="citizen"):
        """Block until somebody has heard a prompt."""
        wait_said(getattr(self, who), prompt(self.conversing, name), timeout=PATIENCE)
