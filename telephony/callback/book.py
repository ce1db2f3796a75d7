"""Where surveys are kept: what is asked in a call, and what the citizen answers."""

from collections.abc import Mapping
from functools import partial

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.callback.decisions import BY_SURVEY, note
from telephony.callback.desk import Store, Times
from telephony.callback.rounds import Rounds, Said
from telephony.callback.survey import Question
from telephony.callback.witness import Witness
from telephony.rules.revisit import Verdict
from telephony.rules.verdict import Datum, Kind
from telephony.store import attempts as attempt_rows
from telephony.store.outbound_tables import LIVE_STATES, attempts, revisits
from telephony.store.revisits import CAMPAIGN
from telephony.store.tables import cases

RETURNED = "revisit:"
"""How the reference of a survey begins that a citizen chose who called us."""


class SurveyBook:
    """telephony.callback.survey.Book on the store; every answer is committed before it is confirmed."""

    def __init__(self, database: Store, witness: Witness, rounds: Rounds, times: Times) -> None:
        self._database, self._witness, self._rounds, self._times = database, witness, rounds, times

    def question(self, reference: str) -> Deferred[Question | None]:
        """Fire with the case that a survey is about; None if there is none."""
        return self._database.read(lambda connection: _question(connection, reference))

    def tell(self, reference: str, kind: str, data: Mapping[str, Datum]) -> Deferred[None]:
        """Store what was said; fires after the commit."""
        if reference.startswith(RETURNED):
            revisit_id = int(reference.removeprefix(RETURNED))
            work = partial(self._told, revisit_id=revisit_id, kind=kind, data=data)
        elif kind == Kind.RATED and reference not in self._witness.live:
            work = partial(self._late, attempt_id=reference, data=data)
        else:
            return self._witness.tell(reference, kind, data)
        return self._database.write(work, urgent=True)

    def _told(self, connection: sa.Connection, revisit_id: int, kind: str, data: Mapping[str, Datum]) -> None:
        """Take what a citizen says who called us: each rating decides, the last one stands."""
        tick = self._times.tick()
        if kind == Kind.RATED:
            self._rounds.said(connection, revisit_id, _said(data), tick)
        else:
            note(connection, tick.at, f"revisit_{kind}", revisit=revisit_id, **_plain(data))
        if kind == Kind.PERSON:
            self._rounds.asked_for_person(connection, revisit_id, BY_SURVEY, tick)

    def _late(self, connection: sa.Connection, attempt_id: str, data: Mapping[str, Datum]) -> None:
        """Take a rating given in a call that was judged already: what the citizen says goes before that."""
        attempt_rows.append(connection, [(attempt_id, self._witness.evidence_of(Kind.RATED, data))])
        row = attempt_rows.one(connection, attempt_id)
        if row is not None and row.campaign == CAMPAIGN and row.state not in LIVE_STATES:
            self._rounds.said(connection, row.task_id, _said(data), self._times.tick())


def _said(data: Mapping[str, Datum]) -> Said:
    return Said(Verdict(str(data["rating"])), BY_SURVEY)


def _question(connection: sa.Connection, reference: str) -> Question | None:
    query = sa.select(cases.c.case_number, cases.c.subject, revisits.c.round)
    query = query.join(revisits, revisits.c.case_number == cases.c.case_number)
    if reference.startswith(RETURNED):
        query = query.where(revisits.c.id == int(reference.removeprefix(RETURNED)))
    else:
        query = query.join(attempts, attempts.c.task_id == revisits.c.id)
        query = query.where(attempts.c.campaign == CAMPAIGN, attempts.c.id == reference)
    row = connection.execute(query).first()
    return Question(row.case_number, row.subject or "", row.round) if row else None


def _plain(data: Mapping[str, Datum]) -> dict[str, str]:
    return {name: str(value) for name, value in data.items()}
