"""Ends channels in our rooms that belong to no conversation: each would hold a line for ever."""

from collections.abc import Mapping
from functools import partial

import structlog

from telephony.pbx.conference import PREFIX, Move, Place
from telephony.pbx.snapshot import Channel
from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.threeway.conversations import Conversations, quietly

WHY = "no_conversation"
_PLACES = frozenset(Place) - {Place.ALONE}
_CITIZENS = frozenset({Place.CITIZEN_IN, Place.CITIZEN_WAITS})
log = structlog.get_logger()


class Reaper:
    """Is shown each snapshot; what two of them in a row show to be nobody's is ended."""

    def __init__(self, conversations: Conversations) -> None:
        self._all = conversations
        self._strange: dict[str, float] = {}
        self.reaped = 0
        """Channels ended, or citizens taken to a person, since the start."""

    def look(self, living: Mapping[str, Channel], now: float, apart: float) -> bool:
        """End who has been nobody's for `apart` seconds (monotonic, as `now`); return whether some are newly.

        One sight proves nothing: a conversation may have ended, and its channels as well, after the snapshot
        was taken; and a channel that is being moved may for an instant be doubled.
        """
        ours = {leg for conversation in self._all.all() for leg in conversation.legs()}
        strange = {leg: channel for leg, channel in living.items() if _is_ours(channel) and leg not in ours}
        self._strange = {leg: self._strange.get(leg, now) for leg in strange}
        for leg_id, since in self._strange.items():
            if now - since >= apart:
                self._end(strange[leg_id])
        return any(now - since < apart for since in self._strange.values())

    def _end(self, channel: Channel) -> None:
        self.reaped += 1
        told = {"leg": channel.leg_id, "place": channel.context, "room": channel.exten, "why": WHY}
        log.warning("threeway_leg_reaped", **told)
        now, key = self._all.clock.now(), self._all.new_key()
        event = (channel.call_id, Happening(now, "leg_reaped", key, data=told))
        quietly(self._all.database.write(partial(call_rows.append, told=[event])), "tell")
        if channel.context in _CITIZENS:  # never hung up: the dialplan takes them to a person
            quietly(self._all.line.move(channel.exten, Move(channel.leg_id, Place.ALONE)), "reap")
        else:
            quietly(self._all.line.hang_up(channel.leg_id), "reap")


def _is_ours(channel: Channel) -> bool:
    """Tell whether a channel is in a place of ours, or was added by us; announcers end themselves."""
    return channel.context in _PLACES or (
        channel.leg_id.startswith(PREFIX) and not channel.name.startswith("Local/")
    )
