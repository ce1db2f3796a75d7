"""Simulated citizens and agents, each a SIPp process: a citizen comes from the carrier, agents register."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from telephony.errors import HotlineError
from telephony.peers import tone
from telephony.peers.ear import Samples
from telephony.peers.media import Media
from telephony.peers.ports import PATIENCE_SECONDS, free_block, free_port, wait_sip
from telephony.peers.sipp_run import SippRun
from telephony.peers.warden import tell

Reject = Literal[480, 486]
HANG_UP = """\
INFO sip:citizen SIP/2.0\r
Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKhangup\r
From: <sip:test>;tag=1\r
To: <sip:citizen>\r
Call-ID: {call}\r
CSeq: 1 INFO\r
Content-Length: 0\r
\r
"""


@dataclass(frozen=True)
class Result:
    """How a citizen's call went."""

    exit_code: int
    answered: bool
    final_code: int | None
    ended_by_far_end: bool
    log_tail: str


class RegistrationRefusedError(HotlineError):
    """The switch did not take an agent's registration."""


def _sender(plan: "SippCitizen") -> bytes:
    name = plan.caller_name
    if isinstance(name, str):
        escaped = name.replace("\\", r"\\").replace('"', r"\"")
        name = f'"{escaped}" '.encode() if name else b""
    user = plan.caller.encode() if isinstance(plan.caller, str) else plan.caller
    sender = b"%b<sip:%b@%b>" % (name, user, plan.local_ip.encode())
    if b"\n" in sender or b"\r" in sender:
        raise ValueError("SIPp reads its rows line by line: write a line break percent-encoded")
    return sender


def _limit(milliseconds: int | None, then: str) -> str:
    return "" if milliseconds is None else f' timeout="{milliseconds}" ontimeout="{then}"'


def _local(address: str, port: int) -> list[str]:
    # bind_local: also as the source address, by which the switch knows the carrier.
    # SIPp takes -mp and the port two above it whether it needs them or not.
    media = ["-mi", address, "-mp", str(free_block(3, "udp", address))]
    return ["-i", address, "-p", str(port), "-bind_local", *media]


@dataclass(kw_only=True)
class SippCitizen:
    """One call of one citizen from the carrier; start it, wait for the answer or the end.

    It hangs up talk_ms after the answer, or stays until the far end hangs up; it gives up cancel_after_ms
    after the INVITE if nobody has answered. Bytes in `caller` and `caller_name` go onto the wire as they are;
    a name that is text is quoted as SIP wants it.
    """

    server: str
    folder: Path
    called: str = "12345"
    caller: str | bytes = "13800000001"
    caller_name: str | bytes = ""
    local_ip: str = "127.0.0.2"
    keys: str = ""
    key_delay_ms: int = 500
    talk_ms: int | None = None
    cancel_after_ms: int | None = None
    hertz: int = 425

    def __post_init__(self) -> None:
        self._run = SippRun(self.folder, "citizen", self._happened)
        self._port = free_port("udp", self.local_ip)
        self._call_id = secrets.token_hex(16)
        # SIPp's soft exit waits and its hard one sends no BYE, so the scenario takes this as a command.
        self._hang_up = (self.local_ip, self._port, HANG_UP.format(call=self._call_id))
        self._media = Media(self.local_ip, free_port("udp", self.local_ip), self.hertz)

    @property
    def heard(self) -> Path:
        """What the citizen heard; there once the call has ended, if anything came."""
        return self.folder / "heard.wav"

    def hears(self, milliseconds: int | None = 300) -> Samples:
        """Return what the citizen has just heard, as 16-bit samples; None: from the first sound on."""
        return tone.decode(self._media.hears(milliseconds))

    def start(self) -> Self:
        """Send the INVITE."""
        # SIPp takes a row apart at semicolons, so the scenario puts one back between each two fields.
        sender = _sender(self).split(b";")
        blanks = {
            "FROM": ";".join(f"[field{index + 1}]" for index in range(len(sender))),
            "TALK": _limit(self.talk_ms, "hangup"),
        }
        arguments = [self.server, *_local(self.local_ip, self._port), "-m", "1", "-cid_str", self._call_id]
        arguments += ["-key", "rtp_port", str(self._media.port)]
        rows = [b";".join([self.called.encode(), *sender])]
        self._run.start("citizen", rows, arguments, blanks, self._hang_up)
        if self.cancel_after_ms is not None:
            # Not in the scenario: SIPp forgets a limit as soon as an optional message, a 180, has come.
            patience = threading.Timer(self.cancel_after_ms / 1000, self._give_up)
            patience.daemon = True
            patience.start()
        return self

    def _give_up(self) -> None:
        if not self._run.has("answered"):
            self.hangup()

    def _happened(self, words: list[str]) -> None:
        if words[0] == "answered":
            self._media.start((words[1], int(words[2])))
            if self.keys:
                self._media.press(self.keys, self.key_delay_ms)

    def press(self, keys: str) -> None:
        """Press keys now."""
        self._media.press(keys, 0)

    def wait_event(self, name: str, timeout: float = PATIENCE_SECONDS) -> list[str]:
        """Block for `ringing`, `answered`, `refused CODE`, `cancelled`, `hung-up` or `far-end-bye`."""
        return self._run.wait_event(name, timeout)

    def wait_answered(self, timeout: float = PATIENCE_SECONDS) -> None:
        """Block until the call is answered."""
        self.wait_event("answered", timeout)

    def wait(self, timeout: float = PATIENCE_SECONDS) -> Result:
        """Block until the call has ended, and say how."""
        try:
            code = self._run.wait(timeout)
        finally:
            self._media.stop(self.heard)
        run = self._run
        finals = [int(words[1]) for words in run.events if words[0] == "refused"]
        final = finals[0] if finals else 200 if run.has("answered") else None
        return Result(code, run.has("answered"), final, run.has("far-end-bye"), run.tail())

    def hangup(self) -> None:
        """Hang up now, or give up the call that is not answered yet; `wait` then tells how it went."""
        tell(*self._hang_up)

    def kill(self) -> None:
        """Vanish without a BYE, as a citizen whose line breaks."""
        self._run.kill()
        self._media.stop(self.heard)


