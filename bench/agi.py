"""FastAGI sessions a second, ours beside panoramisk and pyst2: `python -m bench.agi`.

Each server is a process of its own, and so is the load generator; each is pinned to a core. A session has six
commands. Each load is run in the order A B C D A B C D; the table gives the mean of the two rates and the
percentiles of both. The CPU time that the server takes for a session says more than the rate if the machine
is busy with other work. The environment, the token and all checks are part of our sessions.
"""

import argparse
import asyncio
import contextlib
import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

SECRET = "bench"  # noqa: S105 - of these servers only
CALL = "1790000000.1"
PARKED = 400
AT_ONCE = (1, 50, 500)
OURS, PANORAMISK, PANORAMISK_UV = "ours", "panoramisk", "panoramisk/uvloop"
SERVERS = (OURS, PANORAMISK, PANORAMISK_UV, "pyst2/threads")


# --- the servers, each in a process: `python -m bench.agi --server NAME` prints its port ---


def six_commands(agi):
    agi.get_variable("CHANNEL(state)")
    agi.set_variable("HOTLINE_ROUTE", "queue-12345")
    agi.stream_file("hotline/welcome", "12")
    agi.get_variable("HOTLINE_CASE")
    agi.set_variable("HOTLINE_BAND", "day")
    agi.verbose("routed")


def park(agi):
    agi.wait_for_digit(600_000)


def serve_ours():
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - the reactor is installed first

    asyncioreactor.install(uvloop.new_event_loop())
    from twisted.internet import reactor  # noqa: PLC0415

    from telephony.agi.server import FastAGIServer  # noqa: PLC0415

    print(FastAGIServer({"six": six_commands, "park": park}, SECRET).listen(0), flush=True)
    reactor.run()


def serve_panoramisk(loop):
    from panoramisk.fast_agi import Application  # noqa: PLC0415

    async def six(request):
        await request.send_command('GET VARIABLE "CHANNEL(state)"')
        await request.send_command('SET VARIABLE "HOTLINE_ROUTE" "queue-12345"')
        await request.send_command('STREAM FILE "hotline/welcome" "12" "0"')
        await request.send_command('GET VARIABLE "HOTLINE_CASE"')
        await request.send_command('SET VARIABLE "HOTLINE_BAND" "day"')
        await request.send_command('VERBOSE "routed" "1"')

    async def waiting(request):
        await request.send_command("WAIT FOR DIGIT 600000")

    asyncio.set_event_loop(loop)
    application = Application(loop=loop)
    application.add_route("six", six)
    application.add_route("park", waiting)
    server = loop.run_until_complete(asyncio.start_server(application.handler, "127.0.0.1", 0, backlog=1024))
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


def serve_pyst2():
    """Run pyst2's AGI as shipped; only its signal handler, which fails off the main thread, is taken out."""
    import signal  # noqa: PLC0415
    import socketserver  # noqa: PLC0415

    signal.signal = lambda *_: None
    from asterisk.agi import AGI  # noqa: PLC0415

    class Out:
        def __init__(self, raw):
            self.raw, self.flush = raw, raw.flush

        def write(self, text):
            self.raw.write(text.encode())

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with (
                Path(os.devnull).open("w", encoding="utf-8") as stderr,
                contextlib.suppress(ValueError, OSError),
            ):
                agi = AGI(self.rfile, Out(self.wfile), stderr)
                (park if agi.env["agi_network_script"] == "park" else six_commands)(agi)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, request_queue_size, allow_reuse_address = True, 1024, True

    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def serve(name):
    pin(0)
    if name == OURS:
        serve_ours()
    elif name.startswith("panoramisk"):
        serve_panoramisk(uvloop.new_event_loop() if name == PANORAMISK_UV else asyncio.new_event_loop())
    else:
        serve_pyst2()


# --- the load, in a process: `python -m bench.agi --load PORT PID AT_ONCE SECONDS PARKED` prints JSON ---


def pin(core):
    """Give server and generator a core each, where there are two: else they take turns and both look slow."""
    if len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


def environment(entry):
    names = "request channel language type version callerid calleridname callingpres callingani2 callington"
    names += " callingtns dnid rdnis context extension priority enhanced accountcode threadid"
    proof = hashlib.sha1(f"{SECRET}:{CALL}".encode()).hexdigest()  # noqa: S324
    lines = ["agi_network: yes", f"agi_network_script: {entry}", f"agi_uniqueid: {CALL}"]
    lines += [f"agi_{name}: PJSIP/trunk-00000001" for name in names.split()]
    return "\n".join([*lines, f"agi_arg_1: {proof}", "", ""]).encode()


ANSWERS = {71: b"200 result=1 (day)\n", 86: b"200 result=1\n"}  # by a command's first letter
STREAMED, DONE = b"200 result=0 endpos=16000\n", b"200 result=1\n"


