"""Many three-way calls at once: agents, citizens and units, each with a pitch of its own."""

import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.peers.ports import free_block, free_port
from telephony.peers.sipp_run import SippRun
from tests.pbx.callers import Callers
from tests.pbx.hearing import PATIENCE, Unit
from tests.running import RunningService
from tests.switch import Switch

NUMBER, QUEUE = "12315", "city-12315"
LEGS_OF_ROOM = 3
PORTS_OF_LEG = 4
"""RTP takes two; as many again, so that one just given back is not taken at once."""
LOWEST, HIGHEST = 420, 3300
"""Hz, of the parties' pitches: 180 of them lie 16 Hz apart, which one who listens for 300 ms tells apart."""
FIRST_SHORT_CODE = 500
"""Of units; those of config/ are below."""
PRESS_SECONDS = 0.25
RULES = {"ring_seconds": 15, "ask_seconds": 40, "key_asks": 5, "key_seconds": 4}
"""Longer than in other tests: the machine is full of sound."""
THREE = ("threeway-agent", "threeway-citizen", "threeway-unit")
"""The places in a room, as `rooms_now` tells them."""
_numbers = itertools.count(13700200001)
_callers = itertools.count(13900200001)


class CrowdSwitch(Switch):
    """A throw-away Asterisk with many agents and room for their sound."""

    def __init__(self, folder, rooms, changes=None):
        self.numbers = [str(8000 + nth) for nth in range(1, rooms + 1)]
        ports = PORTS_OF_LEG * LEGS_OF_ROOM * rooms
        first = free_block(ports)
        sip = {"rtp_ports": [first, first + ports - 1]}
        given = {"sip": sip, "agents": {"wrap_up_seconds": 0}, **(changes or {})}
        super().__init__(folder, given, {"mode": "test"}, RULES)

    @property
    def pid(self):
        """The process, for who measures it."""
        return self._process.pid

    def start(self):
        """Start Asterisk; read no events: nobody here asks for them."""
        super().start()
        self.ami.action("Events", EventMask="off")
        return self

    def _configure(self, changes):
        super()._configure(changes)
        self.only_agents(self.numbers, {QUEUE: 0})


@dataclass
class Talk:
    """A citizen and an agent in a call, and the unit that is to come: who it is, and where to hear each."""

    crowd: "Crowd"
    call_id: str
    agent: str
    caller: object
    unit: str
    number: str
    """The unit's phone."""

    @property
    def parties(self):
        """Return who hears, by role."""
        agent, unit = Unit(self.crowd.agents, self.agent), Unit(self.crowd.carrier, self.number)
        return {"citizen": self.caller, "agent": agent, "unit": unit}

    @property
    def pitches(self):
        """Return each party's pitch, by role."""
        crowd = self.crowd
        numbers = {"citizen": self.caller.number, "agent": self.agent, "unit": self.number}
        return {role: crowd.pitches[number] for role, number in numbers.items()}

    def pieces(self, role):
        """Return every packet that a party has heard, with its time."""
        if role == "citizen":
            return self.caller.pieces()
        line, number = {"agent": (self.crowd.agents, self.agent), "unit": (self.crowd.carrier, self.number)}[
            role
        ]
        return line.pieces(number)

    def ask(self, **wish):
        """Ask the unit in."""
        return self.crowd.service.post("/threeway", call_id=self.call_id, unit=self.unit, **wish)

    def do(self, what, **body):
        """Do something in the conversation."""
        return self.crowd.service.post(f"/threeway/{self.call_id}/{what}", **body)


