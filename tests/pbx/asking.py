"""Units that do as a test says when they are asked; their keys come late enough for a busy machine."""

import itertools
import time
from dataclasses import replace

from telephony.peers.far_end_call import Behaviour
from telephony.peers.hearing import tones
from telephony.store.database import engine_of, url_of
from tests.pbx.conversing import ACCEPTS as ACCEPTS_QUICKLY
from tests.pbx.conversing import UNIT
from tests.pbx.hearing import PATIENCE
from tests.switch import prompt_hertz, tone

PATIENT = {"key_seconds": 3, "ask_seconds": 20}
"""Changes to threeway.yaml: time enough for a key while the machine is busy."""
KEY_MS, REASON_MS = 1500, 2500
"""After the answer the question has begun; after the answer's event the reason is being waited for."""
ACCEPTS = replace(ACCEPTS_QUICKLY, key_delay_ms=KEY_MS)
REFUSES = replace(ACCEPTS, keys="2")
WAITS = replace(ACCEPTS, keys="")
BUSY, REJECTS = Behaviour(final=486), Behaviour(final=603)
VACANT = Behaviour(alerting=None, ring_ms=0, final=404)
MACHINE = Behaviour(answer=True, voice="machine", hertz=UNIT)
HANGS_UP = Behaviour(answer=True, hang_up_after_ms=500)
SERVICE = Behaviour(ring_ms=1000, answer=True, voice="tone", hertz=UNIT)
"""An emergency service: it answers, and presses nothing."""
LONG_SECONDS = 0.6
WINDOW = 640
"""Samples in 80 ms: less than a prompt, and enough to tell it from the next one."""
_codes = itertools.count(9001)


def asked_unit(conversing, *behaviours):
    """Import a unit that nobody has asked before; return its code and its numbers."""
    short_code = str(next(_codes))
    return f"unit-{short_code}", conversing.unit(f"unit-{short_code}", *behaviours, short_code=short_code)


def states(view, nth=-1):
    """Return what became of each number of an invitation, in the order of ringing."""
    return [each["state"] for each in view["invitations"][nth]["asks"]]


def rows(conversing, query):
    """Return what the service's store holds."""
    switch = conversing.switch
    engine = engine_of(url_of(switch.config.hotline.database, switch.paths.var))
    with engine.connect() as connection:
        found = connection.execute(query).all()
    engine.dispose()
    return found


def was_told(party, conversing, prompt):
    """Say whether a party has heard a prompt to itself since its first sound."""
    hertz = _hertz(conversing, prompt)
    samples = party.hears(None)
    pieces = (samples[at : at + WINDOW] for at in range(0, len(samples) - WINDOW, WINDOW // 4))
    return any(tones(piece, {hertz}) for piece in pieces)


def lengthen(conversing, *prompts):
    """Make prompts so long that a phone whose call ends with them plays them at all."""
    for prompt in prompts:
        tone(conversing.switch.paths.sounds / f"{prompt}.wav", _hertz(conversing, prompt), LONG_SECONDS)


def _hertz(conversing, prompt):
    return prompt_hertz(list(conversing.switch.config.prompts.prompts).index(prompt))


def wait_told(party, conversing, prompt, timeout=PATIENCE):
    """Block until a party has heard a prompt to itself."""
    deadline = time.monotonic() + timeout
    while not was_told(party, conversing, prompt):
        assert time.monotonic() < deadline, f"nobody said {prompt} within {timeout} s"
        time.sleep(0.2)  # sound gives nothing to block on
