"""The real application over a real SQLite database, in a loop of its own beside the test."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Thread
from types import SimpleNamespace

import httpx
import uvloop
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock as Timer

from telephony import config_load
from telephony.api.app import create_app, hand_in
from telephony.api.services import Listening, Services, settled
from telephony.building.halls import Halls
from telephony.building.tapes import Tapes
from telephony.floor.notices import Notices
from telephony.floor.pulse import Pulse
from telephony.floor.refusals import Refusals
from telephony.floor.storm import Storm
from telephony.floor.transfers import Transfers, Wanted
from telephony.paths import PROJECT, Paths
from telephony.secret_store import Secrets
from telephony.store.database import transaction
from tests.fakes import (
    FakeClock,
    FakeHealth,
    FakeLine,
    FakeOutbound,
    FakeRecorder,
    FakeRefusalLine,
    FakeRoster,
    FakeSounds,
    FakeSupervision,
    FakeWaiting,
    agent_view,
    fake_rooms,
)

PATIENCE = 60
TOKEN = "a-token-of-the-tests"
SECRETS = Secrets(api_token=TOKEN, sip={"8001": "secret-of-8001", "7001": "secret-of-7001"})
CONFIG = config_load.load(PROJECT / "config")
LISTENING = (Listening("sip", "127.0.0.1", 5060, "udp"),)


class LoopThread:
    """An asyncio loop in a thread: the reactor, as far as the database and the API need one."""

    def __init__(self):
        self.loop = uvloop.new_event_loop()
        self._thread = Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def callFromThread(self, function, *args, **values):  # noqa: N802 - Twisted's name
        self.loop.call_soon_threadsafe(partial(function, *args, **values))

    def run(self, coroutine):
        """Return what a coroutine returns; fail if it takes as long as no test should."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(PATIENCE)

    def stop(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()


APP = []
"""The one application: routes take a fifth of a second to put together."""


def application(services):
    if not APP:
        APP.append(create_app(services))
    hand_in(APP[0], services)
    return APP[0]


class Api:
    """The application under test, and what it was handed."""

    def __init__(self, database, thread):
        self.database = database
        self.run, self.callFromThread = thread.run, thread.callFromThread
        self.clock, self.health, self.pulse = FakeClock(), FakeHealth(), Pulse()
        self.roster = FakeRoster(agent_view("8001"), agent_view("8002", state="ready"))
        self.counters = {"hotline_agi_sessions_total": 7.0, "ami_lag_seconds": 0.5, "bad name": 1.0}
        handed = (CONFIG, SECRETS, self.clock, database, self.roster, self.pulse, self.health)
        self.outbound = FakeOutbound(CONFIG, self.clock)
        self.line, self.rings_seen = FakeLine(), 0
        calls = (CONFIG, database, self.line, self.clock, self.roster, self.pulse.beat, self.outbound.replied)
        self.rooms = fake_rooms(*calls)
        self.sounds = FakeSounds()
        notices = Notices(CONFIG, database, self.clock, self.sounds)
        self.timer = Timer()
        self.storm = Storm(CONFIG.hotline.storm, database, self.clock, self.timer)
        self.waiting_room = FakeWaiting()
        self.recorder, self.tapes = FakeRecorder(), None
        if database is not None:
            self.tapes = self._tapes(Path(database.engine.url.database).parent)
        self.supervision = FakeSupervision()
        self.transfer_line = FakeLine()
        moved = (CONFIG, database, self.transfer_line, self.clock, Timer(), self.roster)
        self.transfers = Transfers(*moved, self.rooms.handing, "worker", self.pulse.beat)
        more = (self.outbound, self.rooms, notices, self.storm, self.waiting_room, self.tapes)
        supervision = self.supervision
        self.services = Services(*handed, LISTENING, self.counters, *more, supervision=supervision)
        self.explaining = FakeRefusalLine()
        self.refusals = Refusals(database, self.explaining, self.clock, self.pulse.beat)
        self.services = replace(self.services, refusals=self.refusals, transfers=self.transfers)
        self.spoken = FakeSounds()
        given = (self.clock, self.spoken, self.pulse.beat, self._give, self.roster)
        self.halls = Halls(CONFIG, database, *given)
        self.services = replace(self.services, halls=self.halls)
        self.app = application(self.services)

    def _give(self, call_id, to, mode, by):
        return self.transfers.start(Wanted(call_id, to, mode, by))

    def _tapes(self, var):
        reactor = SimpleNamespace(callFromThread=self.callFromThread, callLater=Timer().callLater)
        paths = Paths(CONFIG.directory, var)
        tapes = Tapes(paths, CONFIG, self.database, self.recorder, self.clock, reactor, self.pulse, "")
        tapes.start()
        return tapes

    def stop(self):
        """End the threads that read recordings."""
        if self.tapes is not None:
            self.tapes.recordings.stop()

    def client(self, token=TOKEN, host="http://127.0.0.1:8345"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url=host, headers=headers)

    def ask(self, method, path, *, token=TOKEN, host="http://127.0.0.1:8345", **values):
        """Return the answer; a path that does not begin with / is below /api/v1."""

        async def asking():
            async with self.client(token, host) as client:
                return await client.request(method, path if path[0] == "/" else f"/api/v1/{path}", **values)

        return self.run(asking())

    def get(self, path, **values):
        return self.ask("GET", path, **values)

    def inside(self, work, *args):
        """Return what a function returns that runs in the loop, as all of the service does."""

        async def running():
            result = work(*args)
            return await settled(result) if isinstance(result, Deferred) else result

        return self.run(running())

    def until(self, found):
        """Return when something is true that the service does by itself."""

        async def waiting():
            while not found():  # noqa: ASYNC110 - a turn of the loop, not a time
                await asyncio.sleep(0)

        self.run(waiting())

    def put_rows(self, write, *args, **values):
        """Write rows as the service would: committed, then told."""
        with transaction(self.database.engine) as connection:
            write(connection, *args, **values)
        self.callFromThread(self.pulse.beat)

    async def waiting(self):
        """Return when somebody waits for news."""
        while not self.pulse._waiting:  # noqa: ASYNC110 - a turn of the loop, not a time
            await asyncio.sleep(0)
