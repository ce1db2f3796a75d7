"""`hotline demo waiting`: two citizens wait for one agent; whose turn it is; a transfer into the line."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from telephony import config_load
from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo import ARRIVE_SECONDS, READY_SECONDS, events
from telephony.cli.demo_parties import Parties
from telephony.cli.service import wait_ready
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import NotAllowedError
from telephony.paths import Paths
from telephony.texts import say, word

STEP_SECONDS = 30.0
FIRST, SECOND = "first", "second"


def add_to(demos: typer.Typer) -> None:
    """Add the command to the demonstrations."""
    demos.command("waiting", help=say("help.demo_waiting"))(waiting)


def waiting(*, as_json: show.Json = False) -> None:
    """Play it; status 0 only if each step came out as it should."""
    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    client = Client.of(paths)
    if not wait_ready(READY_SECONDS)["ready"]:
        raise NotAllowedError(say("demo.not_ready"))
    with TemporaryDirectory(prefix="hotline-demo-") as folder:
        parties = Parties(client, config, Path(folder))
        found = DemoWaiting(client, config, parties, quiet=as_json).run()
    if as_json:
        show.document(found)
    else:
        _print(found)
    raise typer.Exit(0 if all(step["as_expected"] for step in found["steps"]) else 1)


class DemoWaiting:
    """One demonstration; `quiet` keeps standard output for the JSON document."""

    def __init__(self, client: Client, config: Config, parties: Parties, *, quiet: bool) -> None:
        self._client, self._parties, self._quiet = client, parties, quiet
        self._demo = config.hotline.demo
        self._reason = config.hotline.agents.pause_reasons[0]
        self._clock = SystemClock()
        self._began = self._clock.monotonic()
        self._steps: list[dict[str, Any]] = []

    def run(self) -> Any:
        """Play it; return the steps, each with what the service told, and whether that is as it should be."""
        with ExitStack() as stack:
            agent = stack.enter_context(self._parties.agent())
            self._order("pause", reason=self._reason.name)
            first = stack.enter_context(self._caller(FIRST))
            second = stack.enter_context(self._caller(SECOND))
            self._lined_up("in_line", [first, second])
            self._taken("turn", first, [second])
            self._transferred(first, agent)
            self._lined_up("back_in_line", [first, second])
            self._taken("turn_again", first, [second])
        return {"steps": self._steps}

    @contextmanager
    def _caller(self, name: str) -> Iterator[str]:
        """Let the demo's citizen call and wait; the call is hung up afterwards."""
        mark = self._client.get("events", limit=1)["last"]
        with self._parties.citizen(name):
            yield self._waits(mark)

    def _waits(self, mark: int) -> str:
        """Return the id of the call once it is in the line."""
        for event in events(self._client, ARRIVE_SECONDS, mark, kind="arrived"):
            call_id = str(event["call_id"])
            if self._client.get(f"calls/{call_id}")["caller_number"] == self._demo.caller_number:
                wanted = {"kind": "waits", "call_id": call_id}
                if next(events(self._client, STEP_SECONDS, mark, **wanted), None):
                    return call_id
        raise NotAllowedError(say("demo.not_arrived"))

    def _order(self, what: str, **body: str) -> None:
        self._client.send("POST", f"agents/{self._demo.agent}/{what}", body or None)

    def _lined_up(self, name: str, expected: list[str]) -> None:
        """Note who waits in what order, once it is as expected or after a while."""
        good = self._until(lambda: [each["call_id"] for each in self._line(expected)] == expected)
        places = [
            {key: each[key] for key in ("call_id", "position", "priority", "expected_seconds")}
            for each in self._line(expected)
        ]
        self._note(name, good, line=places)

    def _line(self, calls: list[str]) -> list[Any]:
        return [each for each in self._client.get("waiting") if each["call_id"] in calls]

    def _taken(self, name: str, call_id: str, others: list[str]) -> None:
        """Let the agent be ready, and note how long it takes until one has the call and the others wait."""
        begun = self._clock.monotonic()
        self._order("ready")
        # The ledger learns of the talk a moment after the agent's state.
        both = (f"agents/{self._demo.agent}", f"calls/{call_id}")
        taken = self._until(lambda: all(self._client.get(path)["state"] == "talking" for path in both))
        seconds = round(self._clock.monotonic() - begun, 1)
        waiting = [each["call_id"] for each in self._line([call_id, *others])]
        self._note(name, taken and waiting == others, call_id=call_id, seconds=seconds)

    def _transferred(self, call_id: str, agent: str) -> None:
        """Give the call back to the queue, blind; the agent who gave it away has a pause meanwhile."""
        body = {"call_id": call_id, "to": f"queue:{self._demo.queue}", "mode": "blind", "by": agent}
        self._client.send("POST", "transfers", body)
        free = self._until(lambda: self._client.get(f"agents/{agent}")["state"] == "wrap_up")
        self._order("pause", reason=self._reason.name)
        self._note("transferred", free, call_id=call_id)

    def _until(self, enough: Callable[[], bool]) -> bool:
        """Wait until something is so; tell whether it is."""
        deadline = self._clock.monotonic() + STEP_SECONDS
        while True:
            mark = self._client.get("events", limit=1)["last"]
            if enough():
                return True
            if self._clock.monotonic() > deadline:
                return False
            self._client.poll("events", 1.0, after=mark)

    def _note(self, name: str, as_expected: bool, **told: object) -> None:
        at = round(self._clock.monotonic() - self._began, 1)
        self._steps.append({"step": name, "at_seconds": at, "as_expected": as_expected, **told})
        if not self._quiet:
            show.line(f"{at:5.1f} s  {word(f'waiting_step.{name}')}")


def _print(found: Any) -> None:
    rows = [
        (
            word(f"waiting_step.{step['step']}"),
            step["at_seconds"],
            word("demo_step.good" if step["as_expected"] else "demo_step.wrong"),
            _told(step),
        )
        for step in found["steps"]
    ]
    show.table(word("title.demo_waiting"), ("step", "seconds", "state", "told"), rows)


def _told(step: Any) -> str:
    if "line" in step:
        return ", ".join(f"{each['position']}: {each['call_id']}" for each in step["line"])
    return str(step["call_id"])