class Crowd:
    """A switch, the service, and phones for as many three-way calls at once as there are `rooms`."""

    def __init__(self, folder, rooms, service=RunningService):
        self.folder, self.rooms = folder, rooms
        self.switch = CrowdSwitch(folder, rooms)
        self.service = service(self.switch)
        self.carrier = FarEnd("127.0.0.2", self.switch.carrier_port, folder / "carrier")
        self.callers = Callers(self.switch.sip)
        self.agents = None
        self.pitches, self._citizens = {}, itertools.count()
        self.units = []

    def start(self, *, service=True):
        """Start everything; every agent is ready."""
        self.carrier.start()
        self.callers.start()
        self.switch.start()
        self._register()
        self.units = [self._unit(nth) for nth in range(self.rooms)]
        if service:
            self.service.start()
            self.import_units(self.units)
            for number in self.switch.numbers:
                self.service.post(f"/agents/{number}/login")
                self.service.post(f"/agents/{number}/ready")
        return self

    def stop(self):
        self.service.stop()
        self.switch.stop()
        self.callers.stop()
        self.carrier.stop()
        if self.agents:
            self.agents.stop()

    def emergency(self, code, short_code, number):
        """Let an emergency service have this number, and speak with the first unit's pitch."""
        behaviour = self._answers(number, self.rooms)
        self.carrier.plan(number, [behaviour])
        self.import_units([(code, short_code, number)], kind="emergency")

    def import_units(self, units, kind="unit"):
        """Let the service know units: each a code, a short code and a number."""
        rows = [
            {
                "code": code,
                "short_code": short_code,
                "name": f"单位{short_code}",
                "level": "city",
                "kind": kind,
                "contacts": [{"name": "值班", "number": number}],
            }
            for code, short_code, number in units
        ]
        answer = self.service.http.post("/units/import", json=rows)
        answer.raise_for_status()
        assert answer.json()["stored"] == len(rows), answer.text

    def talks(self, count):
        """Let so many citizens and agents talk, besides those who do; return the talks."""
        mark, citizens = self.service.mark(), []
        taken = {each["agent"] for each in self.service.get("/calls", state="talking", limit=1000)}
        for _ in range(count):
            number, place = str(next(_callers)), 2 * self.rooms + next(self._citizens) % self.rooms
            citizens.append(self.callers.call(number, NUMBER, self._pitch(number, place)))
            time.sleep(0.05)  # the rate of a busy hotline
        calls = self._answered(mark, count)
        by_caller = {call["caller_number"]: call for call in calls}
        agents = [by_caller[citizen.number] for citizen in citizens]
        assert not taken & {call["agent"] for call in agents}, "an agent talks twice"
        free = [self.units[self.switch.numbers.index(call["agent"])] for call in agents]
        return [
            Talk(self, call["id"], call["agent"], citizen, code, number)
            for call, citizen, (code, _, number) in zip(agents, citizens, free, strict=True)
        ]

    def ask_all(self, talks, **wish):
        """Ask all units at once, who accept as soon as they can; return when they have accepted."""
        mark = self.service.mark()
        with ThreadPoolExecutor(len(talks)) as pool:
            asked = [pool.submit(talk.ask, **wish) for talk in talks]
            self.accept(talks, mark)
            for each in asked:
                each.result()

    def accept(self, talks, mark, timeout=120):
        """Let the units of these talks press the key until each is in."""
        waiting, deadline = {talk.unit: talk.number for talk in talks}, time.monotonic() + timeout
        answered = set()
        while waiting:
            assert time.monotonic() < deadline, f"{len(waiting)} units of {len(talks)} are not in: {waiting}"
            answered |= {words[1] for words in list(self.carrier.events) if words[0] == "answered"}
            for number in set(waiting.values()) & answered:
                self.carrier.press(number, "1")
            page = self.service.get("/events", after=mark, kind="threeway", wait=PRESS_SECONDS, limit=1000)
            mark = page["last"] if page["events"] else mark
            for event in page["events"]:
                if event["data"].get("what") == "unit_accepted":
                    waiting.pop(event["data"]["unit"], None)

    def rooms_now(self):
        """Return who is in each room as the switch has it: room → places, sorted."""
        found = {}
        for line in self.switch.cli("core show channels concise").splitlines():
            _, context, exten, _, _, application, *_ = line.split("!")
            if application == "ConfBridge":
                found.setdefault(exten, []).append(context)
        return {room: tuple(sorted(places)) for room, places in found.items()}

    def wait_rooms(self, count, timeout=PATIENCE):
        """Block until there are so many rooms, of a citizen, an agent and a unit each; return them."""
        deadline = time.monotonic() + timeout
        while list((rooms := self.rooms_now()).values()) != [THREE] * count:
            assert time.monotonic() < deadline, f"not {count} rooms of three: {rooms}"
            time.sleep(0.1)  # as above
        return rooms

    def hang_up_everybody(self, talks):
        """Let all phones hang up, the citizens last."""
        for talk in talks:
            self.agents.hang_up(talk.agent)
            self.carrier.hang_up(talk.number)
            talk.caller.hang_up()
        for talk in talks:
            talk.caller.wait_ended()

    def wait_nothing_left(self, timeout=PATIENCE):
        """Block until the switch has no channel and no room, and the service no conversation and no talk."""
        deadline = time.monotonic() + timeout
        while True:
            channels = self.switch.cli("core show channels concise").strip()
            rooms = self.switch.cli("confbridge list").splitlines()[2:]
            live = self.service.get("/threeway", live=True, limit=1000)
            live += self.service.get("/calls", state="talking", limit=1000)
            if not channels and not any(map(str.strip, rooms)) and not live:
                return
            assert time.monotonic() < deadline, f"left:\n{channels}\n{rooms}\n{live}"
            time.sleep(0.1)  # the switch is asked over its command line, which tells nothing by itself

    def _answered(self, mark, count):
        seen, deadline = set(), time.monotonic() + 2 * PATIENCE
        while len(seen) < count:
            assert time.monotonic() < deadline, f"{len(seen)} of {count} calls answered"
            page = self.service.get("/events", after=mark, kind="answered", wait=5, limit=1000)
            mark = page["last"] if page["events"] else mark
            seen |= {event["call_id"] for event in page["events"]}
        calls = self.service.get("/calls", state="talking", limit=1000)
        return [call for call in calls if call["id"] in seen]

    def _register(self):
        port, secrets = free_port("both"), self.switch.secrets.sip
        rows = [
            f"{n};[authentication username={n} password={secrets[n]}]".encode() for n in self.switch.numbers
        ]
        local = ["-i", "127.0.0.1", "-p", str(port), "-bind_local", "-mp", str(free_block(3))]
        run = SippRun(self.folder / "agents", "register")
        run.start("register", rows, [self.switch.sip, *local, "-m", str(len(rows)), "-r", "100"], {})
        assert run.wait(60) == 0, run.tail()
        self.agents = FarEnd("127.0.0.1", port, self.folder / "agents")
        for nth, number in enumerate(self.switch.numbers):
            self.agents.plan(number, [self._answers(number, nth)])
        self.agents.start()
        self._wait_reachable()

    def _wait_reachable(self, timeout=PATIENCE):
        """Let the switch ask each phone once more: between the two programs at their port nobody answered."""
        for number in self.switch.numbers:
            self.switch.cli(f"pjsip qualify {number}")
        deadline = time.monotonic() + timeout
        while (known := self.switch.cli("pjsip show contacts").count(" Avail ")) < self.rooms:
            assert time.monotonic() < deadline, f"only {known} of {self.rooms} phones are reachable"
            time.sleep(0.1)  # as above

    def _unit(self, nth):
        number = str(next(_numbers))
        self.carrier.plan(number, [self._answers(number, self.rooms + nth)])
        return f"u{FIRST_SHORT_CODE + nth}", f"{FIRST_SHORT_CODE + nth}", number

    def _answers(self, number, place):
        return Behaviour(ring_ms=0, answer=True, voice="tone", hertz=self._pitch(number, place))

    def _pitch(self, number, place):
        """Give a phone the nth of all pitches that there are for so many rooms."""
        self.pitches[number] = LOWEST + place * ((HIGHEST - LOWEST) // (LEGS_OF_ROOM * self.rooms))
        return self.pitches[number]
