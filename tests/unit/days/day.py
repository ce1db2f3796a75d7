"""A day in the office, told step by step, and what must hold after each step and at its end."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import sqlalchemy as sa

from telephony.api.routes.service_reports import recount
from telephony.api.routes.service_reports import service as report
from telephony.errors import NotAllowedError
from telephony.floor.transfers import Wanted
from telephony.store.tables import calls
from telephony.store.threeway_tables import returns
from tests.unit.days.house import House
from tests.unit.days.order import Order

PAUSE = 0.3
"""Seconds after each step: what became of it is known by then."""


class Day:
    """Steps are what citizens and agents do; one that makes no sense just now is passed over."""

    def __init__(self, config, folder, template):
        self.house = House(config, folder, template)
        self.switch = self.house.switch
        self.order = Order(self.house)

    def play(self, steps):
        for what, *words in steps:
            getattr(self, what)(*words)
            self.house.pass_time(PAUSE)
            self.check()

    # Steps.

    def comes(self, caller, number):
        if (
            caller not in [each.variables.get("CALLER") for each in self.switch.citizens(*PLACES)]
            or not caller
        ):
            self.switch.call(caller, number)

    def works(self, agent, what):
        """An agent logs in, pauses, or is ready again."""
        reason = "rest" if what == "pause" else None
        with suppress(NotAllowedError):
            self.house.service.building.roster.command(agent, what, reason, "agent")

    def answers(self, agent):
        leg = self.switch.phone(agent)
        if leg is not None and leg.state == "Ringing":
            self.switch.answer(leg)

    def misses(self, agent):
        leg = self.switch.phone(agent)
        if leg is not None and leg.state == "Ringing":
            self.switch.reject(leg)

    def hangs_up(self, nth):
        """A citizen who waits, or for whom an agent rings, gives up."""
        if citizen := self._one("waiting", "waiting-ring", nth=nth):
            self.switch.hang_up(citizen, citizen.name)

    def presses_1(self, nth):
        if citizen := self._one("waiting", nth=nth):
            self.switch.press_1(citizen)

    def ends(self, nth, by):
        """A talk is over."""
        if citizen := self._one("talk", nth=nth):
            self.switch.hang_up(citizen, (citizen if by == "citizen" else citizen.peer).name)

    def gives_on(self, nth, queue):
        """An agent gives a citizen to a queue."""
        if citizen := self._one("talk", nth=nth):
            wanted = Wanted(citizen.call_id, f"queue:{queue}", "blind", citizen.peer.endpoint)
            transfers = self.house.service.building.transfers
            transfers.start(wanted).addErrback(lambda why: why.trap(NotAllowedError))

    def is_called(self, picks_up):
        """From here on citizens who are called back answer, or are busy."""
        self.switch.picks_up = picks_up

    def passes(self, seconds):
        self.house.pass_time(seconds)

    def restarts(self):
        self.house.restart()

    def reads_again(self):
        """The journal is told a second time."""
        self.house.do(lambda c: c.execute(sa.text("DELETE FROM journal_position")))
        self.switch.read()

    def _one(self, *contexts, nth):
        found = self.switch.citizens(*contexts)
        return found[nth % len(found)] if found else None

    # What must hold.

    def check(self):
        """Nobody was passed over without a reason, and no number is owed two calls back."""
        faults = self.switch.faults + self.order.faults
        assert not faults, faults
        owed = self.house.do(
            lambda c: c.scalars(sa.select(returns.c.number).where(returns.c.closed_at.is_(None))).all()
        )
        assert len(owed) == len(set(owed))

    def check_figures(self):
        """The figures are those of what happened, and of the events when they are counted again."""
        self.house.pass_time(1)
        total = answer_of(report(self.house.services)).total
        fates = list(self.switch.fates.values())
        assert total.calls == len(fates)
        happened = dict(Counter(fates))
        assert {fate: getattr(total, fate) for fate in happened} == happened, happened
        assert total.rings_missed == len(self.switch.missed), (total.rings_missed, self.switch.missed)
        assert abs(total.talk_seconds - self._talked()) < 0.1
        assert answer_of(recount(self.house.services)).differences == []

    def _talked(self):
        now = self.house.clock.now()
        under_way = [
            each.variables["TALKS"]
            for each in self.switch.channels.values()
            if "TALKS" in each.variables and each.of
        ]
        ended = sum(seconds for _, seconds in self.switch.talks)
        return ended + sum((now - since).total_seconds() for since in under_way)

    def check_nobody_is_forgotten(self):
        """Whoever waited and had no talk is owed a call back, or it is stored why not."""
        owed = self.house.do(lambda c: c.execute(sa.select(returns)).all())
        ended = self.house.do(
            lambda c: c.execute(
                sa.select(calls).where(calls.c.direction == "inbound", calls.c.state == "ended")
            ).all()
        )
        for call in ended:
            if call.answered_at is None and call.caller_number is not None:
                mine = [each for each in owed if each.number == call.caller_number]
                again = [
                    each
                    for each in ended
                    if each.caller_number == call.caller_number
                    and each.answered_at
                    and each.answered_at >= call.ended_at
                ]
                stands = [
                    each
                    for each in mine
                    if each.opened_at <= call.ended_at
                    and (each.closed_at is None or each.closed_at >= call.ended_at)
                ]
                assert stands or again or call.id in [each.call_id for each in mine], (
                    f"{call.id} is forgotten: {call.outcome}"
                )


PLACES = ("", "waiting", "waiting-ring", "talk")


def answer_of(route):
    """Return what a route of the API answers; the loop that a test runs in is not its own."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, route).result()
