"""What the dialplan asks of a conversation for a leg, by its id and whatever has happened since."""

from dataclasses import dataclass

from twisted.internet.defer import Deferred, succeed

from telephony.pbx.conference import Place
from telephony.rules.asking import Asked
from telephony.spoken import SpokenPrompts, letter_by_letter, speakable
from telephony.threeway.answers import Answers
from telephony.threeway.asking import Asking
from telephony.threeway.conversation import About, Conversation
from telephony.threeway.conversations import SOON, Conversations
from telephony.threeway.places import wanted

LONGEST_NAME, LONGEST_MATTER = 20, 60
"""Characters; what is beyond is not spoken."""


@dataclass(frozen=True)
class Question:
    """What a unit's person hears before being asked for a key; `spoken` is made for it, None if it failed."""

    spoken: str | None


class Hearing:
    """A unit's person who is asked, and a citizen who waits."""

    def __init__(
        self, conversations: Conversations, asking: Asking, answers: Answers, spoken: SpokenPrompts
    ) -> None:
        self._all, self._answers, self._spoken = conversations, answers, spoken
        self._prompts: dict[tuple[int, str], Deferred[str | None]] = {}
        asking.on_invite = self._prepare  # while it rings: who answers does not wait for a voice
        conversations.on_forgotten = self._forget

    def question(self, leg_id: str) -> Deferred[Question | None]:
        """Fire with what to say; None if the unit is not wanted any more."""
        conversation = self._all.of_leg(leg_id)
        found = conversation.ask_of(leg_id) if conversation else None
        if conversation is None or found is None or not found[0].open or not found[1].live:
            return succeed(None)
        self._answers.answered(conversation, *found, self._all.clock.now())
        found[1].questioned = True
        return self._prepare(conversation).addCallback(Question)

    def let_in(self, leg_id: str) -> bool | None:
        """Tell whether a unit has accepted already, and its answer was lost; None: it is being stored."""
        conversation = self._all.of_leg(leg_id)
        person = conversation.people.get(leg_id) if conversation else None
        if conversation is None or person is None or not person.present:
            return False
        return True if self._all.is_stored(conversation) else None

    def accept(self, leg_id: str) -> Deferred[bool]:
        """Let the unit in; fires when it is stored, with whether it is in: another may have been quicker."""
        conversation = self._all.of_leg(leg_id)
        found = conversation.ask_of(leg_id) if conversation else None
        if conversation is None or found is None:
            return succeed(False)
        invitation, ask = found
        if ask.state is Asked.ACCEPTED:  # the answer was lost on the way: it is in
            return succeed(leg_id in conversation.people and conversation.people[leg_id].present)
        return self._answers.accept(conversation, invitation, ask)

    def refuse(self, leg_id: str, reason: str) -> Deferred[None]:
        """Store that the unit's person cannot, and why."""
        conversation = self._all.of_leg(leg_id)
        found = conversation.ask_of(leg_id) if conversation else None
        if conversation is None or found is None:
            return succeed(None)
        return self._answers.refuse(conversation, *found, reason)

    def silent(self, leg_id: str) -> Deferred[None]:
        """Store that no key was pressed."""
        conversation = self._all.of_leg(leg_id)
        found = conversation.ask_of(leg_id) if conversation else None
        if conversation is None or found is None:
            return succeed(None)
        return self._answers.silent(conversation, found[1])

    def _prepare(self, conversation: Conversation) -> Deferred[str | None]:
        """Make the prompt that says what a conversation is about, once; fire with its name."""
        text, told = said(conversation.about), Deferred[str | None]()
        reference = (conversation.about.id, text)
        if reference not in self._prompts:
            self._prompts[reference] = self._spoken.speak(text)

        def tell(prompt: str | None) -> str | None:
            told.callback(prompt)
            return prompt

        self._prompts[reference].addCallback(tell)
        return told

    def _forget(self, conversation: Conversation) -> None:
        for reference in [each for each in self._prompts if each[0] == conversation.about.id]:
            self._prompts.pop(reference).addCallback(self._spoken.forget)

    def keeps_waiting(self, leg_id: str) -> bool:
        """Tell whether a citizen who hears music is meant to; otherwise everybody is moved once more."""
        conversation = self._all.of_leg(leg_id)
        person = conversation.people.get(leg_id) if conversation else None
        if conversation is None or person is None or not person.present:
            return False
        if wanted(conversation.state, person) is Place.CITIZEN_WAITS:
            return True
        person.at = Place.CITIZEN_WAITS
        self._all.later(SOON, self._all.act, conversation)  # once the dialplan has left our question
        return False


def said(about: About) -> str:
    """Return who calls about what, as a unit's person hears it; if it is confidential, not who.

    Number and name are the citizen's own, and stay out of what the unit's phone shows (Art. 8).
    """
    matter = speakable(about.matter[:LONGEST_MATTER])
    what = f"，反映：{matter}" if matter else ""
    if about.kind == "coordination":
        return f"指挥中心召开协调会{what}。"
    if about.confidential:
        return f"市民来电，要求对身份保密{what}。"
    name = speakable((about.citizen_name or "")[:LONGEST_NAME])
    number = letter_by_letter(about.citizen_number or "")
    who = f"市民{name}来电" + (f"，电话 {number}" if number else "")
    return f"{who}{what}。"
