"""Brings what the switch tells of a channel to the conversation that it belongs to."""

from datetime import datetime

from telephony.pbx.conference import Ended, Listener, Place
from telephony.threeway.answers import Answers
from telephony.threeway.bringing import Bringing
from telephony.threeway.conversations import SOON, Conversations
from telephony.threeway.people import PRESENT, RINGING, Person


class Watch:
    """Listens for as long as the service lives. A channel of nobody's changes nothing."""

    def __init__(self, conversations: Conversations, answers: Answers, bringing: Bringing) -> None:
        self._all, self._answers, self._bringing = conversations, answers, bringing

    def start(self) -> None:
        """Listen from now on."""
        self._all.line.start(
            Listener(
                self._alerted,
                self._up,
                self._gone,
                self._not_sent,
                self._came_in,
                self._came_out,
                self._released,
            )
        )

    def _alerted(self, leg_id: str, at: datetime) -> None:
        conversation = self._all.of_leg(leg_id)
        if conversation is None:
            return
        if found := conversation.ask_of(leg_id):
            self._answers.alerted(conversation, found[1], at)
        elif leg_id in conversation.people:
            self._bringing.alerted(conversation, conversation.people[leg_id])

    def _up(self, leg_id: str, at: datetime) -> None:
        conversation = self._all.of_leg(leg_id)
        if conversation is None:
            return
        if found := conversation.ask_of(leg_id):
            self._answers.answered(conversation, *found, at)
        elif leg_id in conversation.people:
            self._bringing.answered(conversation, conversation.people[leg_id])

    def _gone(self, leg_id: str, at: datetime, how: Ended) -> None:
        conversation = self._all.of_leg(leg_id)
        if conversation is None:
            return
        person = conversation.people.get(leg_id)
        if person is not None and person.state == RINGING:
            self._bringing.not_reached(conversation, person)
        elif person is not None:
            conversation.gone(person, at)
        if found := conversation.ask_of(leg_id):
            self._answers.ended(conversation, found[1], at, how)
        else:
            self._all.settled(conversation)

    def _not_sent(self, leg_id: str) -> None:
        conversation = self._all.of_leg(leg_id)
        if conversation is None:
            return
        person = conversation.people.get(leg_id)
        if found := conversation.ask_of(leg_id):
            # With a channel the Hangup has told more, or will: this is for an order that made none.
            self._answers.not_placed(conversation, found[1])
        elif person is not None and person.state == RINGING:
            self._bringing.not_reached(conversation, person)

    def _came_in(self, leg_id: str) -> None:
        conversation = self._all.of_leg(leg_id)
        person = conversation.people.get(leg_id) if conversation else None
        if conversation is None or person is None:
            return
        if person.state == RINGING:  # now and then the switch tells of the answer only after this
            self._bringing.answered(conversation, person)
        if person.state != PRESENT:
            return
        self._bringing.came_in(conversation, person)
        if person.muted:
            self._all.mute(conversation, person)  # the switch forgets it with each move

    def _came_out(self, leg_id: str) -> None:
        conversation, person = self._all.of_leg(leg_id), self._person(leg_id)
        if conversation is not None and person is not None and person.at is Place.CITIZEN_IN:
            person.at = Place.ALONE
            # Who left tells of it in a moment; if nobody did, the citizen comes back.
            self._all.later(SOON, self._all.settled, conversation)

    def _released(self, leg_id: str) -> None:
        conversation = self._all.of_leg(leg_id)
        found = conversation.ask_of(leg_id) if conversation else None
        if found is not None:
            found[1].released = True

    def _person(self, leg_id: str) -> Person | None:
        conversation = self._all.of_leg(leg_id)
        person = conversation.people.get(leg_id) if conversation else None
        return person if person is not None and person.state == PRESENT else None
