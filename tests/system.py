"""A whole installation for tests: a real Asterisk, the service, and telephones on demand."""

import itertools

from telephony.peers.baresip import Baresip
from telephony.peers.sipp import SippCitizen
from tests.running import RunningService
from tests.switch import Switch

_callers = itertools.count(13800000001)


class System:
    """Everything runs after start(); stop() ends every telephone, then service and switch."""

    def __init__(self, folder, changes=None):
        self.folder = folder
        self.switch = Switch(folder, changes)
        self.service = RunningService(self.switch)
        self._phones = {}
        self._citizens = []
        self._names = itertools.count()

    def start(self):
        self.switch.start()
        self.service.start()
        return self

    def stop(self):
        self.hang_up()
        for phone in self._phones.values():
            phone.stop()
        self.service.stop()
        self.switch.stop()

    def phone(self, user, *, auto_answer=False):
        """Return the registered softphone of an agent or a test phone."""
        if user not in self._phones:
            folder = self.folder / f"phone-{user}-{next(self._names)}"
            phone = Baresip(user, self.switch.secrets.sip[user], self.switch.sip, folder, auto_answer=auto_answer)
            phone.start().wait_registered()
            self._phones[user] = phone
        return self._phones[user]

    def unplug(self, user):
        """End a softphone."""
        self._phones.pop(user).stop()

    def agent(self, number, *, auto_answer=False):
        """Return the softphone of an agent who is ready."""
        phone = self.phone(number, auto_answer=auto_answer)
        self.service.post(f"/agents/{number}/login")
        self.service.post(f"/agents/{number}/ready")
        return phone

    def citizen(self, called="12345", **plan):
        """Return a started call from the carrier, from a number that nobody used before."""
        plan.setdefault("caller", str(next(_callers)))
        citizen = SippCitizen(
            server=self.switch.sip, called=called, folder=self.folder / f"citizen-{next(self._names)}", **plan
        )
        self._citizens.append(citizen)
        return citizen.start()

    def hang_up(self):
        """End what is left of the citizens' calls."""
        for citizen in self._citizens:
            citizen.kill()
        self._citizens.clear()

    def log_everybody_out(self):
        for view in self.service.get("/agents"):
            if view["state"] != "logged_out":
                self.service.post(f"/agents/{view['number']}/logout")
                self.service.post(f"/agents/{view['number']}/logout")