class Load:
    """Keeps a number of calls going over raw sockets; answers each command at once, as Asterisk would."""

    def __init__(self, port, pid):
        self.address, self.pid = ("127.0.0.1", port), pid
        self.epoll = select.epoll()
        self.calls = {}
        self.times, self.broken, self.counting = [], 0, True
        self.environment = environment("six")

    def call(self, entry=None):
        """Connect and send the environment; loopback connects at once, or the backlog is full and we wait."""
        sock = socket.socket()
        begun = time.perf_counter()
        sock.connect(self.address)
        sock.send(entry or self.environment)
        if entry:
            self.calls[-sock.fileno()] = sock
            return
        self.calls[sock.fileno()] = [sock, begun, 0]
        self.epoll.register(sock.fileno(), select.EPOLLIN)

    def ready(self, number):
        """Answer a command, or count a call that has ended and begin the next."""
        state = self.calls[number]
        try:
            line = state[0].recv(4096)
        except ConnectionResetError:
            line = b""
        if line:
            state[2] += 1
            state[0].send(ANSWERS.get(line[0]) or (STREAMED if line[1] == 84 else DONE))
            return
        if state[2] == 6:
            self.times.append(time.perf_counter() - state[1])
        else:
            self.broken += 1
        del self.calls[number]
        state[0].close()
        self.call()

    def spin(self, seconds):
        """Serve whatever is ready, for a time."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            for number, _ in self.epoll.poll(0.05):
                self.ready(number)

    def cpu(self):
        """Return the seconds of CPU that the server has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def run(self, at_once, seconds, parked):
        """Return the rate, the CPU seconds and every time of the calls that ended while we measured."""
        for _ in range(parked):
            self.call(environment("park"))
        time.sleep(0.3)
        for _ in range(at_once):
            self.call()
        self.spin(0.3)  # warm
        self.times.clear()
        begun, cpu = time.perf_counter(), self.cpu()
        self.spin(seconds)
        lasted = time.perf_counter() - begun
        used = (self.cpu() - cpu) / max(len(self.times), 1)
        return {"rate": len(self.times) / lasted, "cpu": used, "times": self.times, "broken": self.broken}


def generate(port, pid, at_once, seconds, parked):
    pin(1)
    print(json.dumps(Load(int(port), int(pid)).run(int(at_once), float(seconds), int(parked))))


# --- the table ---


@contextlib.contextmanager
def running(name):
    with subprocess.Popen(
        [sys.executable, "-m", "bench.agi", "--server", name],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            yield process.stdout.readline().strip(), str(process.pid)
        finally:
            process.kill()


def measure(name, at_once, seconds, parked=0):
    """Run one load against a fresh server; a fresh one, so that no run pays for the one before."""
    with running(name) as (port, pid):
        command = [
            sys.executable,
            "-m",
            "bench.agi",
            "--load",
            port,
            pid,
            str(at_once),
            str(seconds),
            str(parked),
        ]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def percentile(times, share):
    return sorted(times)[int(len(times) * share)] * 1000 if times else float("nan")


def rows(at_once, seconds):
    """Return (name, sessions/s, CPU µs, p50 ms, p99 ms, broken) of each server, from two runs."""
    runs = {name: [] for name in SERVERS}
    for name in SERVERS * 2:
        runs[name].append(measure(name, at_once, seconds))
    for name, (first, second) in runs.items():
        times = first["times"] + second["times"]
        rate = (first["rate"] + second["rate"]) / 2
        cpu = (first["cpu"] + second["cpu"]) / 2 * 1e6
        yield (
            name,
            rate,
            cpu,
            percentile(times, 0.5),
            percentile(times, 0.99),
            first["broken"] + second["broken"],
        )


def main(seconds):
    table = Table(title="FastAGI sessions of six commands; ratio: sessions/s to panoramisk as shipped")
    for heading in (
        "at once",
        "server",
        "sessions/s",
        "ratio",
        "server CPU µs",
        "p50 ms",
        "p99 ms",
        "broken",
    ):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for at_once in AT_ONCE:
        measured = list(rows(at_once, seconds))
        base = next(row[1] for row in measured if row[0] == PANORAMISK)
        for name, rate, cpu, p50, p99, broken in measured:
            figures = [
                f"{rate:.0f}",
                f"{rate / base:.2f}",
                f"{cpu:.0f}",
                f"{p50:.2f}",
                f"{p99:.2f}",
                str(broken),
            ]
            table.add_row(str(at_once), name, *figures)
        table.add_section()
    Console(width=110).print(table)
    print_parked(seconds)


def print_parked(seconds):
    free, parked = [], []
    for _ in range(3):
        free.append(measure(OURS, 50, seconds))
        parked.append(measure(OURS, 50, seconds, PARKED))
    for what, unit, scale in (("rate", "sessions/s", 1), ("cpu", "µs of CPU a session", 1e6)):
        without, beside = (sum(run[what] for run in runs) / 3 * scale for runs in (free, parked))
        ratio = f"ratio {beside / without:.2f}"
        print(f"ours, 50 at once: {without:.0f} {unit}; beside {PARKED} parked callers {beside:.0f}; {ratio}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=SERVERS, help=argparse.SUPPRESS)
    parser.add_argument("--load", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=1.2, help="length of each run")
    arguments = parser.parse_args()
    if arguments.server:
        serve(arguments.server)
    elif arguments.load:
        generate(*arguments.load)
    else:
        main(arguments.seconds)
