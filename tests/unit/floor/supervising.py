"""A supervisor beside a call in which a citizen and an agent talk, on a switch that says what a test says."""

from twisted.internet.defer import fail, succeed

from telephony.floor.supervision import Supervision
from telephony.floor.supervisions import Supervisions
from telephony.pbx.snapshot import Channel
from telephony.pbx.supervision import Mode
from telephony.store import supervisions as rows
from tests.unit.store.ledger import put_call, put_leg

CALL, CITIZEN, AGENT = "1795420886.1", "1795420886.1", "1795420886.2"
BOSS = "8005"


class FakeSpyLine:
    """Notes what it is told; `refusal` is what the next order fails with, `there` what a snapshot shows."""

    def __init__(self):
        self.is_up, self.told, self.listener, self.refusal, self.there = True, [], None, None, {}

    def start(self, listener):
        self.listener = listener

    def living(self):
        return succeed(dict(self.there))

    def put(self, leg_id, context, state="Up"):
        self.there[leg_id] = Channel("x", state, leg_id, CALL, "PJSIP/x-1", context, "900000001")

    def _order(self, *words):
        self.told.append(words)
        refusal, self.refusal = self.refusal, None
        return succeed(None) if refusal is None else fail(refusal)

    def ring(self, leg_id, supervisor, **how):
        return self._order("ring", leg_id, supervisor, str(how["mode"]), how["agent_leg"])

    def change(self, leg_id, _room, mode):
        return self._order("change", leg_id, str(mode))

    def take_over(self, room, leg_id, citizen_leg, agent):
        return self._order("take_over", room, leg_id, citizen_leg, agent)

    def hang_up(self, leg_id):
        return self._order("hang_up", leg_id)


class Beside:
    """The supervision of one installation."""

    def __init__(self, config, database, roster, clock, timer):
        self.database, self.clock, self.timer, self.roster = database, clock, timer, roster
        self.line = FakeSpyLine()
        known = Supervisions(database, self.line, clock, timer, roster, "worker", lambda: None)
        self.known, self.supervision = known, Supervision(config.agents, known)
        self.supervision.start()

    async def talking(self, call_id=CALL, agent="8001"):
        def put(connection):
            put_call(connection, call_id, state="talking", agent=agent, answered_at=self.clock.now())
            talk = {"started_at": self.clock.now(), "bridged_at": self.clock.now()}
            put_leg(connection, call_id, call_id, **talk)
            put_leg(connection, f"{call_id[:-1]}2", call_id, role="agent", party=agent, **talk)

        await self.database.write(put)

    async def listening(self, mode="listen"):
        """Let the supervisor answer; return the leg."""
        await self.talking()
        await self.supervision.take_part(CALL, BOSS, Mode(mode))
        leg_id = self.line.told[-1][1]
        self.line.listener.alerted(leg_id)
        self.line.listener.up(leg_id)
        await self.stored()
        return leg_id

    async def stored(self):
        """Return once all is written that was asked to be."""
        await self.database.write(lambda _: None, urgent=True)

    async def row(self):
        [row] = await self.database.read(lambda c: rows.listed(c, rows.SupervisionFilter()))
        return row

    async def changes(self):
        return [each.what for each in (await self.row()).changes]
