"""`AGI(agi://…/rating,TOKEN)`: asks a caller whose agent has hung up to rate the service by one key.

Called from asterisk-conf/extensions.d/27-rating.conf, which ends the call afterwards in any case.
"""

from collections.abc import Callable

from telephony.agi.asking import ask, play
from telephony.agi.session import Session
from telephony.floor.ratings import Ratings

LONGEST_SECONDS = 60
"""The question, the wait for a key, and thanks."""


def entry(ratings: Ratings, key_seconds: int) -> Callable[[Session], None]:
    """Return the handler; `key_seconds` is how long a key is waited for after the question."""

    def handle(session: Session) -> None:
        call_id = session.call_id
        if not session.await_(lambda: ratings.asks(call_id)):
            return
        # Until now the dialplan's short limit for a silent service held.
        session.set_variable("TIMEOUT(absolute)", LONGEST_SECONDS)
        key = ask(session, ["rating-ask"], key_seconds)
        if session.await_(lambda: ratings.answered(call_id, key)):
            play(session, "rating-thanks")

    return handle
