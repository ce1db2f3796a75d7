"""`AGI(agi://…/inbound,TOKEN,NUMBER,KEY)`: where a caller goes.

Called from asterisk-conf/extensions.d/20-inbound.conf.
"""

import re
from collections.abc import Callable

from telephony.agi.session import Session
from telephony.floor.inbound import Arrival, Inbound

_CALLER = re.compile(r"\+?[0-9]{3,20}")


def entry(inbound: Inbound, agent_seconds: int) -> Callable[[Session], None]:
    """Return the handler; `agent_seconds` is how long a known agent rings alone."""

    def handle(session: Session) -> None:
        plan = session.await_(lambda: inbound.route(_arrival(session.env)))
        if plan.action == "queue":
            session.set_variable("QUEUE_PRIO", plan.priority)
            session.set_variable("HOTLINE_AGENT", plan.agent or "")
            session.set_variable("HOTLINE_AGENT_SECONDS", agent_seconds)
            session.set_variable("HOTLINE_QUEUE", plan.queue)
        # Last, so that the dialplan never acts on half an answer.
        session.set_variable("HOTLINE_ACTION", plan.action)

    return handle


def _arrival(env: dict[str, str]) -> Arrival:
    caller = env.get("agi_callerid", "")
    return Arrival(
        call_id=env["agi_uniqueid"],
        number=env.get("agi_arg_2", ""),
        # What is no number is treated as withheld: it helps nobody and must not reach a table or a log.
        caller=caller if _CALLER.fullmatch(caller) else "",
        key=env.get("agi_arg_3", ""),
    )
