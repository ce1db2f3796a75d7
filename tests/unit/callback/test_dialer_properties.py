"""The whole dialer against everything that can go wrong at once: whatever happens, no wrong is done."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from telephony.rules.verdict import Kind
from tests.unit.callback.hostile.installation import Installation
from tests.unit.callback.hostile.truth import Truth
from tests.unit.rules.revisits import at

NUMBERS = ("13800000001", "13800000002", "13800000003")
POINTS = (
    "after_reserved",
    "after_dialling_committed",
    "after_originate_sent",
    "while_ringing",
    "before_verdict_committed",
)
STARTS = ("02-12 08:30", "02-12 11:55", "02-13 17:50", "02-14 09:00", "02-11 20:25", "02-24 14:00")
WAITS = (0.05, 1, 5, 20, 54, 59.99, 60, 61, 74.9, 76, 130, 600, 3600, 10724, 10800, 10875, 14400, 40000)
JUMPS = (-7200, -600, -60, -1.5, 1.5, 45, 600, 3600, 10800, 14400, 90000)
CODES = (480, 408, 486, 600, 603, 404, 410, 503, 500, 403, 483)
EVERY_FATE = ((0.0,), (0.0,), (0.0, 0.0), (0.3,), (2.5,), (0.0, 3.5), (8.0,), ())
SERVICES = st.sampled_from(("one", "two"))


class Hostile(RuleBasedStateMachine):
    """Rules are what the world does; the invariants are what the product promises."""

    @initialize(start=st.sampled_from(STARTS), two=st.booleans())
    def begin(self, start, two):
        self.house = Installation(at(start))
        self.truth = Truth(self.house)
        self.house.service("one")
        if two:
            self.house.service("two")
        self.cases = 0
        self.a_unit_replies(NUMBERS[:1])

    @property
    def switch(self):
        return self.house.switch

    def live(self, data):
        return data.draw(st.sampled_from(self.switch.live)) if self.switch.live else None

    # Work comes, and time goes by.

    @precondition(lambda self: self.house.alive and self.cases < 5)
    @rule(numbers=st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=2, unique=True))
    def a_unit_replies(self, numbers):
        self.cases += 1
        self.house.case(f"C{self.cases}", *numbers)

    @rule(seconds=st.sampled_from(WAITS))
    def time_goes_by(self, seconds):
        self.house.time.pass_by(seconds)

    @rule(steps=st.integers(1, 3))
    def calls_come_and_go(self, steps):
        """Let time go by until so many calls more have begun or ended, at most into the next day."""
        house, before = self.house, self.switch.news
        for _ in range(200):
            if self.switch.news - before >= steps:
                return
            house.time.pass_by(80 if self.switch.live else 600)

    @rule(time=st.sampled_from(("08:59:50", "11:58:44", "11:59:59", "14:30:00", "18:00:00", "20:28:44")))
    def time_goes_by_until(self, time):
        self.house.until(time)

    @rule(seconds=st.sampled_from(JUMPS))
    def the_clock_is_set(self, seconds):
        self.house.tick_all()
        self.house.time.set_clock(seconds)

    # The far end.

    @rule(status=st.sampled_from(("RINGING", "RINGING", "PROGRESS", None)))
    def calls_to_come_ring_or_not(self, status):
        self.switch.rings_by_itself = status

    @precondition(lambda self: self.switch.live)
    @rule(data=st.data(), status=st.sampled_from(("RINGING", "PROGRESS")))
    def it_rings(self, data, status):
        self.switch.alert(self.live(data), status)

    @precondition(lambda self: self.switch.live)
    @rule(data=st.data(), code=st.sampled_from(CODES))
    def the_network_ends_a_call(self, data, code):
        self.switch.refuse(self.live(data), code)

    @precondition(lambda self: self.switch.live)
    @rule(data=st.data())
    def somebody_answers(self, data):
        self.switch.answer(self.live(data))

    @precondition(lambda self: self.switch.live)
    @rule(data=st.data(), key=st.sampled_from(("1", "2", "3", "9")))
    def a_key_is_pressed(self, data, key):
        call = self.live(data)
        service = self.house.services[call.worker]
        if call.answered is None or not service.life.alive:
            return
        ratings = {"1": "satisfied", "2": "basically_satisfied", "3": "dissatisfied"}
        if key in ratings:
            service.dialer.witness.tell(call.id, Kind.RATED, {"rating": ratings[key]})
        else:
            service.dialer.witness.tell(call.id, Kind.KEY, {"key": key})
        self.truth.proved_an_answer(call)

    @precondition(lambda self: self.switch.live)
    @rule(data=st.data(), ours=st.booleans())
    def somebody_hangs_up(self, data, ours):
        self.switch.hang_up(self.live(data), ours=ours)

    @precondition(lambda self: self.house.alive)
    @rule(number=st.sampled_from(NUMBERS))
    def the_citizen_calls_back(self, number):
        self.truth.calls_back(self.house.called_back(number))

    # What goes wrong.

    @rule(fates=st.lists(st.sampled_from(EVERY_FATE), min_size=1, max_size=6))
    def the_next_events_fare(self, fates):
        self.switch.fates.extend(fates)

    @rule(orders=st.lists(st.sampled_from(("refused", "lost", "taken in silence")), min_size=1, max_size=2))
    def the_next_orders_fare(self, orders):
        self.switch.orders.extend(orders)

    @rule(name=SERVICES, moods=st.lists(st.sampled_from((None, "full", "lost", 0.5, 7.0)), max_size=4))
    def the_store_is_moody(self, name, moods):
        if name in self.house.services and self.house.services[name].life.alive:
            self.house.services[name].store.moods.extend(moods)

    @rule(name=SERVICES)
    def a_service_dies(self, name):
        if name in self.house.services and self.house.services[name].life.alive:
            self.house.services[name].die()

    @rule(name=SERVICES, point=st.sampled_from(POINTS))
    def a_service_will_die_at(self, name, point):
        if name in self.house.services and self.house.services[name].life.alive:
            self.house.services[name].dies_at = point

    @rule(name=SERVICES)
    def a_service_starts(self, name):
        if name in self.house.services and not self.house.services[name].life.alive:
            self.house.services[name].start()

    @rule(name=SERVICES)
    def a_service_loses_the_switch(self, name):
        if name in self.house.services and self.house.services[name].life.alive:
            self.house.services[name].lose_switch()

    @rule(name=SERVICES)
    def a_service_reaches_the_switch(self, name):
        service = self.house.services.get(name)
        if service and service.life.alive and not service.connection.is_up:
            service.reach_switch()

    @rule(paused=st.booleans())
    def somebody_pauses_or_resumes(self, paused):
        self.house.pause(paused=paused)

    @invariant()
    def no_wrong_is_done(self):
        if hasattr(self, "truth"):
            self.truth.check()

    def teardown(self):
        """Nothing is lost: once all is well again, without a new start, every case ends."""
        if hasattr(self, "truth"):
            self.all_is_well_again()
            self.truth.check()
            self.truth.every_case_ended()

    def all_is_well_again(self):
        house = self.house
        self.switch.fates.clear()
        self.switch.orders.clear()
        house.pause(paused=False)
        if not house.alive:
            house.services["one"].start()
        for service in house.alive:
            service.dies_at = None
            service.store.moods.clear()
            if not service.connection.is_up:
                service.reach_switch()
        for _ in range(15):
            house.time.pass_by(86400)
            if self.truth.all_ended():
                return


TestHostile = Hostile.TestCase
TestHostile.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
