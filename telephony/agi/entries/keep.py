"""`AGI(agi://…/keep,TOKEN)`: a caller who waits has pressed the key to keep the place and be called back.

Called from asterisk-conf/extensions.d/25-waiting.conf. Without an answer the caller goes on waiting.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred

from telephony.agi.session import Session
from telephony.rules.numbers import national


def entry(
    keeps: Callable[[str], Deferred[bool]], demo_caller: str, area_code: str
) -> Callable[[Session], None]:
    """Return the handler; `keeps` stores the return of a call, and tells whether there is one.

    The demo's citizen is in no register: nobody would answer.
    """

    def handle(session: Session) -> None:
        demo = national(session.env.get("agi_callerid", ""), area_code) == demo_caller
        kept = not demo and session.await_(lambda: keeps(session.call_id))
        session.set_variable("HOTLINE_KEPT", "yes" if kept else "no")

    return handle
