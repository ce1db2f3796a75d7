"""What callers of a leader's line are told of a session that was put off or cancelled (Art. 6).

They hear it from the notice on until the session would have ended that the notice takes back. Held in memory:
it is asked for while a call is being routed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telephony.leader.notice import spoken_of
from telephony.store import leader_days as rows


@dataclass(frozen=True)
class Message:
    """What callers of a seat's line hear of a day, until the announced session's end."""

    day_id: int
    seat: str
    text: str
    until: datetime


def messages(connection: sa.Connection) -> list[Message]:
    """Return what callers were told by the newest notices, the newest first, one for each day."""
    found: dict[int, Message] = {}
    for notice in rows.takings_back(connection):
        text, replaced = spoken_of(notice.content), notice.content["replaces"]
        if text is not None:
            until = datetime.fromisoformat(replaced["ends_at"])
            found.setdefault(notice.day_id, Message(notice.day_id, notice.content["seat"], text, until))
    return list(found.values())


def standing(known: Iterable[Message], now: datetime) -> list[Message]:
    """Return those that callers hear at `now`."""
    return [each for each in known if now < each.until]
