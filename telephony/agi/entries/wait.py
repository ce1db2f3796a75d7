"""`AGI(agi://…/wait,TOKEN,QUEUE,PRIORITY,AGENT,SINCE,OFFERED,STATUS)`: what a caller who waits hears next.

Called from asterisk-conf/extensions.d/25-waiting.conf. No answer means that app_queue is to serve the caller.
"""

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from telephony.agi.session import Session
from telephony.clock import Clock
from telephony.floor.waiting_guests import Asking
from telephony.floor.waiting_room import WaitingRoom
from telephony.rules.numbers import national

AHEAD = timedelta(days=1)
"""How far ahead of our clock an arrival may lie."""
BYE = "bye"
"""In place of seconds: the caller is told and let go."""


def entry(
    room: WaitingRoom, clock: Clock, area_code: str, normal: Mapping[str, str]
) -> Callable[[Session], None]:
    """Return the handler; `normal` says for a leader's queue where a key leads who waits there no longer."""

    def handle(session: Session) -> None:
        # One word first: a question that was asked of a service that stood still may be of somebody who has
        # gone on without it, and the switch knows.
        to = normal.get(session.env.get("agi_arg_2", ""), "")
        session.set_variable("ARRAY(HOTLINE_SAY,HOTLINE_NORMAL,HOTLINE_MOVE)", f",{to},")
        reply = room.ask(_asking(session, room, clock.now(), area_code))
        if reply is not None:
            # By one command, so that the dialplan never acts on half an answer.
            said = "&".join(f"hotline/{prompt}" for prompt in reply.say)
            seconds = BYE if reply.parting else reply.seconds
            names, values = "HOTLINE_WAIT,HOTLINE_SAY", f"{seconds},{said}"
            if reply.queue:
                names, values = f"{names},HOTLINE_MOVE", f"{values},{reply.queue}"
            session.set_variable(f"ARRAY({names})", values)

    return handle


def _asking(session: Session, room: WaitingRoom, now: datetime, area_code: str) -> Asking:
    env = session.env
    queue, priority, agent, since, offered, status = (env.get(f"agi_arg_{n}", "") for n in range(2, 8))
    return Asking(
        call_id=env["agi_uniqueid"],
        queue=queue,
        priority=int(priority) if priority.isdecimal() else 0,
        since=_instant(since, now) or room.since(env["agi_uniqueid"]) or now,
        preferred=agent,
        number=national(env.get("agi_callerid", ""), area_code) or "",
        offered=offered,
        status=status,
    )


def _instant(text: str, now: datetime) -> datetime | None:
    """Return when the switch says that the caller began to wait; None if that makes no sense.

    It may lie ahead of us: a clock that was set back makes nobody lose the place.
    """
    try:
        seconds = float(text)
    except ValueError:
        return None
    if not math.isfinite(seconds) or not 0 < seconds <= (now + AHEAD).timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)
