"""`AGI(agi://…/feature,TOKEN,ENDPOINT,WHAT,DIGITS)`: a feature code dialled on an agent's phone.

Called from asterisk-conf/extensions.d/30-agents.conf.
"""

from collections.abc import Callable, Sequence
from typing import get_args

from telephony.agi.session import Session
from telephony.errors import HotlineError, NotAllowedError
from telephony.floor.roster import Command, Roster
from telephony.floor.transfers_by_phone import TransfersByPhone
from telephony.threeway.by_phone import ByPhone

SAID = {
    "login": "agent-logged-in",
    "logout": "agent-logged-out",
    "pause": "agent-paused",
    "ready": "agent-ready",
    "unit": "threeway-started",
    "threeway": "threeway-done",
    "transfer": "threeway-done",
}
"""The prompt that confirms each command; without one the dialplan says that it did not work."""


def entry(
    roster: Roster, pause_reasons: Sequence[str], by_phone: ByPhone, transfers: TransfersByPhone
) -> Callable[[Session], None]:
    """Return the handler; DIGITS: the nth of `pause_reasons`, a unit's short code, or a command's digits."""

    def handle(session: Session) -> None:
        agent, what, digits = (session.env.get(f"agi_arg_{n}", "") for n in (2, 3, 4))
        try:
            if what == "unit":
                session.await_(lambda: by_phone.unit(agent, digits))
            elif what == "threeway":
                session.await_(lambda: by_phone.command(agent, digits))
            elif what == "transfer":
                session.await_(lambda: transfers.command(agent, digits))
            else:
                command = _command(what)
                reason = _reason(digits, pause_reasons) if command == "pause" else None
                session.await_(lambda: roster.command(agent, command, reason, "phone"))
        except HotlineError:
            return
        session.set_variable("HOTLINE_SAY", SAID[what])

    return handle


def _command(what: str) -> Command:
    if what not in get_args(Command):
        raise NotAllowedError(f"unknown feature {what!r}")
    return what  # type: ignore[return-value]


def _reason(nth: str, reasons: Sequence[str]) -> str:
    index = int(nth or "1") - 1
    if not 0 <= index < len(reasons):
        raise NotAllowedError(f"there are {len(reasons)} pause reasons, not {nth}")
    return reasons[index]
