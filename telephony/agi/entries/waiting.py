"""`AGI(agi://…/waiting,TOKEN)`: says whether a citizen who hears music in a three-way call is meant to.

Called from asterisk-conf/extensions.d/46-threeway.conf between music and word. No answer means that the
service does not care for this citizen any more: then the dialplan does.
"""

from collections.abc import Callable

from telephony.agi.session import Session
from telephony.threeway.hearing import Hearing


def entry(hearing: Hearing) -> Callable[[Session], None]:
    """Return the handler."""

    def handle(session: Session) -> None:
        if hearing.keeps_waiting(session.call_id):
            session.set_variable("HOTLINE_KEEP", "yes")

    return handle
