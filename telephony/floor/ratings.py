"""Callers rate the service by one key once the agent has hung up (decision 0034)."""

from functools import partial

import sqlalchemy as sa
from twisted.internet.defer import Deferred, succeed

from telephony.clock import Clock
from telephony.config import Config
from telephony.floor.pulse import Pulse
from telephony.rules.call_story import Happening
from telephony.store import call_ratings
from telephony.store import calls as call_rows
from telephony.store.database import Database


class Ratings:
    """Says who is asked, and stores what was answered."""

    def __init__(self, config: Config, database: Database, clock: Clock, pulse: Pulse) -> None:
        self._rules, self._demo_queues = config.hotline.rating, config.hotline.demo.queues
        self._database, self._clock, self._pulse = database, clock, pulse

    def asks(self, call_id: str) -> Deferred[bool]:
        """Tell whether the caller of this call is asked."""
        if not self._rules.enabled:
            return succeed(False)
        found: Deferred[str | None] = self._database.read(partial(call_ratings.may_be_asked, call_id=call_id))
        return found.addCallback(self._is_asked_in)

    def answered(self, call_id: str, key: str) -> Deferred[bool]:
        """Store a key, or that none or a wrong one was pressed; fires with whether it is a rating."""
        label = self._rules.keys.get(key)
        now = self._clock.now()

        def work(connection: sa.Connection) -> bool:
            stored = label is not None and call_ratings.rate(connection, call_id, key)
            data = {"key": key or None, "label": label if stored else None}
            kind = "rated" if stored else "not_rated"
            call_rows.append(connection, [(call_id, Happening(now, kind, f"{call_id}:rating", None, data))])
            return stored

        def told(stored: bool) -> bool:
            self._pulse.beat()
            return stored

        return self._database.write(work, urgent=True).addCallback(told)

    def _is_asked_in(self, queue: str | None) -> bool:
        if queue is None or queue in self._demo_queues:
            return False
        return not self._rules.queues or queue in self._rules.queues
