"""A whole installation for tests: a real Asterisk, the service, and telephones on demand."""

import itertools
import socket

from telephony.pbx import files
from telephony.peers.baresip import Baresip
from telephony.peers.sipp import SippCitizen
from tests.plain_ami import PlainAmi
from tests.running import RunningService
from tests.switch import Switch

REGISTER_SECONDS = 60
_callers = itertools.count(13800000001)


class System:
    """Everything runs after start(); stop() ends every telephone, then service and switch."""

    def __init__(self, folder, changes=None, revisits=None, threeway=None, overflow=None, returns=None):
        self.folder = folder
        self.switch = Switch(folder, changes, revisits, threeway, overflow, returns)
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
        self.service.stop()
        self.switch.stop()

    def phone(self, user, *, auto_answer=False, tone=440):
        """Return the registered softphone of an agent or a test phone."""
        if user not in self._phones:
            folder = self.folder / f"phone-{user}-{next(self._names)}"
            phone = Baresip(
                user,
                self.switch.secrets.sip[user],
                self.switch.sip,
                folder,
                auto_answer=auto_answer,
                tone=tone,
            )
            try:
                phone.start().wait_registered(REGISTER_SECONDS)
            except BaseException:
                phone.stop()
                raise
            self._phones[user] = phone
        return self._phones[user]

    def unplug(self, user):
        """End a softphone."""
        self._phones.pop(user).stop()

    def agent(self, number, *, auto_answer=False, tone=440):
        """Return the softphone of an agent who is ready, and whose phone the service knows to be there."""
        phone = self.phone(number, auto_answer=auto_answer, tone=tone)
        self.service.post(f"/agents/{number}/login")
        self.service.post(f"/agents/{number}/ready")
        self.service.wait_phone(number)
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
        """End what is left of the calls: the switch first, for a citizen that is killed says no goodbye."""
        self.switch.cli("channel request hangup all")
        for user in list(self._phones):
            self.unplug(user)
        for citizen in self._citizens:
            citizen.kill()
        self._citizens.clear()

    def members(self, agent):
        """Return what app_queue holds of an agent: queue → (paused, reason)."""
        where = (str(self.switch.config.hotline.ami.address), self.switch.config.hotline.ami.port)
        ami = PlainAmi(socket.create_connection(where), files.AMI_USER, self.switch.secrets.ami_secret)
        ami.action("QueueStatus")
        ami.wait_event("QueueStatusComplete")
        rows = [
            e for e in ami.events if e["Event"] == "QueueMember" and e["StateInterface"] == f"PJSIP/{agent}"
        ]
        ami.close()
        return {
            e["Queue"]: (e["Paused"] == "1", e["PausedReason"] if e["Paused"] == "1" else "") for e in rows
        }

    def log_everybody_out(self):
        for view in self.service.get("/agents"):
            if view["state"] != "logged_out":
                self.service.post(f"/agents/{view['number']}/logout")
                self.service.post(f"/agents/{view['number']}/logout")