@dataclass(kw_only=True)
class SippAgents:
    """Any number of agents at one port: one SIPp registers them all, then another answers for all of them.

    What an agent hears goes back to where it came from: one socket is enough for all of them.
    """

    passwords: Mapping[str, str]
    server: str
    folder: Path
    local_ip: str = "127.0.0.1"
    port: int = 0
    answer_after_ms: int = 200
    talk_ms: int | None = None
    reject: Reject | None = None
    count: int = 1

    def __post_init__(self) -> None:
        self.port = self.port or free_port("both", self.local_ip)
        self._answering = SippRun(self.folder, "agents")

    def start(self, timeout: float = PATIENCE_SECONDS) -> Self:
        """Register everybody, then answer; raises when a registration is refused or takes too long."""
        rows = [
            f"{user};[authentication username={user} password={password}]".encode()
            for user, password in self.passwords.items()
        ]
        registering = SippRun(self.folder, "register")
        many = ["-m", str(len(rows)), "-r", "200", "-l", str(len(rows))]
        # The same port for both, in turn: the switch sends calls to where the registration came from.
        local = _local(self.local_ip, self.port)
        registering.start("register", rows, [self.server, *local, *many], {})
        if registering.wait(timeout):
            raise RegistrationRefusedError(registering.tail())
        blanks = {
            "ANSWER": _limit(max(1, self.answer_after_ms), "reject" if self.reject else "answer"),
            "TALK": _limit(self.talk_ms, "hangup"),
            "REJECT": "486 Busy Here" if self.reject == 486 else "480 Temporarily Unavailable",  # noqa: PLR2004 - SIP's own numbers
        }
        self._answering.start("agents", [], [self.server, *local, "-rtp_echo"], blanks)
        wait_sip((self.local_ip, self.port), timeout)
        return self

    def wait_checked(self, timeout: float = PATIENCE_SECONDS) -> None:
        """Block until the switch has asked each phone whether it is there: from then on it sends calls."""
        for nth in range(len(self.passwords)):
            self._answering.wait_event("checked", timeout, nth + 2)  # the first question was our own

    def wait_event(self, name: str, timeout: float = PATIENCE_SECONDS, nth: int = 1) -> list[str]:
        """Block for the nth invited, answered, rejected, cancelled, hung-up, far-end-bye or ended.

        The second word is the agent's user.
        """
        return self._answering.wait_event(name, timeout, nth)

    def wait(self, timeout: float = PATIENCE_SECONDS) -> None:
        """Block until `count` calls have ended, and stop."""
        try:
            self._answering.wait_event("ended", timeout, self.count)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop answering; calls in progress fall silent."""
        self._answering.kill()

    def tail(self) -> str:
        """Return what happened."""
        return self._answering.tail()
