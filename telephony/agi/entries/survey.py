"""`AGI(agi://…/survey,TOKEN,REFERENCE,AMDSTATUS,AMDCAUSE)`: asks a citizen how the case was dealt with.

Called from asterisk-conf/extensions.d/40-survey.conf, which says the apology if this ends without
HOTLINE_NEXT: whatever fails, nobody is thanked for an answer that was not stored.
"""

from collections.abc import Callable
from typing import Literal

from telephony.agi.asking import Asking, play
from telephony.agi.session import Session
from telephony.callback.survey import Survey
from telephony.config import Survey as Rules

HUMAN = "HUMAN"
"""AMD's only word that lets us name the case at once; the dialplan says it of who called back."""
LONGEST_SECONDS = 300
"""A whole survey without the recorded reason; the longest that revisits.yaml allows is shorter."""


def entry(survey: Survey, rules: Rules) -> Callable[[Session], None]:
    """Return the handler."""

    def handle(session: Session) -> None:
        reference, amd, cause = (session.env.get(f"agi_arg_{n}", "") for n in (2, 3, 4))
        asking = Asking(session, survey, rules, reference)
        # Until now the dialplan's short limit for a silent service held.
        session.set_variable("TIMEOUT(absolute)", LONGEST_SECONDS + rules.reason_seconds)
        play(session, "survey-hello")
        if amd != HUMAN and not asking.somebody(cause):  # it hears nothing of the case
            _answer(session, "bye")
        elif last_words := _interview(session, survey, reference, asking):
            _answer(session, "bye")
            play(session, last_words)
        else:
            # First the way, then the note: if that fails, the citizen has a person all the same.
            _answer(session, "queue", HOTLINE_QUEUE=rules.person_queue, QUEUE_PRIO=rules.person_priority)
            session.await_(lambda: survey.wants_person(reference))

    return handle


def _interview(session: Session, survey: Survey, reference: str, asking: Asking) -> str | None:
    """Name the case and ask; return the prompt to end with, None if the citizen wants a person."""
    question = session.await_(lambda: survey.begin(reference))
    try:
        play(session, question.spoken or "survey-case-unnamed")
    finally:
        survey.forget(question)
    asked = asking.rating()
    person = asked.person
    if asked.dissatisfied:
        asking.reason()
        person = asking.offer_person()
    return None if person else "survey-thanks" if asked.rating else "survey-goodbye"


def _answer(session: Session, following: Literal["queue", "bye"], **more: object) -> None:
    # By one command, so that the dialplan never acts on half an answer.
    answer = {"HOTLINE_NEXT": following, **more}
    session.set_variable(f"ARRAY({','.join(answer)})", ",".join(map(str, answer.values())))
