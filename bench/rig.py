"""What the benchmarks of calls share: a switch with many agents, SIPp on both sides, the ledger's count."""

import contextlib
import itertools
import json
import os
import re
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from telephony.peers.ports import find_program, free_port, wait_sip
from telephony.peers.sipp_run import SippRun
from tests import switch as test_switch
from tests.running import RunningService
from tests.switch import Switch

NUMBER, PLAIN = "12315", "99315"
"""Two extensions to the same queue: through our route, and without AGI."""
QUEUE, DEFAULT_QUEUE = "city-12315", "city-12345"
RTP_PORTS = 2000
_rtp = itertools.cycle(range(12000, 20000, RTP_PORTS))  # below those that tests take
TALK_MS = 200
CALLER_AND_AGENT = 2
"""SIP addresses in a line of an agent's log."""
GIVE_UP_MS = 20_000
NO_AGI = "".join(
    f" same => n,Set({setting})\n"
    for setting in (f"HOTLINE_QUEUE={QUEUE}", "HOTLINE_ACTION=queue", "HOTLINE_BY_SWITCH=yes")
)
PLAIN_NUMBER = f"""\
[citizens]
exten => {PLAIN},1,Set(HOTLINE_NUMBER={NUMBER})
 same => n,Set(HOTLINE_DEFAULT_QUEUE={DEFAULT_QUEUE})
 same => n,Set(HOTLINE_GREETING=greeting-{NUMBER})
 same => n,Set(HOTLINE_MENU=)
 same => n,Goto(bench-plain,start,1)
"""


def plain_dialplan(inbound):
    """Return the dialplan of a citizen's call, in a context of its own, without the line that asks us."""
    plain, lines = re.subn(r"^ same => n,AGI\(.*\n", NO_AGI, inbound, flags=re.MULTILINE)
    if lines != 1:
        raise RuntimeError(f"20-inbound.conf asks the service {lines} times, not once")
    return PLAIN_NUMBER + plain.replace("[inbound]", "[bench-plain]")


class BenchSwitch(Switch):
    """The tests' throw-away Asterisk with many agents, prompts of one frame, and the plain extension."""

    def __init__(self, folder, agents, changes=None):
        self.numbers = [str(8000 + nth) for nth in range(1, agents + 1)]
        test_switch.PROMPT_SECONDS = 0.02
        rtp = next(_rtp)
        ports = {"rtp_ports": [rtp, rtp + RTP_PORTS - 1]}
        super().__init__(folder, {"sip": ports, "agents": {"wrap_up_seconds": 0}, **(changes or {})})

    def _configure(self, changes):
        super()._configure(changes)
        self.only_agents(self.numbers, {QUEUE: 0, DEFAULT_QUEUE: 0})

    def start(self):
        """Start Asterisk with the plain extension; read no events: only what is measured does."""
        super().start()
        etc = self.paths.asterisk / "etc" / "extensions.d"
        plain = plain_dialplan((etc / "20-inbound.conf").read_text(encoding="utf-8"))
        (etc / "95-bench.conf").write_text(plain, encoding="utf-8")
        self.cli("dialplan reload")
        self.ami.action("Events", EventMask="off")
        return self

    @property
    def pid(self):
        """Return the process to watch."""
        return self._process.pid

    def add_members(self):
        """Make every agent a member of the queues, as the service does."""
        for number in self.numbers:
            interface = f"PJSIP/{number}"
            for queue in (QUEUE, DEFAULT_QUEUE, f"agent-{number}"):
                self.ami.action(
                    "QueueAdd",
                    Queue=queue,
                    Interface=interface,
                    StateInterface=interface,
                    MemberName=number,
                )


class Service(RunningService):
    """The service under load."""

    @property
    def pid(self):
        """Return the process to watch."""
        return self._process.pid

    def log_everybody_in(self):
        """Make every agent ready."""
        for number in self.switch.numbers:
            self.post(f"/agents/{number}/login")


