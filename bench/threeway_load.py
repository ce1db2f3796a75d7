"""Many three-way calls at once: what they cost beside plain rooms, and whether anything is lost or left.

Plain rooms are the same Asterisk with the same configuration, rooms, recordings and phones, and no service:
what the service does there is done once, by Originate into the same places of the dialplan.
"""

import itertools
import time
from dataclasses import dataclass
from functools import partial

from bench.resources import memory
from bench.rig import Service, cpu_seconds
from telephony.peers.far_end_call import Behaviour
from tests.pbx.crowd import Crowd
from tests.pbx.hearing import wait_hears

STAGES = (20, 40, 60)
SECONDS = 12
PACKETS, HEARD_AT_LEAST = 50, 0.95
"""A second, and the share of them that each party must have got."""
TRIES = 6
SAMPLE = 6
"""Rooms of which it is heard that each hears the two others and nobody of the other ones."""
SHARE_LEFT = 8
"""Of all calls: after so many the service is killed, in the middle of beginning them."""
PLAIN_CITIZEN = """\
[bench-citizen]
exten => _X.,1,Set(HOTLINE_RECORDING=${STRFTIME(,Asia/Shanghai,%Y-%m-%d)}/${UNIQUEID}.wav)
 same => n,MixMonitor(${HOTLINE_RECORDINGS}/${HOTLINE_RECORDING})
 same => n,Goto(threeway-citizen,${EXTEN},1)
"""


@dataclass(frozen=True)
class Cost:
    """What so many rooms cost: shares of one core, MiB of PSS; of no service it is None."""

    rooms: int
    switch_cpu: float
    switch_mib: float
    service_cpu: float | None = None
    service_mib: float | None = None


def cost(crowd, rooms, hearers, *, service):
    """Measure for a while. `hearers` tell what each party has heard.

    A time in which somebody got too few packets, because others kept the machine busy, is measured once more;
    if it stays so, or if a room is without its three, it is an error.
    """
    pids = [crowd.switch.pid] + ([crowd.service.pid] if service else [])
    for _ in range(TRIES):
        crowd.wait_rooms(rooms)
        before, begun, at = [cpu_seconds(pid) for pid in pids], time.monotonic(), time.time()
        time.sleep(SECONDS)  # it is this time that is measured
        lasted = time.monotonic() - begun
        shares = [(cpu_seconds(pid) - was) / lasted for pid, was in zip(pids, before, strict=True)]
        crowd.wait_rooms(rooms, timeout=0)
        fewest = min(sum(at <= came < at + lasted for came, _ in pieces()) for pieces in hearers)
        if fewest >= HEARD_AT_LEAST * lasted * PACKETS:
            pairs = zip(shares, (memory(pid)[1] for pid in pids), strict=True)
            return Cost(rooms, *itertools.chain.from_iterable(pairs))
    raise RuntimeError(f"somebody heard only {fewest} packets in {lasted:.1f} s: the machine is too busy")


def plain(folder):
    """Return the costs of plain rooms."""
    crowd = Crowd(folder, STAGES[-1], Service)
    try:
        crowd.start(service=False)
        _let_in_without_us(crowd)
        costs, hearers = [], []
        for before, rooms in itertools.pairwise((0, *STAGES)):
            for nth in range(before, rooms):
                hearers += _open_room(crowd, nth)
            costs.append(cost(crowd, rooms, hearers, service=False))
        return costs
    finally:
        crowd.stop()


def _let_in_without_us(crowd):
    file = crowd.switch.paths.asterisk / "etc" / "extensions.d" / "95-bench.conf"
    file.write_text(PLAIN_CITIZEN, encoding="utf-8")
    crowd.switch.cli("dialplan reload")


