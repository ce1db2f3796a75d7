"""A leader day's sums counted a second time, from the raw events of its calls alone.

The register says only which calls were let in, when, and by which entry. All else is told again from the
append-only events: the journal's of each call, and those of what people recorded. What differs from the
ledger's own sums is named, not mended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.rules.leader_figures import Line, Sums, Talk, Told, total
from telephony.store.leader_calls import TOLD
from telephony.store.leader_tables import leader_calls
from telephony.store.tables import events

SENT_OFF = "leader_sent_off"
"""The kind of the event that says that a citizen still waited as the day ended (telephony.leader)."""
_PAGE = 500
_AGENT_CAME = frozenset({"answered", "agent_joined"})
_INTERRUPTED = "interrupted"
_TAKEN, _HELD = "taken", "held"
_OVER = frozenset({"kept", "back", "left", "unreached", "given", "queued"})
"""The words of a transfer after which who answers has the citizen."""


@dataclass
class _Story:
    """One call as its events tell it; `there` are the agents' talks that go on, by agent."""

    told: Told
    leader: str
    talks: list[Talk] = field(default_factory=list)
    there: dict[str, datetime] = field(default_factory=dict)
    held: bool = False
    """The citizen hears music while an agent asks another one: who answers has not spoken with them yet."""

    def hear(self, event: Any) -> None:
        """Take in the next event."""
        data, at = event.data, event.at
        if event.kind in _AGENT_CAME and event.agent:
            self.there[event.agent] = at
            self._meets(event.agent)
        elif event.kind == "agent_left" and event.agent in self.there:
            self.talks.append(Talk(event.agent, self.there.pop(event.agent), at))
        elif event.kind == "transfer":
            self._moved(data.get("word"))
        elif event.kind == "queued":
            self.told = replace(self.told, queued_at=self.told.queued_at or at)
        elif event.kind == "ended":
            self._ended(at, data.get("outcome"))
        elif event.kind == SENT_OFF:
            self.told = replace(self.told, sent_off_at=self.told.sent_off_at or at)
        elif event.kind == TOLD:
            self._recorded(data)

    def whole(self) -> Told:
        """Return the call with all its talks; who has not left talks on."""
        still = [Talk(agent, began) for agent, began in self.there.items()]
        return replace(self.told, talks=(*self.talks, *still))

    def _ended(self, at: datetime, outcome: str | None) -> None:
        self.told = replace(self.told, ended_at=at, outcome=outcome)
        if outcome == _INTERRUPTED:  # nobody is left on a switch that died, and nothing tells of each
            self.talks += [Talk(agent, began, at) for agent, began in self.there.items()]
            self.there.clear()

    def _moved(self, word: object) -> None:
        if word == _HELD:
            self.held = True
        elif word == _TAKEN:
            self.held = False
            for agent in self.there:
                self._meets(agent)
        elif word in _OVER:
            self.held = False

    def _meets(self, agent: str) -> None:
        if agent == self.leader and not self.held:
            self.told = replace(self.told, spoke=True)

    def _recorded(self, data: Mapping[str, Any]) -> None:
        match data.get("what"):
            case "screened":
                self.told = replace(self.told, screened=True, in_scope=bool(data["in_scope"]))
            case "result":
                self.told = replace(self.told, result=data["result"])
            case "settled":
                self.told = replace(self.told, settled=data["settled"])


def recompute(connection: sa.Connection, day_id: int, line: Line, now: datetime) -> Sums:
    """Return the sums of a day's calls, from their events."""
    query = sa.select(leader_calls.c.call_id, leader_calls.c.entry, leader_calls.c.entered_at)
    stories = {
        row.call_id: _Story(Told(entry=row.entry, entered_at=row.entered_at), line.leader)
        for row in connection.execute(query.where(leader_calls.c.day_id == day_id))
    }
    ids = sorted(stories)
    for start in range(0, len(ids), _PAGE):
        of_calls = sa.select(events).where(events.c.call_id.in_(ids[start : start + _PAGE]))
        for event in connection.execute(of_calls.order_by(events.c.at, events.c.id)):
            stories[event.call_id].hear(event)
    return total((story.whole() for story in stories.values()), line, now)
