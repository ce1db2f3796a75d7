"""How long it takes until three hear each other, and what the citizen misses while being moved.

Everything is seen from outside: by the packets that the three phones get, each with the kernel's time, by the
switch's own journal, and by what the service has stored. Someone who never hears the others is an error.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import pairwise

from telephony.peers import tone
from telephony.peers.hearing import tones
from tests.pbx.crowd import Crowd
from tests.pbx.hearing import gap_ms

ROOMS = 8
"""Talks that wait at the same time, for one sample after the other: low load."""
HEAR_SECONDS = 20
AFTERWARDS = 0.6
"""Seconds of sound that are looked at after a move."""
EMERGENCY, EMERGENCY_NUMBER = "fire-119", "13700119119"
PARTS = ("dialled", "answered", "accepted", "last joined", "all hear")


def heard_at(pieces, pitches, after):
    """Return when the packet came with which all these pitches were heard, and went on; None if never.

    Two packets are looked at together, so it is late by up to 20 ms and never early.
    """
    pieces = [piece for piece in pieces if piece[0] >= after]
    sounds = [tone.decode(one[1] + other[1]) for one, other in pairwise(pieces)]
    heard = [tones(sound, pitches) == set(pitches) for sound in sounds]
    found = (at for at, both in enumerate(pairwise(heard)) if all(both))
    first = next(found, None)
    return None if first is None else pieces[first + 1][0]


def all_hear_at(talk, after):
    """Block until each of the three hears the two others; return when the last one did."""
    deadline, pitches, times = time.monotonic() + HEAR_SECONDS, talk.pitches, {}
    while len(times) < len(pitches):
        for role in set(pitches) - set(times):
            others = [pitch for other, pitch in pitches.items() if other != role]
            if at := heard_at(talk.pieces(role), others, after):
                times[role] = at
        if time.monotonic() > deadline:
            raise RuntimeError(f"only {sorted(times)} of {talk.call_id} hear the two others")
        time.sleep(0.1)  # sound gives nothing to block on
    return max(times.values())


def longest_pause_ms(pieces, after):
    """Return the longest time between two packets."""
    times = [at for at, _ in pieces if at >= after]
    return 1000 * max(later - earlier for earlier, later in pairwise(times))


class Moves:
    """`parts` and `gaps` gather the samples: ms from the command by part, (silence, pause) in ms by move."""

    def __init__(self, crowd):
        self._crowd = crowd
        self.parts = {EMERGENCY: [], "unit": []}
        self.gaps = {}

    def sample(self, talk, kind):
        """Bring a unit into a talk, hold the citizen and take them back; note how long all that took."""
        begun = time.time()
        self._bring_in(talk)
        heard = all_hear_at(talk, begun)
        self.parts[kind].append((talk, begun, heard, self._crowd.service.get(f"/threeway/{talk.call_id}")))
        if kind == EMERGENCY:
            self._gap("queue's bridge to room", talk, begun, talk.pitches["agent"])
        else:
            self._gap("queue's bridge to music", talk, begun, None)
        for move, what in (("room to music", "hold"), ("music to room", "resume")):
            begun = time.time()
            talk.do(what, party="citizen")
            time.sleep(AFTERWARDS)  # it is this time that is listened to
            self._gap(move, talk, begun, None)
        talk.do("end")
        talk.caller.wait_ended()

    def times(self, kind):
        """Return for each part its ms from the command, a list of samples; the journal must be whole."""
        entered = {}
        for line in self._crowd.switch.journal():
            if line["eventtype"] == "BRIDGE_ENTER":
                entered.setdefault(line["uniqueid"], []).append(float(line["eventtime"]))
        rows = [_times(begun, heard, view, entered) for _, begun, heard, view in self.parts[kind]]
        return {part: [row[at] for row in rows] for at, part in enumerate(PARTS)}

    def _bring_in(self, talk):
        mark = self._crowd.service.mark()
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(talk.ask, mode="at_once")
            self._crowd.accept([talk], mark)
            asked.result()

    def _gap(self, move, talk, begun, hertz):
        since = round(1000 * (time.time() - begun)) + 300
        silence = gap_ms(talk.caller.hears(since), hertz)
        self.gaps.setdefault(move, []).append((silence, longest_pause_ms(talk.caller.pieces(), begun - 0.3)))


def _times(begun, heard, view, entered):
    [invitation] = view["invitations"]
    [ask] = invitation["asks"]
    stored = [_epoch(ask[name]) for name in ("asked_at", "answered_at", "decided_at")]
    legs = [each["leg_id"] for each in view["participants"]]
    joined = max(min(at for at in entered[leg] if at >= begun) for leg in legs)
    return [1000 * (at - begun) for at in (*stored, joined, heard)]


def _epoch(text):
    return datetime.fromisoformat(text).timestamp()


def measure(folder, samples, say):
    """Return the samples, so many of units that press a key and of emergency services that need none."""
    crowd = Crowd(folder, ROOMS)
    try:
        crowd.start()
        crowd.emergency(EMERGENCY, EMERGENCY[-3:], EMERGENCY_NUMBER)
        moves = Moves(crowd)
        for kind in moves.parts:
            while (left := samples - len(moves.parts[kind])) > 0:
                talks = crowd.talks(min(ROOMS, left))
                for talk in talks:
                    if kind == EMERGENCY:
                        talk.unit, talk.number = EMERGENCY, EMERGENCY_NUMBER
                    moves.sample(talk, kind)
                crowd.wait_nothing_left()
                say(f"{kind}: {len(moves.parts[kind])} of {samples}")
        return moves.gaps, {kind: moves.times(kind) for kind in moves.parts}
    finally:
        crowd.stop()
