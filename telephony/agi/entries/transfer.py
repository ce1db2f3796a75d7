"""`AGI(agi://…/transfer,TOKEN,NUMBER)`: a citizen whom a transfer did not bring to anybody comes back.

Called from asterisk-conf/extensions.d/48-transfer.conf, which then rings the agent who had the citizen; with
no answer of ours as well, but whoever is in wrap-up is passed over then.
"""

from collections.abc import Callable

from telephony.agi.session import Session
from telephony.floor.transfers import Transfers

LONGEST_DIGITS = 18


def entry(transfers: Transfers) -> Callable[[Session], None]:
    """Return the handler."""

    def handle(session: Session) -> None:
        number = session.env.get("agi_arg_2", "")
        if number.isascii() and number.isdecimal() and len(number) <= LONGEST_DIGITS:
            session.await_(lambda: transfers.recall(int(number)))

    return handle
