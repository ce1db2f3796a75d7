"""The steps of a demonstration: what each asserts, what was measured, and where to look if it is wrong."""

from collections.abc import Callable, Mapping
from typing import Any

from telephony.cli import show
from telephony.cli.client import Client, RefusedError
from telephony.clock import Clock
from telephony.errors import HotlineError
from telephony.texts import say, word

STEP_SECONDS = 30.0
LOOK_SECONDS = 1.0
"""Between two looks at most, where no event tells of it."""


class WrongStepError(HotlineError):
    """A step did not come out as it should; it is noted already."""


class Steps:
    """Notes the steps, each once it is as asserted or its time is over; `quiet` prints none of them."""

    def __init__(self, client: Client, clock: Clock, *, quiet: bool) -> None:
        self._client, self.clock, self._quiet = client, clock, quiet
        self._began = self._since = clock.monotonic()
        self._name = self._topic = ""
        self.noted: list[dict[str, Any]] = []

    @property
    def all_good(self) -> bool:
        """Whether each step came out as it should."""
        return all(step["as_expected"] for step in self.noted)

    def begin(self, name: str, topic: str) -> None:
        """Begin a step; `topic` says where to look if it goes wrong."""
        self._name, self._topic, self._since = name, topic, self.clock.monotonic()

    def expect(
        self,
        asserted: Mapping[str, object],
        measure: Callable[[], Mapping[str, Any]],
        seconds: float = STEP_SECONDS,
    ) -> Mapping[str, Any]:
        """Measure until all that is asserted holds, note the step and return what was measured.

        Raise WrongStepError if it does not hold within so many seconds.
        """
        deadline = self.clock.monotonic() + seconds
        while True:
            mark = self._client.get("events", limit=1)["last"]
            measured = self._measured(measure)
            good = all(measured.get(name) == value for name, value in asserted.items())
            if good or self.clock.monotonic() > deadline:
                break
            self._client.poll("events", LOOK_SECONDS, after=mark)
        self._note(good, asserted=dict(asserted), measured=measured)
        if not good:
            raise WrongStepError(word(f"waiting_step.{self._name}"))
        return measured

    def failed(self, error: HotlineError) -> None:
        """Note that the step which was begun last could not be played."""
        if not isinstance(error, WrongStepError):
            self._note(good=False, asserted={}, measured={"error": str(error)})

    def _measured(self, measure: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        try:
            return dict(measure())
        except RefusedError as error:  # what is asked for is not there yet
            return {"error": str(error)}

    def _note(self, good: bool, **told: object) -> None:
        now = self.clock.monotonic()
        times = {"at_seconds": round(now - self._began, 1), "took_seconds": round(now - self._since, 1)}
        look = {} if good else {"look_at": say(f"waiting_look.{self._topic}")}
        self.noted.append({"step": self._name, **times, "as_expected": good, **told, **look})
        if not self._quiet:
            show.line(f"{times['at_seconds']:5.1f} s  {word(f'waiting_step.{self._name}')}")


def printed(steps: list[dict[str, Any]], title: str) -> None:
    """Print the steps as a table, and below it where to look for each that is wrong."""
    rows = [
        (
            word(f"waiting_step.{step['step']}"),
            step["at_seconds"],
            word("demo_step.good" if step["as_expected"] else "demo_step.wrong"),
            [f"{name}: {_text(value)}" for name, value in step["measured"].items()],
        )
        for step in steps
    ]
    show.table(title, ("step", "seconds", "state", "told"), rows)
    for step in steps:
        if not step["as_expected"]:
            name = word(f"waiting_step.{step['step']}")
            show.line(f"{name}: {_wanted(step)}")
            show.line(step["look_at"])


def _wanted(step: dict[str, Any]) -> str:
    return "; ".join(
        say("demo.wanted", name=name, wanted=_text(value), found=_text(step["measured"].get(name)))
        for name, value in step["asserted"].items()
        if step["measured"].get(name) != value
    ) or _text(step["measured"].get("error"))


def _text(value: object) -> str:
    return " + ".join(map(str, value)) if isinstance(value, list) else str(value)
