"""`AGI(agi://…/wait,TOKEN,QUEUE,PRIORITY,AGENT,SINCE,OFFERED,STATUS)`: what a caller who waits hears next.

Called from asterisk-conf/extensions.d/25-waiting.conf. No answer means that app_queue is to serve the caller.
"""

import math
from collections.abc import Callable
from datetime import UTC, datetime

from telephony.agi.session import Session
from telephony.clock import Clock
from telephony.floor.waiting_guests import Asking
from telephony.floor.waiting_room import WaitingRoom
from telephony.rules.numbers import national

BYE = "bye"
"""In place of seconds: the caller is told and let go."""


def entry(room: WaitingRoom, clock: Clock, area_code: str) -> Callable[[Session], None]:
    """Return the handler."""

    def handle(session: Session) -> None:
        # One word first: a question that was asked of a service that stood still may be of somebody who has
        # gone on without it, and the switch knows.
        session.set_variable("HOTLINE_SAY", "")
        reply = room.ask(_asking(session.env, clock.now(), area_code))
        if reply is not None:
            # By one command, so that the dialplan never acts on half an answer.
            said = "&".join(f"hotline/{prompt}" for prompt in reply.say)
            seconds = BYE if reply.parting else reply.seconds
            session.set_variable("ARRAY(HOTLINE_WAIT,HOTLINE_SAY)", f"{seconds},{said}")

    return handle


def _asking(env: dict[str, str], now: datetime, area_code: str) -> Asking:
    queue, priority, agent, since, offered, status = (env.get(f"agi_arg_{n}", "") for n in range(2, 8))
    return Asking(
        call_id=env["agi_uniqueid"],
        queue=queue,
        priority=int(priority) if priority.isdecimal() else 0,
        since=_instant(since, now),
        preferred=agent,
        number=national(env.get("agi_callerid", ""), area_code) or "",
        offered=offered,
        status=status,
    )


def _instant(text: str, now: datetime) -> datetime:
    """Return when the switch says that the caller began to wait; now if that makes no sense."""
    try:
        seconds = float(text)
    except ValueError:
        return now
    if not math.isfinite(seconds) or not 0 < seconds <= now.timestamp():
        return now
    return datetime.fromtimestamp(seconds, UTC)