def _open_room(crowd, nth):
    citizen = f"1390030{nth:04d}"
    crowd.carrier.plan(citizen, [Behaviour(ring_ms=0, answer=True, voice="tone")])
    agent, unit = crowd.switch.numbers[nth], crowd.units[nth][2]
    legs = [(f"{citizen}@carrier", "bench-citizen"), (agent, "threeway-agent")]
    for phone, place in (*legs, (f"{unit}@carrier", "threeway-unit-recorded")):
        order = {"Channel": f"PJSIP/{phone}", "Context": place, "Exten": f"{nth + 1:08d}", "Priority": "1"}
        answer = crowd.switch.ami.action("Originate", **order, Async="true")
        if answer["Response"] != "Success":
            raise RuntimeError(f"no call to {phone}: {answer}")
    phones = ((crowd.carrier, citizen), (crowd.agents, agent), (crowd.carrier, unit))
    return [partial(line.pieces, number) for line, number in phones]


def check_sound(talks):
    """Let each party of some rooms hear the two others of its own and nobody of the other ones."""
    chosen = talks[:: max(1, len(talks) // SAMPLE)]
    everybody = [pitch for talk in chosen for pitch in talk.pitches.values()]
    for talk in chosen:
        for role, party in talk.parties.items():
            others = {pitch for other, pitch in talk.pitches.items() if other != role}
            wait_hears(party, others, of=everybody, timeout=20)


class Many:
    """As many three-way calls as there is room for, with the service."""

    def __init__(self, folder, say):
        self.crowd = Crowd(folder, STAGES[-1], Service)
        self._say = say
        self.begun = []
        """What was begun at once: how many, and the seconds until all were in their rooms."""

    def costs(self):
        """Return the costs of three-way calls, as `plain` does."""
        costs, talks = [], []
        for before, rooms in itertools.pairwise((0, *STAGES)):
            talks += self._begin(rooms - before)
            check_sound(talks)
            hearers = [partial(talk.pieces, role) for talk in talks for role in talk.parties]
            costs.append(cost(self.crowd, rooms, hearers, service=True))
        self._end(talks)
        return costs

    def at_once(self):
        """Begin all at once, kill the service, let it start again, and hang up: nobody is lost or left."""
        talks = self._begin(STAGES[-1])
        check_sound(talks)
        rooms = self.crowd.wait_rooms(len(talks))
        self.crowd.service.kill()
        check_sound(talks)
        if self.crowd.rooms_now() != rooms:
            raise RuntimeError("a room changed when the service was killed")
        self.crowd.service.start()
        self.crowd.service.wait_ready()
        self._expect(len(talks), {"talking"})
        self._end(talks)

    def in_the_middle(self):
        """Kill the service while it begins all of them; then every one is ended, and nobody is left."""
        talks = self.crowd.talks(STAGES[-1])
        for talk in talks:
            talk.ask(mode="at_once")
            if talk is talks[-SHARE_LEFT]:
                break
        self.crowd.service.kill()
        self.crowd.service.start()
        self.crowd.service.wait_ready()
        self._expect(len(talks) - SHARE_LEFT + 1, {"waiting", "talking", "pair"})
        self._end(talks)

    def numbers(self):
        """Return how many rooms there were; two of one number are an error."""
        rooms = [each["room"] for each in self.crowd.service.get("/threeway", limit=1000)]
        if len(set(rooms)) != len(rooms):
            raise RuntimeError("two rooms had the same number")
        return len(rooms)

    def _begin(self, count):
        talks, before = self.crowd.talks(count), len(self.crowd.rooms_now())
        begun = time.monotonic()
        self.crowd.ask_all(talks, mode="at_once")
        self.crowd.wait_rooms(before + count)
        seconds = time.monotonic() - begun
        self._say(f"{count} at once: all in after {seconds:.1f} s")
        self.begun.append((count, seconds))
        return talks

    def _expect(self, count, states):
        found = [each["state"] for each in self.crowd.service.get("/threeway", live=True, limit=1000)]
        if len(found) != count or not set(found) <= states:
            raise RuntimeError(f"after the restart {len(found)} of {count} three-way calls: {found}")

    def _end(self, talks):
        self.crowd.hang_up_everybody(talks)
        self.crowd.wait_nothing_left()