class Sipp:
    """One SIPp whose scenario logs lines into a file, read when it is over."""

    def __init__(self, folder, name, scenario, arguments, rows=""):
        folder.mkdir(parents=True, exist_ok=True)
        self._log = folder / f"{name}.log"
        xml, csv = folder / f"{name}.xml", folder / f"{name}.csv"
        xml.write_text(scenario, encoding="ascii")
        files = ["-sf", str(xml), "-trace_logs", "-log_file", str(self._log), "-nostdin"]
        if rows:
            csv.write_text(f"SEQUENTIAL\n{rows}\n", encoding="ascii")
            files += ["-inf", str(csv)]
        command = [find_program("sipp"), *arguments, *files]
        with (folder / f"{name}.screen").open("wb") as screen:
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=screen, stderr=subprocess.STDOUT
            )

    def wait(self, seconds):
        """Wait for the end of all calls, and no longer than this."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.stop()

    def stop(self):
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def lines(self, after=0):
        """Return the words of each whole line after byte `after`, and where the file ends."""
        data = self._log.read_bytes()[after:] if self._log.exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        return [line.split() for line in whole.decode("ascii", "replace").splitlines()], after + len(whole)


def scenario(name, **blanks):
    """Return one of our scenarios with its @NAME@ places filled."""
    text = (Path(__file__).parent / "scenarios" / f"{name}.xml").read_text(encoding="ascii")
    for blank, value in blanks.items():
        text = text.replace(f"@{blank}@", str(value))
    return text


class Agents:
    """All agents of a switch at one port: registered once, answering until stopped."""

    def __init__(self, switch, folder):
        self._switch, self._folder, self._port, self._nth = switch, folder, free_port("both"), 0
        self._sipp = None
        self._read = 0

    def register(self):
        """Register every agent's phone."""
        secrets = self._switch.secrets.sip
        rows = [
            f"{n};[authentication username={n} password={secrets[n]}]".encode() for n in self._switch.numbers
        ]
        run = SippRun(self._folder, "register")
        run.start("register", rows, [self._switch.sip, *self._local(), "-m", str(len(rows)), "-r", "100"], {})
        if run.wait(30):
            raise RuntimeError(run.tail())

    def answer(self, talk_ms):
        """Answer at once and hang up after `talk_ms`."""
        self.stop()
        self._nth, self._read = self._nth + 1, 0
        arguments = [self._switch.sip, *self._local(), "-l", "5000"]
        text = scenario("agents", TALK=talk_ms)
        self._sipp = Sipp(self._folder, f"answer{self._nth}", text, arguments)
        wait_sip(("127.0.0.1", self._port), 5)

    def news(self):
        """Return when each caller's INVITE came, and who talked to the end, since the last asking."""
        invited, talked = {}, set()
        for what, at, caller, _ in self.happened():
            if what == "invited":
                invited.setdefault(caller, at)
            else:
                talked.add(caller)
        return invited, talked

    def happened(self):
        """Return (invited or talked, when, caller, agent) in order, since the last asking."""
        lines, self._read = self._sipp.lines(self._read)
        parties = ((words, re.findall(r"sip:([0-9]+)@", " ".join(words))) for words in lines)
        return [
            (words[0], float(words[1]) + float(words[2]) / 1e6, *found)
            for words, found in parties
            if words and words[0] in {"invited", "talked"} and len(found) == CALLER_AND_AGENT
        ]

    def stop(self):
        """Answer no more."""
        if self._sipp:
            self._sipp.stop()

    def _local(self):
        return ["-i", "127.0.0.1", "-p", str(self._port), "-bind_local", "-cp", str(free_port("udp"))]


@dataclass(frozen=True)
class Calls:
    """So many calls to a number at a rate; a citizen stays for `patience_ms` who is not sent a BYE.

    Above `at_once` calls no further one is placed until one has ended.
    """

    number: str
    rate: float
    count: int
    patience_ms: int = GIVE_UP_MS
    at_once: int = 1000


class Citizens:
    """Calls at a steady rate from the carrier's address, each with a number of its own."""

    _runs = 100

    def __init__(self, switch, folder, calls):
        Citizens._runs += 1
        self.prefix = f"13{Citizens._runs}"
        local = ["-i", "127.0.0.2", "-p", str(free_port("udp", "127.0.0.2")), "-bind_local"]
        arguments = [
            switch.sip,
            *local,
            "-cp",
            str(free_port("udp")),
            "-m",
            str(calls.count),
            "-l",
            str(calls.at_once),
        ]
        arguments += ["-r", str(calls.rate), "-key", "rtp_port", str(free_port("udp", "127.0.0.2"))]
        text = scenario("citizen", PREFIX=self.prefix, LIMIT=calls.patience_ms)
        self._sipp = Sipp(folder, f"citizens{self.prefix}", text, arguments, calls.number)

    def wait(self, seconds):
        """Wait for the end of all calls, and no longer than this."""
        self._sipp.wait(seconds)

    def stop(self):
        """Place no more calls."""
        self._sipp.stop()

    def news(self):
        """Return when each INVITE was sent, and whose call the far end ended."""
        lines, _ = self._sipp.lines()
        whole = (words for words in lines if words[0] == "sent" and len(words) > 3)  # the last may be torn
        sent = {words[1]: float(words[2]) + float(words[3]) / 1e6 for words in whole}
        return sent, {words[1] for words in lines if words[0] == "ended"}


@dataclass
class Outcome:
    """What a load came to: seconds from INVITE to INVITE, and how many calls failed, by reason."""

    rate: float
    calls: int
    times: list = field(default_factory=list)
    failed: dict = field(default_factory=dict)
    ledger_lag: float = 0.0

    @property
    def good(self):
        """Whether no call failed."""
        return not self.failed


COUNT = """
select count(*), coalesce(sum(state = 'ended' and outcome = 'answered'), 0),
  (select count(*) from events where kind = 'fallback' and call_id in
    (select id from calls where caller_number >= :first and caller_number < :end))
from calls where caller_number >= :first and caller_number < :end"""


def ledger_counts(switch, prefix):
    """Return (known, answered and ended, sent to the default queue without us) of these callers' calls."""
    file = switch.paths.var / "hotline.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        return database.execute(COUNT, {"first": prefix, "end": f"{prefix}:"}).fetchone()


def turns_given(switch):
    """Return for each turn that the service has given, in their order, since when the caller had waited."""
    file = switch.paths.var / "hotline.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=10)) as database:
        rows = database.execute("SELECT at, data FROM events WHERE kind = 'turn' ORDER BY id").fetchall()
    return [datetime.fromisoformat(at).timestamp() - json.loads(data)["waited"] for at, data in rows]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_ledger(switch, prefix, calls, seconds):
    """Wait until the ledger has every call's end; return how long that took and its counts."""
    begun = time.monotonic()
    while (counts := ledger_counts(switch, prefix))[1] < calls and time.monotonic() - begun < seconds:
        time.sleep(0.05)
    return time.monotonic() - begun, counts
