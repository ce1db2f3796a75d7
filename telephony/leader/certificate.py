"""The certificate of a leader hotline day (Art. 6): what it would say now, and what it says for ever.

A day is certified once, closed and with an empty register. From then on the document is read back, never made
again: what citizens say later stands beside it. A deviation is flagged in it and never a reason to refuse.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.clock import Clock
from telephony.config import Config
from telephony.errors import NotAllowedError
from telephony.leader.certificate_document import PresenceOf, document_of, plain, seat_of
from telephony.leader.machine import after
from telephony.rules.leader_certificate import digest
from telephony.rules.leader_day import CERTIFIED, HELD
from telephony.rules.leader_register import OPEN
from telephony.store import leader_days, leader_figures
from telephony.store.database import Database
from telephony.store.leader_days import LeaderDayView
from telephony.store.leader_figures import Satisfaction
from telephony.texts import forms, say


class Days(Protocol):
    """What plans and holds the days (telephony.leader.days.LeaderDays)."""

    def changed(self) -> None:
        """Let everybody know that a day was changed."""
        ...


@dataclass(frozen=True, kw_only=True)
class CertificateView:
    """A day's certificate: `frozen` once it was certified, before that a draft of what it would say now.

    `digest` is the SHA-256 of the document's canonical form (keys sorted, no spaces, UTF-8), of a frozen one
    as it was certified; `intact` says that the stored document still has it. `satisfaction` is as of now,
    and never a part of the document.
    """

    day_id: int
    state: str
    frozen: bool
    digest: str
    intact: bool
    document: dict[str, Any]
    satisfaction: Satisfaction


class Certificates:
    """Drafts and certifies; `presence` says how long the leader was there."""

    def __init__(
        self, config: Config, database: Database, clock: Clock, days: Days, presence: PresenceOf
    ) -> None:
        self._config, self._database, self._clock = config, database, clock
        self._days, self._presence = days, presence

    def draft(self, day_id: int) -> Deferred[CertificateView]:
        """Return what a day's certificate would say now, or says if it is certified.

        Fail with UnknownThingError, or NotAllowedError for a day that was not held.
        """
        return self._database.read(partial(self._look, day_id=day_id, now=self._clock.now()))

    def certify(self, day_id: int, by: str) -> Deferred[CertificateView]:
        """Freeze a day's certificate; fires when it is committed.

        Fail with UnknownThingError, or NotAllowedError if the day is not closed, or somebody is still owed
        an answer, or a call goes on.
        """
        work = partial(self._certify, day_id=day_id, by=by, now=self._clock.now())
        return self._database.write(work).addCallback(self._told)

    def _look(self, connection: sa.Connection, day_id: int, now: datetime) -> CertificateView:
        day = leader_days.one(connection, day_id)
        if day.state not in HELD:
            state = forms(f"leader_state.{day.state}")
            raise NotAllowedError(say("leader.no_certificate", id=day_id, **state))
        if day.state == CERTIFIED:
            return _view(connection, day, leader_figures.certificate(connection, day_id))
        document = document_of(connection, self._config, day, self._presence, now)
        return _view(connection, day, {"digest": digest(document), "document": document})

    def _certify(self, connection: sa.Connection, day_id: int, by: str, now: datetime) -> CertificateView:
        leader_figures.hold(connection, day_id)
        day = leader_days.one(connection, day_id)
        state = after(day.state, "certify")
        self._check_register(connection, day, now)
        document = document_of(connection, self._config, day, self._presence, now)
        document["certified"] = {"at": plain(now), "by": by}
        mark = digest(document)
        kept = {"digest": mark, "document": document}
        moved = leader_days.move(connection, day, state, certificate=kept, certified_at=now, certified_by=by)
        leader_days.tell(connection, day_id, "certify", now, by=by, state=state, digest=mark)
        return _view(connection, moved, kept)

    def _check_register(self, connection: sa.Connection, day: LeaderDayView, now: datetime) -> None:
        calls = leader_figures.calls_of_day(connection, day.id, seat_of(self._config, day), now)
        if on := sum(each.told.goes_on for each in calls):
            raise NotAllowedError(say("leader.calls_go_on", id=day.id, count=on))
        if owed := sum(each.view.standing in OPEN for each in calls):
            raise NotAllowedError(say("leader.register_open", id=day.id, count=owed))

    def _told(self, view: CertificateView) -> CertificateView:
        self._days.changed()
        return view


def _view(connection: sa.Connection, day: LeaderDayView, kept: dict[str, Any]) -> CertificateView:
    return CertificateView(
        day_id=day.id,
        state=day.state,
        frozen=day.state == CERTIFIED,
        digest=kept["digest"],
        intact=digest(kept["document"]) == kept["digest"],
        document=kept["document"],
        satisfaction=leader_figures.satisfaction(connection, day.id),
    )
