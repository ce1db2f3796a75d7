"""Rounds of a case: a unit's reply opens one, a citizen who calls back changes one, people end one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from telephony.callback.decisions import Ground, decide, last_by, last_of, note
from telephony.callback.revisits import Revisits
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.revisit import FOR_PEOPLE, Conclusion, Round, Verdict
from telephony.rules.workdays import UnknownYearError
from telephony.store import cases as case_rows
from telephony.store import revisits as rows
from telephony.store.outbound_tables import attempts, ratings, revisits
from telephony.store.revisits import CAMPAIGN, Tick
from telephony.store.tables import case_numbers, cases
from telephony.texts import say

CONTENTED = frozenset({Verdict.SATISFIED, Verdict.BASICALLY_SATISFIED})
_CASE = (
    sa.select(cases.c.round, case_numbers.c.number)
    .join(case_numbers, case_numbers.c.case_number == cases.c.case_number, isouter=True)
    .where(cases.c.case_number == sa.bindparam("of"))
    .order_by(case_numbers.c.position)
)


@dataclass(frozen=True)
class Reply:
    """A unit's completed reply (Art. 13): when, and the contact by which the citizen was told the result."""

    case_number: str
    at: datetime
    contact: str


@dataclass(frozen=True)
class Opened:
    """The revisit of a reply, and when its first call may be placed (None: a verdict stands already)."""

    id: int
    next_at: datetime | None


@dataclass(frozen=True)
class Said:
    """What a citizen said of a case, to whom (`survey`, or a person), in which call."""

    rating: Verdict
    to: str
    call_id: str | None = None
    remark: str | None = None


