"""`hotline demo inbound`: a simulated citizen calls a simulated agent on the running system."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from telephony import config_load
from telephony.cli import show
from telephony.cli.calls import show_call
from telephony.cli.client import Client
from telephony.cli.service import wait_ready
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.paths import Paths
from telephony.peers.sipp import SippAgents, SippCitizen
from telephony.texts import say

app = typer.Typer(help=say("help.demo"), no_args_is_help=True)
READY_SECONDS = 5.0
ARRIVE_SECONDS = 5.0
ANSWER_SECONDS = 90.0
TALK_SECONDS = 3.0
END_SECONDS = 15.0


@app.callback()
def demo() -> None:
    """Group the demonstrations."""


@app.command(help=say("help.demo_inbound"))
def inbound(*, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Place the call and print what the ledger says of it; status 0 only if it was answered."""
    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    client = Client.of(paths)
    if not wait_ready(READY_SECONDS)["ready"]:
        raise NotAllowedError(say("demo.not_ready"))
    with TemporaryDirectory(prefix="hotline-demo-") as folder:
        call = Demo(client, config, Path(folder), quiet=as_json).call()
    if as_json:
        show.document(call)
    else:
        show_call(call, whole=show_numbers)
    raise typer.Exit(0 if call["outcome"] == "answered" else 1)


class Demo:
    """One demonstration; `quiet` keeps standard output for the JSON document."""

    def __init__(self, client: Client, config: Config, folder: Path, *, quiet: bool) -> None:
        self._client, self._folder, self._quiet = client, folder, quiet
        self._config, self._demo = config, config.hotline.demo
        sip = config.hotline.sip
        self._server = f"{sip.address}:{sip.port}"

    def call(self) -> Any:
        """Place the call, talk a little, hang up; return the call as the ledger holds it in the end."""
        with ExitStack() as stack:
            stack.enter_context(self._agent())
            last = self._client.get("events", limit=1)["last"]
            citizen = self._citizen()
            stack.callback(citizen.kill)
            self._say("demo.dialled", caller=self._demo.caller_number, number=self._demo.number)
            call_id = self._arrived(last)
            self._talk(call_id, citizen)
            citizen.hangup()
            self._await(call_id, "ended", END_SECONDS)
        return self._client.get(f"calls/{call_id}")

    @contextmanager
    def _agent(self) -> Iterator[None]:
        """Have the demo's agent registered and logged in; it is logged out afterwards, whatever happens."""
        number = self._demo.agent
        phone = self._client.get(f"agents/{number}/credentials")
        agents = SippAgents(
            passwords={number: phone["password"]}, server=self._server, folder=self._folder / "agent"
        )
        with ExitStack() as stack:
            stack.callback(agents.stop)
            agents.start()
            agents.wait_checked()
            stack.callback(self._log_out, number)
            self._client.send("POST", f"agents/{number}/login")
            self._client.send("POST", f"agents/{number}/ready")
            self._say("demo.agent", agent=number)
            yield

    def _log_out(self, number: str) -> None:
        with suppress(HotlineError):  # what went wrong before is what the person should read
            self._client.send("POST", f"agents/{number}/logout")

    def _citizen(self) -> SippCitizen:
        networks = (network for trunk in self._config.hotline.trunks for network in trunk.match)
        network = next(networks, None)
        if network is None:
            raise NotAllowedError(say("demo.no_trunk"))
        return SippCitizen(
            server=self._server,
            folder=self._folder / "citizen",
            called=self._demo.number,
            caller=self._demo.caller_number,
            local_ip=str(network.network_address),
        ).start()

    def _arrived(self, last: int) -> str:
        """Return the id of our call: the first after event `last` that our citizen placed."""
        for event in self._events(ARRIVE_SECONDS, last, kind="arrived"):
            call_id = str(event["call_id"])
            if self._client.get(f"calls/{call_id}")["caller_number"] == self._demo.caller_number:
                self._say("demo.arrived", id=call_id)
                return call_id
        raise NotAllowedError(say("demo.not_arrived"))

    def _talk(self, call_id: str, citizen: SippCitizen) -> None:
        answered = self._await(call_id, "answered", ANSWER_SECONDS)
        if answered is None:
            self._say("demo.not_answered", seconds=ANSWER_SECONDS)
            return
        self._say("demo.answered", agent=answered["agent"], seconds=TALK_SECONDS)
        self._await(call_id, "ended", TALK_SECONDS)
        citizen.wait_answered()

    def _await(self, call_id: str, kind: str, seconds: float) -> Any:
        """Return the call's first event of this kind, or None if the seconds pass without one."""
        return next(self._events(seconds, 0, kind=kind, call_id=call_id), None)

    def _events(self, seconds: float, after: int, **wanted: str) -> Iterator[Any]:
        return events(self._client, seconds, after, **wanted)

    def _say(self, key: str, **values: object) -> None:
        if not self._quiet:
            show.line(say(key, **values))


def events(client: Client, seconds: float, after: int, **wanted: str) -> Iterator[Any]:
    """Yield what happens after event `after`, as it happens, for so many seconds."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while (left := deadline - clock.monotonic()) > 0:
        page = client.poll("events", left, after=after, **wanted)
        after = page["last"]
        yield from page["events"]
