"""Revisits of a service that dies where a test says; what really rang is counted at the far end."""

import itertools
import time
from contextlib import suppress

import httpx

from telephony.building.death_point import DIE_AT
from telephony.callback.audit import audit
from telephony.pbx.files import AMI_USER
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.rules.verdict import Kind
from telephony.store.database import engine_of, url_of
from tests.pbx.revisiting import Revisiting, over

_again = itertools.count(1)
POINTS = (
    "after_reserved",
    "after_dialling_committed",
    "after_originate_sent",
    "while_ringing",
    "before_verdict_committed",
)
RINGS_OUT = Behaviour()
BUSY = Behaviour(ring_ms=300, final=486)
RATES = Behaviour(ring_ms=300, answer=True, keys="1")
PRESS_EVERY, PRESS_FOR = 600, 30_000
"""Milliseconds."""
BEHAVIOURS = {"rings out": RINGS_OUT, "busy": BUSY, "answers": RATES}
NOT_RUNG, PERHAPS_RUNG = frozenset({"reserved", "cancelled", "failed"}), frozenset({"unknown"})


class WatchedFarEnd(FarEnd):
    """Knows when each number was invited, by a clock that never goes back; who presses a key goes on."""

    def __init__(self, *where):
        self.invited = {}
        super().__init__(*where)

    def happened(self, *words):
        name, number, *_ = words
        if name == "invited":
            self.invited.setdefault(number, []).append(time.monotonic())
        elif name == "answered":
            self._go_on_pressing(number, self._plans[number][1][-1].keys)
        super().happened(*words)

    def _go_on_pressing(self, number, keys):
        # When the question comes depends on AMD, and on how busy the machine is.
        for delay in range(PRESS_EVERY, PRESS_FOR, PRESS_EVERY) if keys else ():
            self._command(number, lambda call, delay=delay: call.press(keys, delay))


class Killing(Revisiting):
    """`lives` counts how often the service was killed; no call is left to the next test."""

    def __init__(self, folder, changes=None, **rules):
        super().__init__(folder, changes, **rules)
        self.far_end = WatchedFarEnd("127.0.0.2", self.switch.carrier_port, folder / "watched")
        self.kills = 0

    def pause(self):
        self.service.post("/revisits/pause", reason="test")

    def resume(self):
        with suppress(httpx.TransportError):  # it may die before it answers
            self.service.http.post("/revisits/resume")

    def die_at(self, point, *behaviours):
        """Enter a case for each behaviour, let the service die at a point, and start it; return the names."""
        self.pause()
        self.service.kill()
        self.service.start(environment={DIE_AT: point})
        names = [self.case(each)[0] for each in behaviours]
        self.resume()
        self.service.wait_killed()
        self.kills += 1
        self.service.start()
        return names

    def kill_and_start(self):
        self.service.kill()
        self.kills += 1
        self.service.start()

    def freeze_and_lose_ami(self):
        """Stop the service in its tracks, and end its connection to the switch; `service.thaw` ends it."""
        self.service.freeze()
        self.lose_ami()

    def lose_ami(self):
        """End every connection to the manager interface, the test's own as well."""
        for line in self.switch.cli("manager show connected").splitlines():
            if line.split()[:1] == [AMI_USER]:
                self.switch.cli(f"manager kick session {line.split()[4]}")

    def wait_evidence(self, name, *wanted):
        """Block until a case has evidence of all these kinds."""
        for _ in range(400):
            if all(self.has_evidence(name, kind) for kind in wanted):
                return
            self.service.get("/events", after=self.service.mark(), wait=0.2)  # evidence is no event
        raise AssertionError(f"no {wanted}: {self.shown(name)}\n{self.service.log()[-2000:]}")

    def another_case(self, number):
        """Enter one more case of a citizen, with its unit's reply; return its name."""
        name = f"again-{number}-{next(_again)}"
        body = {"numbers": [number], "open": True}
        self.service.http.put(f"/cases/{name}", json=body).raise_for_status()
        self.reply(name)
        return name

    def close(self, *names):
        """Let a person end what is open of these cases, so that nothing of them is called any more."""
        for name in names:
            shown = self.shown(name)
            if shown["verdict"] is None:
                found = {"result": "unreachable", "by": "tester", "note": "over"}
                self.service.post(f"/revisits/{shown['id']}/result", **found)

    def at_rest(self, name):
        """Let nothing more be dialled, and a case's calls end; return its round and how often it was rung.

        Else a ring could fall between the two looks.
        """
        self.pause()
        self._until(name, lambda shown: all(map(over, shown["attempts"])))
        # Read anew: PostgreSQL may have shown the round of before the end that its attempts had already.
        return self.shown(name), self.rung(name)

    def rung(self, name):
        """Return how often the number of a case was really invited."""
        return len(self.far_end.invited.get(self.shown(name)["numbers"][0], ()))

    def disagreements(self):
        """Return where the audit finds what is stored to differ from its evidence."""
        url = url_of(self.switch.config.hotline.database, self.switch.paths.var)
        engine = engine_of(url)
        with engine.connect() as connection:
            found = audit(connection, self.switch.config.calendar).disagreements
        engine.dispose()
        return found


def kinds(attempt):
    return {each["kind"] for each in attempt["evidence"]}


def seen_to_its_end(attempt):
    """Say whether an attempt's evidence shows a ring from its start to an end that was not lost."""
    told = kinds(attempt)
    ended = Kind.RESPONSE in told or Kind.RELEASED in told
    return {Kind.SENT, Kind.ALERTING, Kind.HANGUP} <= told and ended and Kind.UNWITNESSED not in told


def rings_fit(shown, rung):
    """Say whether so many rings belong to the attempts of a round, each to one that was committed before."""
    rang = [each for each in shown["attempts"] if each["state"] not in NOT_RUNG]
    perhaps = sum(each["state"] in PERHAPS_RUNG for each in rang)
    return len(rang) - perhaps <= rung <= len(rang)


def goes_on(shown):
    """Say whether a round is planned, in a call, decided, or with people."""
    in_a_call = any(not over(each) for each in shown["attempts"])
    return bool(shown["next_at"] or shown["verdict"] or in_a_call)
