"""The survey of a revisit (Art. 16), as the dialplan's entry needs it: an answer that counts is stored.

A survey is known by a reference: the attempt's id when we called the citizen, `revisit:ID` when the citizen
called back and chose it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import structlog
from twisted.internet.defer import Deferred

from telephony.callback.case_prompt import CasePrompts
from telephony.clock import SHANGHAI, Clock
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.verdict import Datum, Kind

REASON, PERSON = "reason", "person"
"""Evidence that no verdict needs: a recorded reason, the wish for a person."""
_REFERENCE = re.compile(r"[A-Za-z0-9.-]{1,64}|revisit:[0-9]{1,18}")
_CALL_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_REASON_FILE = "reason-"
Kept = Callable[[str, str], Deferred[None]]
"""Enters a recorded reason into the list of recordings: its name below them, and its call's id."""
log = structlog.get_logger()


@dataclass(frozen=True)
class Question:
    """What the citizen is asked about; `spoken` is the prompt that names the case, None if there is none."""

    case_number: str
    subject: str
    round: int
    spoken: str | None = None


class Book(Protocol):
    """Where surveys are kept."""

    def question(self, reference: str) -> Deferred[Question | None]:
        """Fire with what is to be asked; None if the reference is unknown or there is nothing to ask."""
        ...

    def tell(self, reference: str, kind: str, data: Mapping[str, Datum]) -> Deferred[None]:
        """Append evidence; fires after the commit, fails if there is none."""
        ...


class Survey:
    """What the entry calls. Every Deferred of evidence fires after the commit and fails without one."""

    def __init__(
        self, book: Book, cases: CasePrompts, clock: Clock, recordings: Path, kept: Kept | None = None
    ) -> None:
        self._book, self._cases, self._clock, self._recordings = book, cases, clock, recordings
        self._kept = kept

    def begin(self, reference: str) -> Deferred[Question]:
        """Fire with the question, its case's prompt made; `forget` it once the prompt was played.

        Fails with UnknownThingError if there is nothing to ask. Raise NotAllowedError if it is no reference.
        """
        if not _REFERENCE.fullmatch(reference):
            raise NotAllowedError("what the dialplan gave is no reference of a survey")

        def name(question: Question | None) -> Deferred[Question]:
            if question is None:
                raise UnknownThingError(f"there is no survey {reference}")
            making = self._cases.make(question.case_number, question.subject)
            return making.addCallback(lambda prompt: replace(question, spoken=prompt))

        return self._book.question(reference).addCallback(name)

    def forget(self, question: Question) -> None:
        """Remove the prompt that was made for a question."""
        self._cases.forget(question.spoken)

    def pressed(self, reference: str, key: str) -> Deferred[None]:
        """Store a key that is no answer: all the same a person is there."""
        return self._book.tell(reference, Kind.KEY, {"key": key})

    def heard_machine(self, reference: str, cause: str) -> Deferred[None]:
        """Store that what answered does not sound like a person and pressed no key; `cause` is AMD's own."""
        return self._book.tell(reference, Kind.MACHINE, {"amd_cause": cause})

    def rated(self, reference: str, rating: str, key: str) -> Deferred[None]:
        """Store the citizen's answer; of several the last counts."""
        return self._book.tell(reference, Kind.RATED, {"rating": rating, "key": key})

    def reason_recorded(self, reference: str, file: Path) -> Deferred[None]:
        """Store that the citizen said why, into a file of `reason_file`."""
        name = file.relative_to(self._recordings).as_posix()
        if self._kept is not None:  # the list of recordings is no reason to let the citizen hear an apology
            noted = self._kept(name, file.stem.removeprefix(_REASON_FILE))
            noted.addErrback(lambda failure: log.error("reason_not_listed", why=repr(failure.value)))
        return self._book.tell(reference, REASON, {"file": name})

    def wants_person(self, reference: str) -> Deferred[None]:
        """Store that the citizen asked for a person."""
        return self._book.tell(reference, PERSON, {})

    def reason_file(self, call_id: str) -> Path:
        """Return where this call's reason is recorded, in the folder of the day in Shanghai, which is made.

        Raise NotAllowedError if it is no id of a call: nothing else may choose a path.
        """
        if not _CALL_ID.fullmatch(call_id):
            raise NotAllowedError("what the dialplan gave is no id of a call")
        folder = self._recordings / self._clock.now().astimezone(SHANGHAI).date().isoformat()
        folder.mkdir(exist_ok=True)
        return folder / f"{_REASON_FILE}{call_id}.wav"
