"""Revisits of a whole installation: cases with a number each, and a far end that does as planned."""

import itertools
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from telephony.errors import UnknownThingError
from tests.pbx.carried import Carried
from tests.system import System

QUICK = {
    "mode": "test",
    "bands": ["00:00-23:59"],
    "ring_floor_seconds": 1,
    "guard_extra_seconds": 1,
    "interval_minutes": 0.01,
    "number_gap_minutes": 0,
    "dialer": {"calls_per_second": 50, "drain_seconds": 1, "breaker_faults": 100, "channels": 100},
    "survey": {"key_seconds": 2, "correction_seconds": 0},
}
"""Rules with short rings and intervals: test mode allows them."""
_names = itertools.count(1)
_numbers = itertools.count(13700000001)


class Revisiting(Carried):
    """A system, its carrier, and what a case platform does with them."""

    def __init__(self, folder, changes=None, **rules):
        sections = {
            name: {**QUICK[name], **values} for name, values in rules.items() if isinstance(values, dict)
        }
        super().__init__(System(folder, changes, {**QUICK, **rules, **sections}), folder)

    def case(self, *behaviours, numbers=1, replied_ago=timedelta(seconds=1), **facts):
        """Enter a case whose telephone does so, with its unit's reply; return its name and number."""
        name, called = f"R-{next(_names)}", [str(next(_numbers)) for _ in range(numbers)]
        for number in called:
            self.far_end.plan(number, behaviours)
        body = {"numbers": called, "open": True, "subject": "噪音扰民", **facts}
        self.service.http.put(f"/cases/{name}", json=body).raise_for_status()
        self.reply(name, replied_ago)
        return name, called[0]

    def reply(self, name, ago=timedelta(seconds=1)):
        at = (datetime.now(UTC) - ago).isoformat()
        self.service.post(f"/cases/{name}/reply", at=at, contact="承办人电话告知")

    def shown(self, name):
        """Return the newest round of a case, with its attempts and decisions."""
        return self.service.get(f"/cases/{name}/revisits")[-1]

    def wait_settled(self, name, count=1):
        """Block until so many attempts of a case have their verdict; return the round."""
        return self._until(name, lambda shown: sum(map(over, shown["attempts"])) >= count)

    def wait_verdict(self, name, verdict=None):
        """Block until a case is decided; return the round."""
        return self._until(name, lambda shown: shown["verdict"] == (verdict or shown["verdict"] or "-"))

    def has_evidence(self, name, kind):
        return any(e["kind"] == kind for a in self.shown(name)["attempts"] for e in a["evidence"])

    def press_until_over(self, number, key, nth=1):
        """Press a key until the number's nth call is over; a prompt, or AMD, may not have heard the first."""
        self.press_until(number, key, lambda: self.ended(number) >= nth)

    def ended(self, number):
        return sum(event[:2] == ["ended", number] for event in self.far_end.events)

    def press_until(self, number, key, enough, press=None):
        """Press a key again and again until enough."""
        for _ in range(150):
            mark = self.service.mark()
            if enough():
                return
            with suppress(UnknownThingError):  # not answered yet, or over already
                (partial(self.far_end.press, number) if press is None else press)(key)
            self.service.get("/events", after=mark, kind="revisit_decided", wait=0.4)
        raise AssertionError(f"key {key}: {self.far_end.events[-9:]}\n{self.service.log()[-2000:]}")

    def _until(self, name, enough, timeout=60):
        mark = self.service.mark()
        while not enough(shown := self.shown(name)):
            page = self.service.get("/events", after=mark, wait=timeout)
            assert page["events"], f"{shown}\n{self.service.log()[-2000:]}"
            mark = page["last"]
        return shown


def over(attempt):
    return attempt["state"] not in {"reserved", "dialling", "ringing"}
