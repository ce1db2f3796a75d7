"""Calls that the switch places to the scripted far end, and all that AMI says of them."""

import itertools
import time
from dataclasses import dataclass

from tests.switch import PATIENCE

# All of one length: Asterisk refuses an id that a live one begins with.
_ids = (f"out-{n:06}" for n in itertools.count(1))


def place(switch, number, *, call_id="", timeout_ms=1500, channel="", **where):
    """Originate a call as the dialer does, and return its id.

    `where` are Originate's own Context, Exten and Priority, or Application and Data; without them, a call
    that is answered is hung up after a tenth of a second.
    """
    call_id = call_id or next(_ids)
    answer = switch.ami.action(
        "Originate",
        Channel=channel or f"PJSIP/{number}@carrier",
        ChannelId=call_id,
        Timeout=str(timeout_ms),
        Async="true",
        **(where or {"Application": "Wait", "Data": "0.1"}),
    )
    assert answer["Response"] == "Success", answer
    return call_id


@dataclass
class Seen:
    """What AMI said of one call: its events in their order, and what the verdict is made of."""

    events: list[dict[str, str]]

    @classmethod
    def of(cls, switch, call_id):
        """Wait until the call has ended, and take its events."""
        ami = switch.ami
        response = ami.wait_event("OriginateResponse", Uniqueid=call_id)
        hangup = ami.wait_event("Hangup", Uniqueid=call_id)
        mine = [
            event for event in ami.events if call_id in {event.get("Uniqueid"), event.get("DestUniqueid")}
        ]
        return cls([*mine, response, hangup])

    def values(self, event, header):
        """Return this header of every event of this name."""
        return [each.get(header) for each in self.events if each["Event"] == event]

    @property
    def alerted(self):
        """What the far end said before the end, in order."""
        return self.values("DialState", "DialStatus")

    @property
    def released(self):
        """Cause and SIP status of the network's own release; empty if the end came from our side."""
        requests = [each for each in self.events if each["Event"] == "HangupRequest"]
        return [(each.get("Cause"), each.get("TechCause")) for each in requests]

    @property
    def row(self):
        """Return DialEnd, OriginateResponse's Reason, the hangup's Cause and TechCause."""
        (reason,) = self.values("OriginateResponse", "Reason")
        (cause,), (status,) = self.values("Hangup", "Cause"), self.values("Hangup", "TechCause")
        return self.values("DialEnd", "DialStatus"), reason, cause, status


def journal(switch, call_id, timeout=PATIENCE):
    """Return the journal's lines of a call once it holds the call's end."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        lines = [line for line in switch.journal() if line["uniqueid"] == call_id]
        if any(line["eventtype"] == "LINKEDID_END" for line in lines):
            return lines
        time.sleep(0.02)  # a file that grows gives nothing to block on
    raise AssertionError(f"no end of {call_id} in the journal")
