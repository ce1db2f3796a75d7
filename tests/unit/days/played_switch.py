"""A switch played in memory: what Asterisk and our dialplan do for whoever waits, talks or is called back.

Everything happens in its time, in the order of the timer; what a test does not order happens by itself: music
ends and the service is asked, rings end unanswered.
"""

from twisted.internet.defer import fail, succeed

from telephony.errors import SwitchRefusedError
from telephony.pbx.codec import Message
from tests.unit.days.told import Told

SOON = 0.01
"""Seconds in which the switch does what it is told."""
BUSY = {"Cause": 17, "TechCause": 486}


class PlayedSwitch(Told):
    """Does what the service orders, and what citizens and agents do."""

    # What the service orders.

    def ordered(self, name, headers):
        wanted = dict(headers)
        channel = self.channels.get(str(wanted.get("Channel", "")))
        if name in {"Redirect", "Hangup"}:
            if channel is None:
                return fail(SwitchRefusedError("No such channel"))
            if wanted.get("Context") == "waiting-turn":
                self.when_ordered(channel, wanted["Exten"])
            then = self._hang_up_ordered if name == "Hangup" else self._moved
            self.later(SOON, then, channel, wanted)
        elif name == "Setvar" and channel is not None:
            channel.variables[wanted["Variable"]] = wanted["Value"]
        elif name == "Originate":
            self._originate(wanted, headers)
        return succeed(Message(b"Response: Success"))

    def _hang_up_ordered(self, channel, _wanted):
        self.hang_up(channel, "")

    def _moved(self, channel, wanted):
        if channel.id not in self.channels:
            return
        context, exten = wanted["Context"], wanted["Exten"]
        if context == "waiting-turn":
            self._turn(channel, exten)
        elif context == "waiting-back":
            self._wait(channel)
        elif context == "transfer-queue":
            self._give_on(channel, exten)
        elif (context, exten) == ("return-agent", "nobody"):
            self.hang_up(channel, "dialplan/builtin")
        else:
            self.faults.append(f"{channel.id} was moved to {context}")

    # A citizen calls and waits.

    def call(self, caller, number):
        """Let a citizen call; return the channel."""
        channel = self._channel("carrier", CALLER=caller)
        self.fates[channel.id] = "open"
        self.journal("CHAN_START", channel)
        self.journal("arrived", channel, f"{number}/{caller}/{len(caller)}")
        channel.state = "Up"
        self.journal("ANSWER", channel)
        self.journal("greeted", channel)
        self.later(SOON, self._route, channel, number)
        return channel

    def _route(self, channel, number):
        if channel.id not in self.channels:
            return
        if not self.doors:
            self.later(SOON, self._route, channel, number)
            return
        channel.variables |= self.ask("inbound", channel, number, "")
        if channel.variables.get("HOTLINE_ACTION") != "queue":
            self.faults.append(f"{channel.id} was not routed")
        channel.variables["HOTLINE_SINCE"] = ""
        self._queue(channel)

    def _queue(self, channel):
        self.waits.setdefault(channel.id, self.clock.now())
        self.journal("queued", channel, channel.variables["HOTLINE_QUEUE"])
        channel.variables["HOTLINE_SINCE"] = (
            channel.variables["HOTLINE_SINCE"] or f"{self.clock.now().timestamp():.6f}"
        )
        self._wait(channel)

    def _wait(self, channel, offered="", status=""):
        """Ask the service what to do, as extensions.d/25-waiting.conf does."""
        channel.context, channel.exten, known = "waiting", "start", channel.variables
        if not self.doors:  # the service is about to be there again
            known["ASKS"] = self.later(SOON, self._asks_again, channel)
            return
        asked = [
            known["HOTLINE_QUEUE"],
            known["QUEUE_PRIO"],
            known["HOTLINE_AGENT"],
            known["HOTLINE_SINCE"],
            offered,
            status,
        ]
        told = self.ask("wait", channel, *asked)
        seconds = told.get("HOTLINE_WAIT", "")
        if seconds == "bye":
            self._ends_as(channel, "overflowed")
            self.journal("overflowed", channel, known["HOTLINE_QUEUE"])
            self.hang_up(channel, "dialplan/builtin")
        elif seconds:
            known["ASKS"] = self.later(float(seconds), self._asks_again, channel)
        else:
            self.faults.append(f"{channel.id} is left to app_queue")

    def _asks_again(self, channel):
        if self.channels.get(channel.id) is channel and channel.context == "waiting":
            self._wait(channel)

    def press_1(self, channel):
        """Let a citizen who waits press the key that keeps the place; tell whether it is kept."""
        kept = self.ask("keep", channel)["HOTLINE_KEPT"] == "yes"
        if kept:
            self._ends_as(channel, "kept")
            self.journal("kept", channel, channel.variables["HOTLINE_QUEUE"])
            self.hang_up(channel, "dialplan/builtin")
        return kept

    # An agent is rung.

    def _turn(self, citizen, agent):
        if citizen.context != "waiting":
            self.faults.append(f"{citizen.id} is given a turn in {citizen.context}")
            return
        if self.phone(agent) is not None:
            self.faults.append(f"{agent} is rung in a call")
            return
        if citizen.variables["ASKS"].active():
            citizen.variables["ASKS"].cancel()
        citizen.context, citizen.exten = "waiting-ring", agent
        leg = self._channel(agent, of=citizen, state="Ringing")
        self.journal("CHAN_START", leg)
        self._device(agent, "RINGING")
        self.event("AgentCalled", **self._both(leg))
        seconds = self.config.hotline.agents.ring_seconds
        self.later(seconds, self._rings_out, leg)

    def _both(self, leg):
        citizen = leg.of
        return {
            "Interface": f"PJSIP/{leg.endpoint}",
            "Uniqueid": citizen.id,
            "Linkedid": citizen.call_id,
            "DestUniqueid": leg.id,
            "Channel": citizen.name,
            "DestChannel": leg.name,
        }

    def answer(self, leg):
        """Let an agent answer whose phone rings."""
        leg.state = "Up"
        self._device(leg.endpoint, "INUSE")
        self.journal("ANSWER", leg)
        if leg.of is None:
            self.event("Newstate", Uniqueid=leg.id, Channel=leg.name, ChannelStateDesc="Up")
            return
        self.event("DialEnd", DialStatus="ANSWER", DestUniqueid=leg.id, DestChannel=leg.name)
        self._talk(leg.of, leg)
        self.event("AgentConnect", **self._both(leg))

    def _talk(self, citizen, leg):
        citizen.peer, leg.peer, leg.variables["TALKS"] = leg, citizen, self.clock.now()
        if citizen.id in self.fates:
            self.fates[citizen.id] = "answered"
        citizen.context = leg.context = "talk"
        for each in (citizen, leg):
            self.journal("BRIDGE_ENTER", each, bridge_id=f"b-{leg.id}")

    def _rings_out(self, leg):
        if leg.id in self.channels and leg.state == "Ringing":
            self.reject(leg)

    def reject(self, leg):
        """End a ring that the agent does not answer; one that is withdrawn is none (decision 0007)."""
        leg.variables["MISSED"] = True
        self._drop(leg, "NOANSWER")
        citizen = leg.of
        if citizen is not None:
            known = citizen.variables["HOTLINE_AGENT"]
            citizen.variables["HOTLINE_AGENT"] = "" if known == leg.endpoint else known
            self._wait(citizen, offered=leg.endpoint, status="TIMEOUT")

    # Somebody goes.

    def hang_up(self, channel, source):
        """End a channel and what hangs on it; `source` says whose doing it is: a channel, or the dialplan."""
        if channel.id not in self.channels:
            return
        for leg in [
            each for each in self.channels.values() if each.of is channel and each.state == "Ringing"
        ]:
            self._drop(leg, "CANCEL")
        self._gone(channel, source)
        if channel.peer is not None:
            self._gone(channel.peer, source)

    def _drop(self, leg, status):
        headers = {"DialStatus": status, "DestUniqueid": leg.id, "DestChannel": leg.name}
        self.event("DialEnd", **headers)
        self._gone(leg, "")

    # A transfer to a queue (extensions.d/48-transfer.conf).

    def _give_on(self, citizen, number):
        leg, citizen.peer = citizen.peer, None
        self.journal("transfer", citizen, f"{number}/queued/")
        leg.peer = None
        self._gone(leg, "")
        known = citizen.variables
        known |= {
            "HOTLINE_QUEUE": known["HOTLINE_TRANSFER_QUEUE"],
            "HOTLINE_AGENT": "",
            "QUEUE_PRIO": "20",
            "HOTLINE_SINCE": "",
        }
        self._queue(citizen)

    # A return: the agent first, then the citizen (extensions.d/47-returns.conf).

    def _originate(self, wanted, headers):
        variables = dict(value.split("=", 1) for name, value in headers if name == "Variable")
        endpoint = wanted["Channel"].removeprefix("PJSIP/").partition("@")
        if wanted["Context"] == "return-agent":
            self.when_ordered(None, endpoint[0])
            self.later(SOON, self._ring_for_return, endpoint[0], wanted)
        else:
            self.later(SOON, self._ring_citizen, endpoint, wanted["ChannelId"], variables)

    def _ring_for_return(self, agent, wanted):
        if self.phone(agent) is not None:
            self.faults.append(f"{agent} is rung for a return in a call")
        leg = self._channel(agent, own=wanted["ChannelId"], state="Ringing")
        self.journal("CHAN_START", leg)
        self._device(agent, "RINGING")
        self.event("DialState", DestUniqueid=leg.id, DialStatus="RINGING")
        self.later(wanted["Timeout"] / 1000, self._rings_out, leg)

    def _ring_citizen(self, endpoint, call_id, variables):
        citizen = self._channel(endpoint[2], own=call_id, state="Ringing", **variables)
        self.journal("CHAN_START", citizen)
        self.event("DialState", DestUniqueown=call_id, DialStatus="RINGING")
        self.later(1, self._called, citizen)

    def _called(self, citizen):
        if not self.picks_up:
            self.event("HangupRequest", Uniqueid=citizen.id, **BUSY)
            self.event("DialEnd", DestUniqueid=citizen.id, DestChannel=citizen.name, DialStatus="BUSY")
            self.event("OriginateResponse", Uniqueid=citizen.id, Response="Failure", Reason=0)
            self._gone(citizen, citizen.name, **BUSY)
            return
        citizen.state = "Up"
        self.event("Newstate", Uniqueid=citizen.id, Channel=citizen.name, ChannelStateDesc="Up")
        self.event("OriginateResponse", Uniqueid=citizen.id, Response="Success", Reason=4)
        self.journal("ANSWER", citizen)
        known = citizen.variables
        for agent in [each for each in self.channels.values() if each.name == known["HOTLINE_RETURN_AGENT"]]:
            self._talk(citizen, agent)
            return
        known |= {
            "HOTLINE_QUEUE": known["HOTLINE_RETURN_QUEUE"],
            "HOTLINE_AGENT": known["HOTLINE_RETURN_PREFERRED"],
        }
        known |= {"QUEUE_PRIO": known["HOTLINE_RETURN_PRIORITY"], "CALLER": "12345"}
        self._queue(citizen)
