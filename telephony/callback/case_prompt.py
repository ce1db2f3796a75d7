"""The words that name a citizen's case in a survey: its number and subject."""

from twisted.internet.defer import Deferred

from telephony.spoken import SpokenPrompts, letter_by_letter, speakable

LONGEST_NUMBER, LONGEST_SUBJECT = 40, 60
"""Characters; what is beyond is not spoken."""


class CasePrompts:
    """The prompts of surveys."""

    def __init__(self, prompts: SpokenPrompts) -> None:
        self._prompts = prompts

    def make(self, case_number: str, subject: str) -> Deferred[str | None]:
        """Fire with the prompt's name, None if it could not be made; `forget` it in the end."""
        return self._prompts.speak(spoken(case_number, subject))

    def forget(self, prompt: str | None) -> None:
        """Remove a prompt that `make` gave, unless another survey plays it."""
        self._prompts.forget(prompt)


def spoken(case_number: str, subject: str) -> str:
    """Return the text, digits and letters of the number one by one; both come from the case platform."""
    number = letter_by_letter(case_number[:LONGEST_NUMBER])
    what = speakable(subject[:LONGEST_SUBJECT])
    about = f"，关于{what}" if what else ""
    return f"您反映的诉求，编号 {number}{about}。"
