"""What a played switch holds, what it tells the service, and what a test counts beside it."""

import itertools
import json
from datetime import timedelta

from tests.unit.days.lines import Channel, Session

ANSWERED = {"Cause": 16}
WAITS = ("waiting", "waiting-ring")


class Told:
    """All channels; while the service is dead nobody is told, but the journal is written."""

    def __init__(self, folder, clock, timer, config):
        self.folder, self.clock, self.timer, self.config = folder, clock, timer, config
        self.folder.mkdir()
        self.channels, self.ami, self.doors, self.read = {}, None, {}, lambda: None
        self.picks_up = True
        """Whether citizens who are called back answer; else they are busy."""
        self.when_ordered = None
        """Hears of each citizen (None: a return) for whom an agent is ordered to ring, and of the agent."""
        self.faults, self.planned = [], []
        self.fates, self.waits, self.missed, self.talks = {}, {}, [], []
        """What became of each citizen's call, since when it waited; rings that nobody answered, and talks as
        (agent, seconds), all of citizens who called us."""
        self._ids, self._ended = itertools.count(1), set()
        self._short = timedelta(seconds=config.hotline.figures.short_abandon_seconds)

    def later(self, seconds, what, *words):
        """Do something in its time, whatever becomes of the service meanwhile."""
        planned = self.timer.callLater(seconds, what, *words)
        self.planned = [each for each in self.planned if each.active()] + [planned]
        return planned

    # What the service sees.

    def journal(self, kind, channel, extra="", **more):
        detail = {"extra": extra, **more} if extra else more
        row = {"eventtype": kind, "eventtime": f"{self.clock.now().timestamp():.6f}"}
        row |= {"channame": channel.name, "uniqueid": channel.id, "linkedid": channel.call_id}
        with (self.folder / "calls.json").open("a") as file:
            file.write(json.dumps({**row, "eventextra": json.dumps(detail) if detail else ""}) + "\n")
        self.later(0, self._written)

    def _written(self):
        if self.doors:
            self.read()

    def event(self, name, **headers):
        if self.doors:
            self.ami.tell(name, headers)

    def ask(self, door, channel, *arguments):
        session = Session(self.timer, channel, *arguments)
        self.doors[door](session)
        return session.set

    def listed(self, what):
        if what == "DeviceStateList":
            return [self._phone(agent) for agent in self.config.agents]
        if what == "CoreShowChannels":
            return [self._shown(each) for each in self.channels.values()]
        return []

    def _phone(self, agent):
        leg = self.phone(agent)
        state = "NOT_INUSE" if leg is None else "RINGING" if leg.state == "Ringing" else "INUSE"
        return f"Event: DeviceStateChange\r\nDevice: PJSIP/{agent}\r\nState: {state}"

    @staticmethod
    def _shown(channel):
        headers = {"Channel": channel.name, "ChannelStateDesc": channel.state, "Uniqueid": channel.id}
        headers |= {"Linkedid": channel.call_id, "Context": channel.context, "Exten": channel.exten}
        return "\r\n".join(["Event: CoreShowChannel", *(f"{key}: {value}" for key, value in headers.items())])

    # Who is there, and who goes.

    def phone(self, agent):
        """Return an agent's channel, if there is one."""
        return next((each for each in self.channels.values() if each.endpoint == agent), None)

    def citizens(self, *contexts):
        """Return the citizens' channels at these places, the oldest first."""
        return [
            each
            for each in self.channels.values()
            if each.endpoint not in self.config.agents and each.context in contexts
        ]

    def _channel(self, endpoint, *, own="", of=None, state="Ring", **variables):
        nth = next(self._ids)
        own = own or f"{1795420000 + nth}.{nth}"
        call_id = of.call_id if of else own
        name = f"PJSIP/{endpoint}-{nth:08x}"
        channel = Channel(own, endpoint, call_id, name, state=state, of=of, variables=variables)
        self.channels[own] = channel
        return channel

    def _device(self, agent, state):
        self.event("DeviceStateChange", Device=f"PJSIP/{agent}", State=state)

    def _gone(self, channel, source, **causes):
        if self.channels.pop(channel.id, None) is None:
            return
        self._count(channel)
        asks = channel.variables.get("ASKS")
        if asks is not None and asks.active():
            asks.cancel()
        self.journal("HANGUP", channel, hangupcause=causes.get("Cause", 16), hangupsource=source)
        self.journal("CHAN_END", channel)
        if channel.endpoint in self.config.agents:
            self._device(channel.endpoint, "NOT_INUSE")
        self.event("Hangup", Channel=channel.name, Uniqueid=channel.id, **(causes or ANSWERED))

    def _ends_as(self, channel, fate):
        """Note what becomes of a call; of who was answered before only giving up later changes it (0031)."""
        self._ended.add(channel.id)
        before = self.fates.get(channel.id)
        if before == "open":
            self.fates[channel.id] = fate
        elif before == "answered" and fate.startswith("abandoned"):
            self.fates[channel.id] = "abandoned_later"

    def _count(self, channel):
        """Note what the figures must say of a channel that has gone."""
        waited = self.clock.now() - self.waits.get(channel.id, self.clock.now())
        if channel.context in WAITS and channel.id not in self._ended:
            self._ends_as(channel, "abandoned" if waited >= self._short else "abandoned_short")
        if channel.of is not None and channel.of.id in self.fates:
            if "TALKS" in channel.variables:
                self.talks.append(
                    (channel.endpoint, (self.clock.now() - channel.variables["TALKS"]).total_seconds())
                )
            elif "MISSED" in channel.variables:
                self.missed.append(channel.endpoint)
