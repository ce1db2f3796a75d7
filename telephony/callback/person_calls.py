"""A person calls a citizen from the work list: the agent's phone rings first, then the citizen's."""

import itertools
import uuid
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred

from telephony.callback.channels import Channels
from telephony.callback.decisions import note
from telephony.callback.desk import Store, Times
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.store import attempts as attempt_rows
from telephony.store import calls as call_rows
from telephony.store import revisits as rows
from telephony.texts import say

MARK = "revisit"
AGENT_SECONDS = 30.0


class AgentLine(Protocol):
    """The switch, as far as it rings an agent first (telephony.pbx.outbound.Outbound)."""

    def ring_agent(
        self, call_id: str, agent: str, *, citizen: str, trunk: str, seconds: float
    ) -> Deferred[Any]:
        """Ring an agent; who answers is connected with the citizen."""
        ...


class PersonCalls:
    """Places such calls; what comes of one the agent records (`Rounds.said`, `closed_by_person`).

    `worker` names this installation.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what outbound hands in, once
        self,
        database: Store,
        line: AgentLine,
        channels: Channels,
        times: Times,
        agents: Collection[str],
        worker: str,
    ) -> None:
        self._worker = worker
        self._database, self._line, self._channels, self._times = database, line, channels, times
        self._agents = agents
        self._ids = map(f"pc-{uuid.uuid4().hex[:12]}-{{:08d}}".format, itertools.count(1))

    def call(self, revisit_id: int, agent: str) -> Deferred[str]:
        """Ring the agent, then the citizen; fires with the call's id once the switch has the order.

        Raise UnknownThingError; NotAllowedError without a number or a free channel. Fails as AMI does.
        """
        if agent not in self._agents:
            raise UnknownThingError(say("agent.unknown", number=agent))
        slots = self._channels.slots(self._times.monotonic())
        if not slots:
            raise NotAllowedError(say("revisit.no_channel"))
        call_id = next(self._ids)

        def enter(connection: sa.Connection) -> str:
            row = rows.one(connection, revisit_id)
            if row is None:
                raise UnknownThingError(say("revisit.unknown", id=revisit_id))
            tick = self._times.tick()
            number = rows.rounds(connection, [row], tick, timedelta(0))[row.id].number or next(
                iter(row.numbers), None
            )
            if number is None:
                raise NotAllowedError(say("revisit.no_number", case=row.case_number))
            if attempt_rows.live_to(connection, number):
                raise NotAllowedError(say("revisit.on_the_line", case=row.case_number))
            call_rows.open_outbound(connection, [(call_id, number)], tick.at, MARK, self._worker)
            note(connection, tick.at, "revisit_person_call", case=row.case_number, agent=agent, call=call_id)
            return number

        def ring(number: str) -> Deferred[Any]:
            return self._line.ring_agent(
                call_id, agent, citizen=number, trunk=slots[0], seconds=AGENT_SECONDS
            )

        # Commit, then act: the ledger knows of the call before the switch does.
        return self._database.write(enter).addCallback(ring).addCallback(lambda _: call_id)
