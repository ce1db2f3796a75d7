"""`AGI(agi://…/inbound,TOKEN,NUMBER,KEY)`: where a caller goes.

Called from asterisk-conf/extensions.d/20-inbound.conf.
"""

from collections.abc import Callable

from telephony.agi.session import Session
from telephony.floor.inbound import Arrival, Inbound
from telephony.rules.numbers import national


def entry(inbound: Inbound, agent_seconds: int, area_code: str) -> Callable[[Session], None]:
    """Return the handler; `agent_seconds` is how long a known agent rings alone."""

    def handle(session: Session) -> None:
        plan = session.await_(lambda: inbound.route(_arrival(session.env, area_code)))
        answer: dict[str, object] = {"HOTLINE_ACTION": plan.action}
        if plan.action == "queue":
            answer |= {
                "QUEUE_PRIO": plan.priority,
                "HOTLINE_AGENT": plan.agent or "",
                "HOTLINE_AGENT_SECONDS": agent_seconds,
                "HOTLINE_QUEUE": plan.queue,
                "HOTLINE_REVISIT": plan.revisit,
                "HOTLINE_INCIDENT": plan.incident.id if plan.incident else "",
                "HOTLINE_INCIDENT_SAY": plan.incident.prompt if plan.incident else "",
                "HOTLINE_FIRST": plan.first,
                "HOTLINE_NORMAL": plan.leader.normal if plan.leader else "",
            }
        # By one command, so that the dialplan never acts on half an answer. No value has a comma: names,
        # numbers of agents and figures of the configuration.
        session.set_variable(f"ARRAY({','.join(answer)})", ",".join(map(str, answer.values())))

    return handle


def _arrival(env: dict[str, str], area_code: str) -> Arrival:
    return Arrival(
        call_id=env["agi_uniqueid"],
        number=env.get("agi_arg_2", ""),
        # What is no number is treated as withheld: it helps nobody and must not reach a table or a log.
        caller=national(env.get("agi_callerid", ""), area_code) or "",
        key=env.get("agi_arg_3", ""),
    )
