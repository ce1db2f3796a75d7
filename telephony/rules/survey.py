"""The conversation of a satisfaction survey (Art. 16): what to do next, and what a pressed key means.

A function of state and key: a real call and the simulator of `hotline simulate` hold it alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from telephony.rules.revisit import Verdict

PERSON = "person"
"""What the key means that asks for a person."""


class Step(StrEnum):
    """What the conversation does next."""

    ASK = "ask"  # put the question
    READ_BACK = "read_back"  # say what was heard; another rating's key takes its place
    OVER = "over"


@dataclass(frozen=True)
class Keys:
    """What each key means; `asks` is how often the question is put when no key answers it."""

    ratings: Mapping[str, str]
    person_key: str
    asks: int

    def meaning(self, key: str) -> str | None:
        """Return the rating of a key, PERSON, or None for a key that means nothing here."""
        return PERSON if key and key == self.person_key else self.ratings.get(key)


@dataclass(frozen=True)
class Asked:
    """Where a conversation stands: how often the question was put, and what came of it."""

    times: int = 0
    rating: str | None = None
    person: bool = False
    corrections: int = 0
    confirmed: bool = False

    def step(self, keys: Keys) -> Step:
        """Return what to do next."""
        if self.person or self.confirmed:
            return Step.OVER
        if self.rating is not None:
            return Step.READ_BACK
        return Step.ASK if self.times < keys.asks else Step.OVER

    def heard(self, key: str, keys: Keys) -> "Asked":
        """Return the conversation after the key that the step was answered with, "" for none.

        The last rating counts. It may be changed as often as the question may be put, so that no playing with
        keys goes on for ever.
        """
        meant = keys.meaning(key)
        if self.rating is None:
            put = replace(self, times=self.times + 1)
            return replace(put, person=True) if meant == PERSON else replace(put, rating=meant)
        if meant == PERSON:
            return replace(self, person=True)
        if meant in {None, self.rating} or self.corrections >= keys.asks:
            return replace(self, confirmed=True)
        return replace(self, rating=meant, corrections=self.corrections + 1)

    @property
    def dissatisfied(self) -> bool:
        """Whether the reason is asked for, and a person offered."""
        return self.rating == Verdict.DISSATISFIED and not self.person


@dataclass(frozen=True)
class Played:
    """What a whole survey comes to; `asked` is how often the question was put."""

    rating: str | None
    asked: int
    person: bool


def play(pressed: str, keys: Keys) -> Played:
    """Return what a citizen who presses these keys, one each time a key is waited for, makes of a survey."""
    asked, presses = Asked(), iter(pressed)
    while asked.step(keys) is not Step.OVER:
        asked = asked.heard(next(presses, ""), keys)
    offered = asked.dissatisfied and next(presses, "") == keys.person_key
    return Played(asked.rating, asked.times, asked.person or offered)