class Rounds:
    """Every method runs in a transaction of the caller's."""

    def __init__(self, campaign: Revisits, voidable: timedelta, demo_number: str = "") -> None:
        self._campaign, self._voidable, self._demo_number = campaign, voidable, demo_number

    def reply(self, connection: sa.Connection, reply: Reply, tick: Tick) -> Opened:
        """Open the revisit of a reply and return it; the same reply told twice is one.

        Raise UnknownThingError for an unknown case; NotAllowedError without the contact that told the citizen
        (Art. 13), for a reply of the future, a second reply of one round, a round before the
        one before it is decided, or a year without a calendar.
        """
        if not reply.contact.strip():
            raise NotAllowedError(say("reply.contact", case=reply.case_number))
        if reply.at > tick.at:
            raise NotAllowedError(say("reply.future", case=reply.case_number))
        round_, numbers = self._case(connection, reply.case_number)
        if round_ > 1 and rows.earlier_open(connection, reply.case_number, round_):
            raise NotAllowedError(say("reply.open", case=reply.case_number))
        values = {"case_number": reply.case_number, "round": round_, "numbers": numbers}
        demo = numbers == [self._demo_number]
        values |= {"replied_at": reply.at, "contact": reply.contact, "demo": demo}
        values |= {"due_at": self._due_at(reply.at, demo=demo)}
        row = rows.open_round(connection, values)
        if row is None:
            return self._known(connection, reply, round_)
        note(connection, tick.at, "revisit_opened", case=reply.case_number, round=round_)
        # No call of this round can have been made; others to these numbers count when it is picked.
        fresh = Round(tuple(numbers), row.replied_at, row.due_at)
        return Opened(row.id, self._campaign.advance(connection, row, fresh, tick))

    def called_back(
        self, connection: sa.Connection, number: str, call: tuple[str, datetime], tick: Tick
    ) -> list[int]:
        """Note that a citizen called us, in a call of that id at that time (Art. 17).

        Ends the deeming path and voids a deemed verdict of every case that had its reply by then.
        Return the revisits of that number that somebody should ask about, the most urgent first, also when it
        calls again. Caller ID never authenticates: nothing is rated by it, a person only takes over.
        """
        call_id, at = call
        found = self._of_caller(connection, number, at, tick.at)
        for row in found:
            if row.called_back_at is None and row.verdict in {None, Verdict.DEEMED_SATISFIED}:
                mark = revisits.update().where(revisits.c.id == row.id).values(called_back_at=tick.at)
                connection.execute(mark)
                note(connection, tick.at, "revisit_called_back", case=row.case_number, call=call_id)
                self._conclude(
                    connection, row, replace(self._round(connection, row, tick), called_back_at=tick.at), tick
                )
        return [row.id for row in found]

    def said(self, connection: sa.Connection, revisit_id: int, said: Said, tick: Tick) -> None:
        """Take what the citizen said, whatever verdict stood before; raise UnknownThingError."""
        row = self._row(connection, revisit_id)
        connection.execute(
            ratings.insert().values(
                revisit_id=row.id,
                at=tick.at,
                rating=said.rating.value,
                given_to=said.to,
                call_id=said.call_id,
                note=said.remark,
            )
        )
        told = replace(self._round(connection, row, tick), rating=said.rating)
        self._conclude(connection, row, told, tick, by=said.to)

    def asked_for_person(self, connection: sa.Connection, revisit_id: int, to: str, tick: Tick) -> None:
        """Withdraw a contented rating just given to a survey: who then wants a person is not done with it."""
        row = self._row(connection, revisit_id)
        if row.verdict in CONTENTED and last_by(connection, row.id) == to:
            found = Conclusion(Verdict.CONTACTED_UNRATED, "asked for a person")
            decide(
                connection,
                row,
                self._round(connection, row, tick),
                found,
                self._ground(connection, row, tick, to),
            )

    def closed_by_person(  # noqa: PLR0913, PLR0917 - who found what, and why
        self, connection: sa.Connection, revisit_id: int, verdict: Verdict, by: str, why: str, tick: Tick
    ) -> None:
        """End a round without a rating, as a person found it: reached but unrated, or not to be reached."""
        row = self._row(connection, revisit_id)
        ground = self._ground(connection, row, tick, by)
        decide(connection, row, self._round(connection, row, tick), Conclusion(verdict, why), ground)

    def correct(
        self, connection: sa.Connection, revisit_id: int, numbers: Sequence[str], by: str, tick: Tick
    ) -> None:
        """Give a revisit other numbers, in the order of trying; an open or invalid one goes on with them.

        Raise UnknownThingError; NotAllowedError once a verdict stands that numbers cannot change.
        """
        row = self._row(connection, revisit_id)
        if row.verdict not in {None, Verdict.NUMBER_INVALID}:
            raise NotAllowedError(say("revisit.decided", case=row.case_number, verdict=row.verdict))
        connection.execute(revisits.update().where(revisits.c.id == row.id).values(numbers=list(numbers)))
        # A call in from any of them, old or new, is this citizen's.
        known = case_rows.numbers_of(connection, row.case_number)
        case_rows.put_numbers(connection, row.case_number, list(dict.fromkeys([*numbers, *known])))
        note(connection, tick.at, "revisit_corrected", case=row.case_number, by=by)
        if row.verdict is not None:
            self._reopen(connection, row, by, tick)
        row = self._row(connection, revisit_id)
        if row.next_at is not None or row.verdict is None:
            self._campaign.advance(connection, row, self._round(connection, row, tick), tick)

    def _reopen(self, connection: sa.Connection, row: sa.Row[Any], by: str, tick: Tick) -> None:
        reopened = {"verdict": None, "decided_at": None}
        connection.execute(revisits.update().where(revisits.c.id == row.id).values(**reopened))
        rows.close_item(connection, row.id, tick.at, by, "corrected")

    def _due_at(self, replied_at: datetime, *, demo: bool) -> datetime:
        planner = self._campaign.demo if demo and self._campaign.demo else self._campaign.planner
        try:
            return planner.due_at(replied_at)
        except UnknownYearError as error:
            raise NotAllowedError(say("calendar.ends", year=error.year)) from error

    @staticmethod
    def _known(connection: sa.Connection, reply: Reply, round_: int) -> Opened:
        known = rows.newest_of_case(connection, reply.case_number)
        if known is None or known.replied_at != reply.at:
            raise NotAllowedError(say("reply.twice", case=reply.case_number, round=round_))
        return Opened(known.id, known.next_at)

    def _of_caller(
        self, connection: sa.Connection, number: str, at: datetime, now: datetime
    ) -> list[sa.Row[Any]]:
        asked = sa.and_(
            revisits.c.verdict.in_((Verdict.DEEMED_SATISFIED, *FOR_PEOPLE)),
            revisits.c.decided_at >= now - self._voidable,
        )
        # Also by the numbers that we rang: they may have been corrected since.
        rung = sa.select(attempts.c.task_id).where(
            attempts.c.number == number, attempts.c.campaign == CAMPAIGN
        )
        own = sa.select(case_numbers.c.case_number).where(case_numbers.c.number == number)
        query = (
            sa.select(revisits)
            .where(sa.or_(revisits.c.case_number.in_(own), revisits.c.id.in_(rung)))
            .where(sa.or_(revisits.c.verdict.is_(None), asked), revisits.c.replied_at <= at)
            .order_by(revisits.c.due_at, revisits.c.id)
            .with_for_update()
        )
        return list(connection.execute(query))

    def _conclude(
        self, connection: sa.Connection, row: sa.Row[Any], revisit: Round, tick: Tick, by: str | None = None
    ) -> None:
        concluded = self._campaign.planner_of(row).step(tick.at, revisit)
        if isinstance(concluded, Conclusion):
            decide(connection, row, revisit, concluded, self._ground(connection, row, tick, by))

    def _ground(self, connection: sa.Connection, row: sa.Row[Any], tick: Tick, by: str | None) -> Ground:
        ground = Ground(
            tick, self._campaign.version_of(row), supersedes=last_of(connection, [row.id]).get(row.id)
        )
        return ground if by is None else replace(ground, decided_by=by)

    def _round(self, connection: sa.Connection, row: sa.Row[Any], tick: Tick) -> Round:
        return rows.rounds(connection, [row], tick, self._campaign.planner.rules.number_gap)[row.id]

    def _row(self, connection: sa.Connection, revisit_id: int) -> sa.Row[Any]:
        row = rows.one(connection, revisit_id)
        if row is None:
            raise UnknownThingError(say("revisit.unknown", id=revisit_id))
        return row

    @staticmethod
    def _case(connection: sa.Connection, case_number: str) -> tuple[int, list[str]]:
        """Return the round that a case is in, and its citizen's numbers in the order of trying."""
        found = connection.execute(_CASE, {"of": case_number}).all()
        if not found:
            raise UnknownThingError(say("case.unknown", case=case_number))
        return found[0].round, [row.number for row in found if row.number is not None]
