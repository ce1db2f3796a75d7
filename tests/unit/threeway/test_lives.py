"""Whatever is lost, late or told twice, and wherever the service dies: it ends as the states say."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from telephony.pbx.conference import Place
from tests.unit.threeway.exchange import TALKS
from tests.unit.threeway.lives import CITIZEN, Lives

COMMANDS = (
    ("join",),
    ("hold", "citizen"),
    ("hold", "units"),
    ("resume", "citizen"),
    ("resume", "units"),
    ("drop", "units"),
    ("leave",),
    ("back", None),
    ("hand_over", "8002"),
    ("supervise", "8003"),
    ("end",),
)
POINTS = ("after_begun", "after_ask", "after_ask_ordered", "after_consulted", "after_joined", "before_moving")


class Faults(RuleBasedStateMachine):
    """One citizen's call, in which anything happens in any order."""

    def __init__(self):
        super().__init__()
        self.lives = Lives()
        self.hung_up = False

    @property
    def legs(self):
        return sorted(self.lives.exchange.channels)

    @rule(code=st.sampled_from(["water", "gas", "police"]), mode=st.sampled_from(["consult", "at_once"]))
    def a_unit_is_asked(self, code, mode):
        citizen = self.lives.exchange.channels.get(CITIZEN)
        if self.lives.all.all():
            self.lives.invite(code)
        elif self.lives.life.alive and citizen is not None and citizen.context == TALKS:
            self.lives.start(code, mode=mode)

    @precondition(lambda self: self.lives.life.alive)
    @rule(command=st.sampled_from(COMMANDS))
    def something_is_commanded(self, command):
        self.lives.command(*command)

    @precondition(lambda self: self.legs)
    @rule(data=st.data(), key=st.sampled_from(["1", "1", "2"]))
    def a_phone_is_used(self, data, key):
        leg_id = data.draw(st.sampled_from(self.legs))
        channel = self.lives.exchange.channels[leg_id]
        if channel.state == "Ringing":
            self.lives.exchange.answer(leg_id)
        elif channel.context == Place.UNIT_ASKED:
            self.lives.press(leg_id, key)

    @precondition(lambda self: self.legs)
    @rule(data=st.data())
    def somebody_hangs_up(self, data):
        leg_id = data.draw(st.sampled_from(self.legs))
        talks = self.lives.exchange.channels[leg_id].context == TALKS
        self.hung_up |= leg_id == CITIZEN or talks
        self.lives.leave(leg_id)

    @rule(count=st.integers(1, 5))
    def the_switch_tells(self, count):
        self.lives.exchange.deliver(count)

    @rule()
    def the_switch_tells_twice(self):
        self.lives.exchange.news[:0] = self.lives.exchange.news[:1]
        self.lives.exchange.deliver(2)

    @rule()
    def an_event_is_lost(self):
        del self.lives.exchange.news[:1]

    @rule(prompt=st.booleans())
    def it_looks(self, prompt):
        self.lives.exchange.prompt = prompt
        if self.lives.life.alive:
            self.lives.look()

    @precondition(lambda self: self.lives.exchange.asked)
    @rule()
    def a_snapshot_arrives(self):
        self.lives.answer_look()

    @rule(seconds=st.sampled_from([1, 10, 130]))
    def time_passes(self, seconds):
        self.lives.advance(seconds)

    @rule(full=st.booleans())
    def the_disk_is_full_or_not(self, full):
        self.lives.store.full = full

    @rule(up=st.booleans())
    def the_connection_is_lost_or_made(self, up):
        self.lives.exchange.is_up = up
        if up and self.lives.life.alive:
            self.lives.look()

    @rule(point=st.sampled_from(["now", *POINTS]))
    def the_service_dies(self, point):
        self.lives.die_at = point
        if point == "now":
            self.lives.die()

    @precondition(lambda self: not self.lives.life.alive)
    @rule()
    def the_service_starts(self):
        self.lives.die_at = ""
        self.lives.begin()

    @rule()
    def all_is_quiet(self):
        """Everybody who lives is where the state has them, nobody is nobody's, no citizen is in no place."""
        lives = self.lives
        lives.settle()
        assert lives.faults == []
        assert lives.misplaced() == []
        assert lives.strangers() == []
        assert lives.unstored() == []
        assert lives.engaged() == []
        assert self.hung_up or lives.ended or CITIZEN in lives.exchange.channels

    def teardown(self):
        self.all_is_quiet()


TestFaults = Faults.TestCase
TestFaults.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
