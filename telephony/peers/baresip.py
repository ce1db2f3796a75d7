"""A softphone: baresip without sound hardware, which plays a tone of its own and records what it hears."""

import contextlib
import subprocess
from pathlib import Path
from typing import Self

from telephony.peers.baresip_control import Control, Message
from telephony.peers.dump import Dump
from telephony.peers.ear import Samples
from telephony.peers.ports import PATIENCE_SECONDS, connect, find_program, free_block, free_port
from telephony.peers.warden import warden

START_SECONDS = 30.0
STOP_SECONDS = 5.0
RTP_PORTS = 20

# ausine speaks 48 kHz stereo only; aubridge to a device that nobody reads is a sink; sndfile writes what
# passes to dump-TIME-enc.wav (spoken) and dump-TIME-dec.wav (heard). With net_interface given by address
# a machine without any network will do.
CONFIG = """\
poll_method epoll
net_interface {address}
sip_listen {address}:{port}
call_local_timeout 120
call_max_calls 4
audio_source ausine,{tone}
audio_player aubridge,heard
audio_alert aubridge,alert
ausrc_srate 48000
ausrc_channels 2
rtp_ports {rtp}-{rtp_end}
module_path /usr/lib/baresip/modules
module g711.so
module sndfile.so
module ausine.so
module aubridge.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {address}:{control}
snd_path {folder}
ringback_disabled yes
menu_bell no
"""


class Baresip:
    """One phone with one account; start it, wait until it is registered, then dial or answer."""

    def __init__(  # noqa: PLR0913 - a phone has this many properties, each with its usual value
        self,
        user: str,
        password: str,
        server: str,
        folder: Path,
        *,
        port: int | None = None,
        auto_answer: bool = False,
        tone: int = 440,
        address: str = "127.0.0.1",
    ) -> None:
        self.user, self.server, self.folder = user, server, folder
        self.port = port or free_block(2, "both", address)  # the next port is baresip's TLS
        self._password, self._auto_answer, self._tone = password, auto_answer, tone
        self._address = address
        self._dump = Dump(folder)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: Control | None = None

    def start(self) -> Self:
        """Start the program and let it register."""
        self.folder.mkdir(parents=True, exist_ok=True)
        control, rtp = free_port("tcp", self._address), free_block(RTP_PORTS, "udp", self._address)
        text = CONFIG.format(
            address=self._address,
            port=self.port,
            tone=self._tone,
            rtp=rtp,
            rtp_end=rtp + RTP_PORTS - 1,
            control=control,
            folder=self.folder,
        )
        (self.folder / "config").write_text(text, encoding="utf-8")
        with (self.folder / "baresip.log").open("ab") as log:
            self._process = subprocess.Popen(
                [find_program("baresip"), "-f", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is ours alone
            )
        warden.mind(self._process.pid)
        self._dump.start()
        process = self._process
        where = (self._address, control)
        self._control = Control(connect(where, START_SECONDS, lambda: process.poll() is None))
        # The account comes only now, so that no event of its registration can come before we listen.
        self._control.command("uanew", self._account())
        return self

    def _account(self) -> str:
        mode = "auto" if self._auto_answer else "manual"
        return (
            f"<sip:{self.user}@{self.server}>;auth_user={self.user};auth_pass={self._password}"
            f";regint=600;answermode={mode};audio_codecs=PCMA/8000/1"
        )

    @property
    def control(self) -> Control:
        """The control socket of the started phone."""
        if self._control is None:
            raise RuntimeError("start the phone first")
        return self._control

    def wait_registered(self, timeout: float = PATIENCE_SECONDS) -> None:
        """Block until the switch has accepted the registration."""
        self.wait_event("REGISTER_OK", timeout)

    def wait_event(self, kind: str, timeout: float = PATIENCE_SECONDS) -> Message:
        """Block for an event such as REGISTER_FAIL, CALL_INCOMING, CALL_ESTABLISHED or CALL_CLOSED.

        The reason of a failure or a closed call stands in `param`, the far end in `peeruri`.
        """
        return self.control.wait_event(kind, timeout)

    def dial(self, number: str) -> None:
        """Call a number at the phone's own server."""
        self.control.command("dial", f"sip:{number}@{self.server}")

    def answer(self) -> None:
        """Take the incoming call."""
        self.control.command("accept")

    def hangup(self) -> None:
        """End, or refuse, the call."""
        self.control.command("hangup")

    def hold(self) -> None:
        """Put the other side on hold."""
        self.control.command("hold")

    def resume(self) -> None:
        """Take the other side back from hold."""
        self.control.command("resume")

    def dtmf(self, keys: str) -> None:
        """Press keys (RFC 4733)."""
        self.control.command("sndcode", keys)

    def recordings(self, side: str = "dec") -> list[Path]:
        """Return what the phone heard (`dec`) or spoke (`enc`): a WAV file a call, whole when closed."""
        return sorted(self.folder.glob(f"dump-*-{side}.wav"))

    def hears(self, milliseconds: int | None = 300) -> Samples:
        """Return what the phone has just heard, as 16-bit samples; None: from the first sound on."""
        return self._dump.hears(milliseconds)

    def log(self) -> str:
        """Return what baresip has printed."""
        return (self.folder / "baresip.log").read_text(encoding="utf-8", errors="replace")

    def stop(self) -> None:
        """Unregister and end the program; end it hard if it does not go."""
        if self._control:
            self._control.close()
        if self._process and self._process.poll() is None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the program at once, as a power cut would."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._dump.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
