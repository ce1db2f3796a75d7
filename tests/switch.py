"""A throw-away Asterisk for tests: its own folder and ports, so that many run at once on one machine."""

import array
import json
import math
import shutil
import subprocess
import time
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from telephony import secret_store
from telephony.config_load import load
from telephony.paths import PROJECT, Paths
from telephony.pbx import binary, files
from telephony.peers.ports import connect, free_block, free_port
from telephony.prompts import BEEP
from tests.plain_ami import PlainAmi
from tests.years import supply_years

START_SECONDS = 60.0
STOP_SECONDS = 30.0
PATIENCE = 30.0
"""The limit of what takes no time: it only ends a hopeless wait, on however slow a machine."""
LOOK_SECONDS = 0.02
PROMPT_SECONDS = 0.1
BEEP_HERTZ = 3475
"""Above every prompt's, and between the pitches that a prompt may have."""
RTP_PORTS = 200
OUTSIDE = "037912345"
"""The number of a centre that is not on this switch (`centre:elsewhere`)."""


class Switch:
    """The project's own configuration with short prompts.

    `changes` go over sections of hotline.yaml, `revisits`, `threeway` and `returns` over those of their own
    files; `overflow` holds the steps of queues by their names. Nobody is called back by itself unless a test
    says so.
    """

    def __init__(
        self,
        folder: Path,
        changes: Mapping[str, Any] | None = None,
        revisits: Mapping[str, Any] | None = None,
        threeway: Mapping[str, Any] | None = None,
        overflow: Mapping[str, Any] | None = None,
        returns: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = folder
        self.paths = Paths(folder / "config", folder / "var")
        self._configure(changes or {})
        change(self.paths.config / "revisits.yaml", revisits or {})
        change(self.paths.config / "threeway.yaml", threeway or {})
        spill(self.paths.config / "queues.yaml", overflow or {})
        change(self.paths.config / "returns.yaml", {"automatic": False, **(returns or {})})
        self.config = load(self.paths.config)
        phones = [phone.user for phone in self.config.hotline.test_phones]
        self.secrets = secret_store.ensure(self.paths.secrets, [*self.config.agents, *phones])
        self._prompts()
        self._asterisk = binary.find(PROJECT / "var")
        self._process: subprocess.Popen[bytes] | None = None
        self._ami: PlainAmi | None = None

    def _configure(self, changes: Mapping[str, Any]) -> None:
        shutil.copytree(PROJECT / "config", self.paths.config)
        supply_years(self.paths.config)
        file = self.paths.config / "hotline.yaml"
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        rtp = free_block(RTP_PORTS)
        data["sip"] |= {"port": free_port(), "rtp_ports": [rtp, rtp + RTP_PORTS - 1]}
        for door in ("agi", "ami", "api"):
            data[door]["port"] = free_port("tcp")
        self.carrier_port = free_port("udp", "127.0.0.2")
        data["trunks"][0]["contact"] = f"127.0.0.2:{self.carrier_port}"
        data["rating"]["enabled"] = False  # a test that is not about it has the call end with the agent
        file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
        change(file, changes)
        centres = yaml.safe_load((self.paths.config / "centres.yaml").read_text(encoding="utf-8"))
        outside = {"transfer_number": OUTSIDE, "transfer_trunk": data["trunks"][0]["name"]}
        centres["centres"].append({"code": "elsewhere", "name": "外地中心", "level": "city"} | outside)
        change(self.paths.config / "centres.yaml", centres)

    def only_agents(self, numbers: Sequence[str], skills: Mapping[str, int]) -> None:
        """Write agents.yaml: these, alike skilled, and the delivered ones whom other files name."""
        file = self.paths.config / "agents.yaml"
        delivered = yaml.safe_load(file.read_text(encoding="utf-8"))["agents"]
        named = [row for row in delivered if row["number"] >= "88"]  # leaders' seats, demonstrations
        names = {"name": "坐席", "centre": "city"}
        rows = [{"number": number, **names, "skills": dict(skills)} for number in numbers]
        text = yaml.safe_dump({"agents": rows + named}, allow_unicode=True)
        file.write_text(text, encoding="utf-8")

    def _prompts(self) -> None:
        self.paths.sounds.mkdir(parents=True)
        for index, name in enumerate(self.config.prompts.prompts):
            tone(self.paths.sounds / f"{name}.wav", prompt_hertz(index), PROMPT_SECONDS)
        tone(self.paths.sounds / f"{BEEP}.wav", BEEP_HERTZ, PROMPT_SECONDS)
        music = self.paths.asterisk / "data" / "moh" / "hotline"
        music.mkdir(parents=True)
        tone(music / "waiting.wav", 300, 2)

    @property
    def environment(self) -> dict[str, str]:
        """What points a child process to this installation."""
        return {"HOTLINE_CONFIG": str(self.paths.config), "HOTLINE_VAR": str(self.paths.var)}

    @property
    def sip(self) -> str:
        """Where the switch speaks SIP, as address:port."""
        return f"{self.config.hotline.sip.address}:{self.config.hotline.sip.port}"

    @property
    def ami(self) -> PlainAmi:
        """The AMI connection over which the start was seen; a restart makes a new one."""
        assert self._ami is not None, "start the switch first"
        return self._ami

    def start(self) -> "Switch":
        """Start Asterisk and return once it says FullyBooted."""
        main = files.install(self.paths, self.config, self.secrets, self._asterisk)
        with (self.folder / "asterisk.out").open("ab") as out:
            command = [*self._asterisk.command, "-f", "-C", str(main)]
            process = subprocess.Popen(
                command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        self._process = process
        where = (str(self.config.hotline.ami.address), self.config.hotline.ami.port)
        connection = connect(where, START_SECONDS, lambda: process.poll() is None)
        self._ami = PlainAmi(connection, files.AMI_USER, self.secrets.ami_secret)
        self._ami.wait_event("FullyBooted", START_SECONDS)
        return self

    def stop(self) -> None:
        """Ask Asterisk to end, and wait for it."""
        if self._process and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()

    def kill(self) -> None:
        """End Asterisk as a power cut would."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._close()

    def restart(self) -> "Switch":
        """Stop and start; ports, secrets, journal and recordings stay."""
        self.stop()
        return self.start()

    def cli(self, command: str) -> str:
        """Return what Asterisk's own command line answers."""
        main = self.paths.asterisk / "etc" / "asterisk.conf"
        run = [*self._asterisk.command, "-C", str(main), "-rx", command]
        return subprocess.run(run, capture_output=True, text=True, check=True, timeout=PATIENCE).stdout

    def log(self) -> str:
        """Return messages.log: notices, warnings and errors."""
        file = self.paths.asterisk / "log" / "messages.log"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def journal(self) -> list[dict[str, str]]:
        """Return the journal's whole lines, each as the object it holds."""
        file = self.paths.journal / "calls.json"
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def wait_call(
        self, caller: str, event: str = "LINKEDID_END", timeout: float = PATIENCE
    ) -> list[dict[str, str]]:
        """Return the journal of this caller's last call once it holds the event."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            lines = self.journal()
            arrived = [line for line in lines if line["eventtype"] == "arrived"]
            ids = [line["linkedid"] for line in arrived if f"/{caller}/" in extra(line).get("extra", "")]
            call = [line for line in lines if ids and line["linkedid"] == ids[-1]]
            if any(line["eventtype"] == event for line in call):
                return call
            time.sleep(LOOK_SECONDS)  # a file that grows gives nothing to block on
        raise AssertionError(f"no {event} in the journal of {caller}: {self.journal()[-20:]}")

    def wait_log(self, text: str, timeout: float = PATIENCE, times: int = 1) -> None:
        """Block until messages.log holds this so many times."""
        deadline = time.monotonic() + timeout
        while self.log().count(text) < times:
            assert time.monotonic() < deadline, f"no {text!r} in the log: {self.log()[-2000:]}"
            time.sleep(LOOK_SECONDS)  # as above

    def _close(self) -> None:
        if self._ami:
            self._ami.close()
            self._ami = None


def change(file: Path, changes: Mapping[str, Any]) -> None:
    """Put values into a YAML file of the configuration; those of a section go over what stands there."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for section, values in changes.items():
        data[section] = {**data[section], **values} if isinstance(values, Mapping) else values
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def spill(file: Path, overflow: Mapping[str, Any]) -> None:
    """Give queues other steps of overflow."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    for queue in data["queues"]:
        queue["overflow"] = overflow.get(queue["name"], queue.get("overflow", []))
    file.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")


def extra(line: Mapping[str, str]) -> dict[str, Any]:
    """Return what a journal line's eventextra holds: JSON within JSON, or nothing."""
    return json.loads(line["eventextra"]) if line["eventextra"] else {}


def prompt_hertz(index: int) -> int:
    """Return the pitch that stands for the nth prompt of prompts.yaml, of those that a telephone carries."""
    hertz = 500 + 30 * index
    assert hertz < BEEP_HERTZ, "so many prompts need a smaller step"
    return hertz


def tone(file: Path, hertz: int, seconds: float) -> None:
    """Write a sine as the switch plays it: 8 kHz, mono, 16 bit."""
    samples = (round(8000 * math.sin(2 * math.pi * hertz * n / 8000)) for n in range(int(8000 * seconds)))
    with wave.open(str(file), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(array.array("h", samples).tobytes())
