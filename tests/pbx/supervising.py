"""A supervisor's phone beside a citizen and an agent who talk: each speaks a pitch of its own."""

from tests.pbx.conversing import AGENT, CITIZEN, UNIT, VOICES, Conversing
from tests.pbx.hearing import wait_hears

SUPERVISOR = "8005"
BOSS = 1775
ALL = (*VOICES, BOSS)


class Supervised:
    """A talk, and a supervisor who takes part in it."""

    def __init__(self, conversing, agent="8001"):
        self.conversing, self.system, self.service = conversing, conversing.system, conversing.service
        self.mark = self.service.mark()
        self.boss = self.system.phone(SUPERVISOR, tone=BOSS)
        self.talk = conversing.talk(agent)

    def order(self, what):
        return self.service.post(f"/supervision/{self.talk.call_id}/{what}", by=SUPERVISOR)

    def takes_part(self, what="listen"):
        """Let the supervisor answer."""
        self.order(what)
        self.boss.wait_event("CALL_INCOMING", 15)
        self.boss.answer()
        self.wait("answered")
        return self

    def wait(self, what, **wanted):
        return self.service.wait_event(
            "supervision", self.mark, what=what, call_id=self.talk.call_id, **wanted
        )

    @property
    def leg(self):
        """The supervisor's channel, by its id."""
        legs = self.service.get(f"/calls/{self.talk.call_id}")["legs"]
        [leg] = [each["id"] for each in legs if each["role"] == "supervisor"]
        return leg

    def redirect(self, channel, context, exten, priority="1"):
        """Let the switch move a channel, without the service."""
        where = {"Channel": channel, "Context": context, "Exten": exten, "Priority": priority}
        assert self.conversing.switch.ami.action("Redirect", **where)["Response"] == "Success"

    def say(self, channel, name, value):
        """Set a variable of a channel, without the service."""
        what = {"Channel": channel, "Variable": name, "Value": value}
        assert self.conversing.switch.ami.action("Setvar", **what)["Response"] == "Success"

    @property
    def view(self):
        [newest, *_] = self.service.get("/supervision", call=self.talk.call_id)
        return newest

    def wait_hear(self, **expected):
        """Block until each of citizen, agent and boss hears exactly this."""
        parties = {"citizen": self.talk.citizen, "agent": self.talk.phone, "boss": self.boss}
        for name, pitches in expected.items():
            wait_hears(parties[name], pitches, of=ALL, timeout=15)


__all__ = ["AGENT", "ALL", "BOSS", "CITIZEN", "SUPERVISOR", "UNIT", "Conversing", "Supervised"]
