"""Urging by a citizen whose call the service did not route: it was away, or too slow."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from telephony.config import Config
from telephony.rules.call_story import Call
from telephony.rules.routing import urged
from telephony.store import routing_facts, urgings


class Urging:
    """Counts by the rule of the route, from what the ledger knows of the call."""

    def __init__(self, config: Config) -> None:
        routing = config.hotline.routing
        self._missed, self._known = timedelta(hours=routing.missed_by_us_hours), timedelta(0)
        self._demo_caller = config.hotline.demo.caller_number

    def note(self, connection: sa.Connection, call: Call, at: datetime, *, answers_us: bool) -> None:
        """Count what a call urges; `answers_us`: the citizen calls back about a revisit."""
        if call.caller_number is None:
            return
        number, demo = call.caller_number, call.caller_number == self._demo_caller
        facts = routing_facts.of_caller(connection, number, at, at - self._missed, at - self._known)
        case = urged(
            facts.open_cases,
            blacklisted=facts.blacklisted is not None,
            answers_us=answers_us or facts.missed_by_us_at is not None,
            demo=demo,
        )
        if case:
            urgings.note(connection, call.id, case, at)
