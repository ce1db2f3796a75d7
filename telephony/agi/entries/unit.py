"""`AGI(agi://…/unit,TOKEN,LEG)`: asks a unit's person whether to speak with a citizen.

Called from asterisk-conf/extensions.d/46-threeway.conf, which goes on by HOTLINE_NEXT. Only a key lets a unit
in: whatever else answers, a voicemail too, is let go.
"""

from collections.abc import Callable, Mapping

from telephony.agi.asking import ask, play
from telephony.agi.session import Session
from telephony.config import ThreeWayFile
from telephony.threeway.hearing import Hearing, Question

ACCEPT, REFUSE = "1", "2"
LONGEST_SECONDS = 180
"""The questions and all waiting for keys."""
OTHER = "other"


def entry(hearing: Hearing, rules: ThreeWayFile) -> Callable[[Session], None]:
    """Return the handler."""

    def handle(session: Session) -> None:
        leg_id = session.env.get("agi_arg_2", "")
        if (known := hearing.let_in(leg_id)) is not False:
            # Without an answer the dialplan asks once more in a moment.
            session.set_variable("HOTLINE_NEXT", "room" if known else "")
            return
        question = session.await_(lambda: hearing.question(leg_id))
        if question is None:
            _leave(session, "threeway-taken")
            return
        # Until now the dialplan's short limit for a silent service held.
        session.set_variable("TIMEOUT(absolute)", LONGEST_SECONDS)
        _answer(session, hearing, leg_id, _key(session, question, rules), rules.refusals)

    return handle


def _key(session: Session, question: Question, rules: ThreeWayFile) -> str:
    words = ["threeway-unit-hello", *filter(None, [question.spoken]), "threeway-accept"]
    for _ in range(rules.key_asks):
        key = ask(session, words, rules.key_seconds)
        if key in {ACCEPT, REFUSE}:
            return key
        words = ["threeway-accept"]
    return ""


def _answer(session: Session, hearing: Hearing, leg_id: str, key: str, refusals: Mapping[str, str]) -> None:
    if key == ACCEPT:
        if session.await_(lambda: hearing.accept(leg_id)):
            session.set_variable("HOTLINE_NEXT", "room")
        else:
            _leave(session, "threeway-taken")
    elif key == REFUSE:
        # Why is asked, but that it is a refusal is sure already, also of who hangs up now.
        reason = OTHER
        try:
            reason = refusals.get(ask(session, ["threeway-why-not"], 5), OTHER)
        finally:
            session.await_(lambda: hearing.refuse(leg_id, reason))
        _leave(session, "threeway-thanks")
    else:
        session.await_(lambda: hearing.silent(leg_id))
        session.set_variable("HOTLINE_NEXT", "bye")


def _leave(session: Session, word: str) -> None:
    session.set_variable("HOTLINE_NEXT", "bye")
    play(session, word)
