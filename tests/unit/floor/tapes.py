"""Recordings for tests: rows in the store, files in a vault, a clock that is moved."""

from datetime import timedelta

from telephony.floor.recordings import Recordings
from telephony.floor.vault import Vault
from telephony.floor.vault_keys import KeyRing
from telephony.rules.retention import CALL, REASON, THREE_WAY
from telephony.store import recordings as rows
from telephony.store.database import transaction
from telephony.store.recording_tables import recordings
from telephony.store.recordings import Noted, Who
from telephony.store.tables import calls, legs
from tests.unit.floor.test_vault import SOUND

KEEP = {CALL: 30, REASON: 10, THREE_WAY: 60}
SUPERVISOR = Who("李敏", "supervisor", "投诉核查")
DAY = timedelta(days=1)


class Shelf:
    """Recordings of one installation; `told` counts how often those who wait were woken."""

    def __init__(self, database, clock, folder, *, keyed=True):
        self.database, self.clock, self.folder = database, clock, folder / "recordings"
        self.keys = folder / "keys"
        self.keys.write_text(f"k1 {'11' * 32}\n")
        self.keys.chmod(0o600)
        self.vault = Vault(self.folder, KeyRing(self.keys if keyed else None))
        self.told = []
        self.recordings = self.service()
        self.recordings.start()

    def service(self, place="here"):
        from twisted.internet import reactor  # noqa: PLC0415 - importing it installs one

        tell = lambda: self.told.append(self.clock.now())  # noqa: E731 - one line
        return Recordings(self.database, self.vault, self.clock, reactor, place, KEEP, tell)

    def put(self, number=1, *, kind=CALL, age=timedelta(), ended=True, sound=SOUND, place="here"):
        """Put a call, its recorded leg, its file and its row; return the recording's number."""
        call_id, at = f"{number}.1", self.clock.now() - age
        name = f"2026-11-23/{call_id}.wav"
        ended_at = at if ended else None
        with transaction(self.database.engine) as connection:
            call = {
                "id": call_id,
                "direction": "inbound",
                "state": "ended" if ended else "talking",
                "marks": [],
            }
            connection.execute(calls.insert().values(**call, arrived_at=at))
            of_call = {"call_id": call_id, "started_at": at, "ended_at": ended_at}
            connection.execute(legs.insert().values(id=call_id, role="citizen", recording=name, **of_call))
            spoke = {"role": "agent", "party": "8001", "bridged_at": at}
            connection.execute(legs.insert().values(id=f"{number}.2", **spoke, **of_call))
            # 8002's phone rang, and 8001 was quicker.
            connection.execute(legs.insert().values(id=f"{number}.3", role="agent", party="8002", **of_call))
            rows.note(connection, place, [Noted(name, call_id, call_id, kind, at)])
        if sound is not None:
            self.file(number).parent.mkdir(parents=True, exist_ok=True)
            self.file(number).write_bytes(sound)
        return self.rows()[-1].id

    def file(self, number=1, form=""):
        return self.folder / f"2026-11-23/{number}.1.wav{form}"

    def forms(self, number=1):
        return {form for form in ("", ".enc") if self.file(number, form).exists()}

    def rows(self):
        with self.database.engine.connect() as connection:
            return connection.execute(recordings.select().order_by(recordings.c.id)).all()

    def row(self, recording_id=1):
        return next(row for row in self.rows() if row.id == recording_id)

    def query(self, work, *args, **values):
        with transaction(self.database.engine) as connection:
            return work(connection, *args, **values)
