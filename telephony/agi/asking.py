"""How the survey's questions are put to a citizen on the line, and what was pressed is stored.

Whatever the citizen says is awaited: it is committed before the conversation goes on.
"""

from collections.abc import Iterable, Iterator

from telephony.agi.session import Session
from telephony.callback.survey import Survey
from telephony.config import Survey as Rules
from telephony.prompts import BEEP
from telephony.rules.survey import Asked, Keys, Step

ANY_KEY = "0123456789*#"
END_OF_SPEECH = "#"
SILENCE_SECONDS = 3
"""Silence that ends a recording."""


def play(session: Session, *prompts: str) -> None:
    """Play prompts to their end; keys pressed meanwhile are lost."""
    for prompt in prompts:
        session.stream_file(f"hotline/{prompt}")


def ask(session: Session, prompts: Iterable[str], seconds: int) -> str:
    """Play prompts until a key is pressed, then wait `seconds` more for one; return it, "" for none."""
    for prompt in prompts:
        if key := session.stream_file(f"hotline/{prompt}", ANY_KEY):
            return key
    return session.wait_for_digit(1000 * seconds)


class Asking:
    """One citizen's questions."""

    def __init__(self, session: Session, survey: Survey, rules: Rules, reference: str) -> None:
        self._session, self._survey, self._rules, self._reference = session, survey, rules, reference
        self._keys = Keys(rules.keys, rules.person_key, rules.asks)

    def somebody(self, cause: str) -> bool:
        """Ask for any key: a voicemail presses none. `cause` is why AMD took it for one."""
        key = ask(self._session, ["survey-anyone"], self._rules.key_seconds)
        if key:
            self._session.await_(lambda: self._survey.pressed(self._reference, key))
        else:
            self._session.await_(lambda: self._survey.heard_machine(self._reference, cause))
        return bool(key)

    def rating(self) -> Asked:
        """Put the question and read the answer back; return what came of it."""
        asked = Asked()
        while (step := asked.step(self._keys)) is not Step.OVER:
            if step is Step.ASK:
                key = ask(self._session, self._question(), self._rules.key_seconds)
            else:
                key = ask(self._session, [_of("heard", asked.rating)], self._rules.correction_seconds)
            before, asked = asked, asked.heard(key, self._keys)
            self._store(key, before.rating, asked.rating)
        return asked

    def reason(self) -> None:
        """Record why the citizen is dissatisfied, until `#`, silence, or for so long as the rules say."""
        file = self._survey.reason_file(self._session.call_id)
        name, milliseconds = str(file.with_suffix("")), 1000 * self._rules.reason_seconds
        # Our own beep: the switch's belongs to sounds that we do not install.
        play(self._session, "survey-reason", BEEP)
        try:
            self._session.record_file(
                name, "wav", END_OF_SPEECH, milliseconds, beep="", silence=SILENCE_SECONDS
            )
        finally:  # many say why and hang up
            if file.exists():
                self._session.await_(lambda: self._survey.reason_recorded(self._reference, file))

    def offer_person(self) -> bool:
        """Offer a person; return whether one is wanted."""
        key = ask(self._session, self._person("survey-offer-person"), self._rules.key_seconds)
        return key == self._rules.person_key

    def _question(self) -> Iterator[str]:
        for key, rating in sorted(self._rules.keys.items()):
            yield from (_of("ask", rating), f"digit-{key}")
        yield from self._person("survey-ask-person")

    def _person(self, prompt: str) -> tuple[str, str]:
        return prompt, f"digit-{self._rules.person_key}"

    def _store(self, key: str, before: str | None, rating: str | None) -> None:
        if rating is not None and rating != before:
            self._session.await_(lambda: self._survey.rated(self._reference, rating, key))
        elif key and self._keys.meaning(key) is None:
            self._session.await_(lambda: self._survey.pressed(self._reference, key))
            if rating is None:
                play(self._session, "survey-wrong-key")


def _of(what: str, rating: str | None) -> str:
    """Return the prompt `survey-ask-basically` for the rating `basically_satisfied`."""
    return f"survey-{what}-{str(rating).partition('_')[0]}"
