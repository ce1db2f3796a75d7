"""`hotline demo threeway`: a citizen, an agent and a unit in one conversation, by what each of them hears."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from telephony import config_load
from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo import ANSWER_SECONDS, ARRIVE_SECONDS, READY_SECONDS, events
from telephony.cli.demo_parties import Parties
from telephony.cli.service import wait_ready
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError, UnknownThingError
from telephony.paths import Paths
from telephony.texts import say, word

HEAR_SECONDS = 12.0
"""Prompts are said before voices are heard."""
STEP_SECONDS = 30.0
PRESS_SECONDS = 2.0
"""Between two presses of the key: the unit's person does not know when the question comes."""
TALK_SECONDS = 2.0
"""For so long all three speak: a unit that was with the citizen for less than one has answered nothing."""
FREE = frozenset({"ready", "paused", "wrap_up"})
ALL = {"citizen": {"agent", "unit"}, "agent": {"citizen", "unit"}, "unit": {"citizen", "agent"}}


def add_to(demos: typer.Typer) -> None:
    """Add the command to the demonstrations."""
    demos.command("threeway", help=say("help.demo_threeway"))(threeway)


def threeway(*, as_json: show.Json = False) -> None:
    """Play a three-way call; status 0 only if at each step each party heard whom they should."""
    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    client = Client.of(paths)
    if not wait_ready(READY_SECONDS)["ready"]:
        raise NotAllowedError(say("demo.not_ready"))
    with TemporaryDirectory(prefix="hotline-demo-") as folder:
        parties = Parties(client, config, Path(folder))
        found = DemoThreeWay(client, config, parties, quiet=as_json).run()
    if as_json:
        show.document(found)
    else:
        _print(found)
    good = all(step["as_expected"] for step in found["steps"])
    raise typer.Exit(0 if good and found["three_way"]["result"] == "answered_on_spot" else 1)


class DemoThreeWay:
    """One demonstration; `quiet` keeps standard output for the JSON document."""

    def __init__(self, client: Client, config: Config, parties: Parties, *, quiet: bool) -> None:
        self._client, self._parties, self._quiet = client, parties, quiet
        self._demo = config.hotline.demo
        self._clock = SystemClock()
        self._steps: list[dict[str, Any]] = []
        self._began = self._clock.monotonic()
        self._call = ""

    def run(self) -> Any:
        """Play it; return the three-way call as it ended, and the steps with what each party heard."""
        with ExitStack() as stack:
            unit = stack.enter_context(self._parties.unit())
            stack.enter_context(self._parties.agent())
            mark = self._client.get("events", limit=1)["last"]
            stack.enter_context(self._parties.citizen())
            self._answered(mark)
            stack.enter_context(self._over_in_the_end())
            self._play(unit)
        result = {"result": "answered_on_spot", "by": "hotline demo"}
        three_way = self._client.send("POST", f"threeway/{self._call}/result", result)
        return {"steps": self._steps, "three_way": three_way}

    def _play(self, unit: str) -> None:
        self._heard("talking", citizen={"agent"}, agent={"citizen"})
        wish = {"call_id": self._call, "unit": unit, "matter": "热线演示", "by": self._demo.agent}
        self._client.send("POST", "threeway", wish)
        self._heard("asked", citizen=set(), agent=set())
        self._await_state("consulting", self._press)
        self._heard("consulting", citizen=set(), agent={"unit"}, unit={"agent"})
        self._do("join")
        self._heard("joined", **ALL)
        self._talk()
        self._do("hold", party="units")
        self._heard("held", citizen={"agent"}, agent={"citizen"}, unit=set())
        self._do("resume", party="units")
        self._heard("resumed", **ALL)
        self._do("leave")
        self._heard("left", citizen={"unit"}, unit={"citizen"})
        self._await_free()
        self._do("back")
        self._await_state("talking")
        self._heard("back", **ALL)

    def _talk(self) -> None:
        """Let them speak for a moment, unless the call ends."""
        mark = self._client.get("events", limit=1)["last"]
        self._client.poll("events", TALK_SECONDS, after=mark, kind="ended", call_id=self._call)

    def _do(self, what: str, **body: str) -> None:
        self._client.send("POST", f"threeway/{self._call}/{what}", {**body, "by": self._demo.agent})

    def _heard(self, name: str, **expected: set[str]) -> None:
        """Note whom each party hears, once it is whom they should, and the time that it has taken so far."""
        heard = {
            party: self._parties.hears(party, voices, HEAR_SECONDS) for party, voices in expected.items()
        }
        as_expected = all(set(heard[party]) == voices for party, voices in expected.items())
        at = round(self._clock.monotonic() - self._began, 1)
        step = {"step": name, "at_seconds": at, "hears": heard, "as_expected": as_expected}
        self._steps.append(step)
        if not self._quiet:
            show.line(f"{at:5.1f} s  {word(f'demo_step.{name}')}")

    def _answered(self, mark: int) -> None:
        """Wait until the demo's agent has the call of the demo's citizen."""
        for event in events(self._client, ARRIVE_SECONDS, mark, kind="arrived"):
            call = self._client.get(f"calls/{event['call_id']}")
            if call["caller_number"] == self._demo.caller_number:
                self._call = call["id"]
                break
        else:
            raise NotAllowedError(say("demo.not_arrived"))
        wanted = {"kind": "answered", "call_id": self._call}
        if next(events(self._client, ANSWER_SECONDS, mark, **wanted), None) is None:
            raise NotAllowedError(say("demo.not_answered", seconds=ANSWER_SECONDS))

    @contextmanager
    def _over_in_the_end(self) -> Iterator[None]:
        try:
            yield
        finally:
            with suppress(HotlineError):  # never begun, or over already
                self._do("end")

    def _press(self) -> None:
        with suppress(UnknownThingError):  # it has not been rung yet
            self._parties.accept()

    def _await_state(self, state: str, meanwhile: Any = lambda: None) -> None:
        """Wait until the conversation is in a state; do something now and then."""
        deadline = self._clock.monotonic() + STEP_SECONDS
        while True:
            mark = self._client.get("events", limit=1)["last"]
            now = self._client.get(f"threeway/{self._call}")["state"]
            if now == state:
                return
            if self._clock.monotonic() > deadline:
                raise NotAllowedError(say("demo.stuck", wanted=word(f"conversation.{state}")))
            meanwhile()
            self._client.poll("events", PRESS_SECONDS, after=mark, kind="threeway", call_id=self._call)

    def _await_free(self) -> None:
        """Wait until the agent's own leg has ended, so that the phone may be rung again."""
        deadline = self._clock.monotonic() + STEP_SECONDS
        agent = self._demo.agent
        while self._clock.monotonic() < deadline:
            mark = self._client.get("events", limit=1)["last"]
            if self._client.get(f"agents/{agent}")["state"] in FREE:
                return
            self._client.poll("events", PRESS_SECONDS, after=mark, kind="agent", agent=agent)


def _names(voices: list[str]) -> str:
    return " + ".join(word(f"role.{voice}") for voice in voices) or word("demo_step.no_voice")


def _print(found: Any) -> None:
    rows = [
        (
            word(f"demo_step.{step['step']}"),
            step["at_seconds"],
            *(_names(step["hears"][party]) if party in step["hears"] else "" for party in ALL),
            word("demo_step.good" if step["as_expected"] else "demo_step.wrong"),
        )
        for step in found["steps"]
    ]
    columns = ("step", "seconds", "citizen_hears", "agent_hears", "unit_hears", "state")
    show.table(word("title.demo_threeway"), columns, rows)
