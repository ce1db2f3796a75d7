"""`AGI(agi://…/keep,TOKEN)`: a caller who waits has pressed the key to keep the place and be called back.

Called from asterisk-conf/extensions.d/25-waiting.conf. Without an answer the caller goes on waiting.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from telephony.agi.session import Session
from telephony.rules.numbers import national


def entry(
    keeps: Callable[[str], Deferred[bool]], calls_back: Callable[[str, str], bool], area_code: str
) -> Callable[[Session], None]:
    """Return the handler; `keeps` stores the return of a call, and tells whether there is one.

    `calls_back` says of a number and a queue whether we would: if not, the answer needs no look at the store,
    for the key may be pressed again and again.
    """

    def handle(session: Session) -> None:
        number = national(session.env.get("agi_callerid", ""), area_code) or ""
        reached = calls_back(number, session.get_variable("HOTLINE_QUEUE"))
        kept = reached and session.await_(lambda: keeps(session.call_id))
        session.set_variable("HOTLINE_KEPT", "yes" if kept else "no")

    return handle
