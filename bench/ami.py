"""AMI events a second and the round trip of an action, ours beside panoramisk: `python -m bench.ami`.

A tiny AMI server and each client are processes of their own, on 127.0.0.1, all on uvloop (ours as in
production: Twisted's asyncio reactor over it). The order is A B C D A B C D and the table gives each run.
Every event carries a running number: a client that misses, repeats or reorders one shows it under 'lost'.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from itertools import cycle, islice

import structlog
import uvloop
from rich.console import Console
from rich.table import Table

EVENTS = 20_000
FLOODS = 3
RATE = 3_000
PINGS = 600
PING_EVERY = 0.004
OURS, DICTS, TYPED, PANORAMISK = (
    "ours, 3 headers read",
    "ours, all headers to a dict",
    "ours, typed events",
    "panoramisk 1.4, 3 headers read",
)
CLIENTS = (OURS, PANORAMISK, DICTS, TYPED)
RUNS = 2

# --- the events: what Asterisk 22 writes, about twenty headers each ---

CHANNEL = """Channel: PJSIP/trunk-{n:08x}
ChannelState: 6
ChannelStateDesc: Up
CallerIDNum: 138{n:08d}
CallerIDName: 王芳
ConnectedLineNum: 12345
ConnectedLineName: <unknown>
Language: zh
AccountCode: hotline
Context: from-trunk
Exten: 12345
Priority: 1
Uniqueid: 1795420359.{n}
Linkedid: 1795420359.{n}"""
DEST = "\n".join("Dest" + line for line in CHANNEL.splitlines())
MEMBER = """Queue: hotline
MemberName: 王芳 8001
Interface: PJSIP/8001
StateInterface: PJSIP/8001
Membership: dynamic
Penalty: 0
CallsTaken: 41
LastCall: 1795420361
LastPause: 1795420358
LoginTime: 1795420358
InCall: 0
Status: 1
Paused: 0
PausedReason:{space}
Ringinuse: 0
Wrapuptime: 0"""
MIX = {
    "Newchannel": CHANNEL,
    "VarSet": CHANNEL + "\nVariable: HOTLINE_CASE\nValue: status will follow, ActionID: {n}",
    "Newexten": CHANNEL + "\nExtension: 12345\nApplication: Queue\nAppData: hotline,t,,,60",
    "DialBegin": CHANNEL + "\n" + DEST + "\nDialString: 8001/sip:8001@127.0.0.1",
    "QueueMemberStatus": MEMBER,
    "Newstate": CHANNEL,
    "DeviceStateChange": "Device: PJSIP/8001\nState: NOT_INUSE",
    "BridgeEnter": "BridgeUniqueid: 1027d66c\nBridgeType: basic\nBridgeNumChannels: 1\n" + CHANNEL,
    "Hangup": CHANNEL + "\nCause: 16\nCause-txt: Normal Clearing",
}


def stream(count):
    """Return `count` events as bytes, numbered from 1."""
    names = islice(cycle(MIX), count)
    for n, name in enumerate(names, start=1):
        body = MIX[name].format(n=n, space=" ")
        head = f"Event: {name}\nPrivilege: call,all\nTimestamp: 1795420687.660556\nSequenceNumber: {n}"
        text = f"{head}\n{body}\n\n"
        yield text.replace("\n", "\r\n").encode()


# --- the server: `python -m bench.ami --server` prints its port ---


async def speak(reader, writer, events):
    """Serve one client: Login, Ping, Flood (all at once) and Pace (so many a second)."""
    writer.write(b"Asterisk Call Manager/11.0.0\r\n")
    tasks = set()
    while block := await reader.readuntil(b"\r\n\r\n"):
        headers = dict(line.split(": ", 1) for line in block.decode().strip().split("\r\n"))
        answer = f"Response: Success\r\nActionID: {headers['ActionID']}\r\nMessage: Done\r\n\r\n"
        writer.write(answer.encode())
        if headers["Action"] == "Login":
            writer.write(b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
        elif headers["Action"] == "Flood":
            tasks.add(asyncio.create_task(flood(writer, events)))
        elif headers["Action"] == "Pace":
            tasks.add(asyncio.create_task(pace(writer, events)))


async def flood(writer, events):
    for start in range(0, len(events), 100):
        writer.write(b"".join(events[start : start + 100]))
        await writer.drain()


async def pace(writer, events):
    began, sent = time.perf_counter(), 0
    while not writer.is_closing() and sent < len(events):
        due = int((time.perf_counter() - began) * RATE)
        writer.write(b"".join(events[sent:due]))
        sent = due
        await asyncio.sleep(0.001)


async def serve():
    events = list(stream(EVENTS))

    async def connected(reader, writer):
        try:
            await speak(reader, writer, events)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- the clients, each in a process: `python -m bench.ami --client NAME PORT` prints JSON ---


class Tally:
    """Counts events in their order; `full` is called when all have come."""

    def __init__(self):
        self.count = self.wrong = 0
        self.full = lambda: None

    def add(self, number, *_read):
        """Count the event of this number; the other values only had to be read."""
        self.count += 1
        self.wrong += int(number) != self.count
        if self.count == EVENTS:
            self.full()

    @property
    def lost(self):
        """How many did not come, came twice or came out of order."""
        return EVENTS - self.count + self.wrong


async def measure(send, tally):
    """Run the floods, then pings under a steady rate; `send` sends the named action and can be awaited."""
    rates, lost = [], 0
    for _ in range(FLOODS):
        done = asyncio.get_running_loop().create_future()
        tally.count = tally.wrong = 0
        tally.full = lambda done=done: done.done() or done.set_result(None)
        began = time.perf_counter()
        await send("Flood")
        await asyncio.wait_for(done, 30)
        rates.append(EVENTS / (time.perf_counter() - began))
        lost += tally.lost
    tally.count = tally.wrong = 0
    tally.full = lambda: None
    began = time.perf_counter()
    await send("Pace")
    trips = []
    for _ in range(PINGS):
        sent = time.perf_counter()
        await send("Ping")
        trips.append(time.perf_counter() - sent)
        await asyncio.sleep(PING_EVERY)
    paced = tally.count / (time.perf_counter() - began)
    return {"rate": statistics.median(rates), "lost": lost + tally.wrong, "paced": paced, "trips": trips}


def run_ours(name, port):
    from twisted.internet import asyncioreactor  # noqa: PLC0415 - the reactor is installed first

    loop = uvloop.new_event_loop()
    asyncioreactor.install(loop)
    from twisted.internet import reactor  # noqa: PLC0415
    from twisted.internet.endpoints import TCP4ClientEndpoint  # noqa: PLC0415

    from telephony.pbx import events  # noqa: PLC0415
    from telephony.pbx.ami import AMIClient  # noqa: PLC0415

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is for the result
    tally = Tally()

    def three(message):
        tally.add(message.get("SequenceNumber"), message.get("Channel"), message.get("Uniqueid"))

    def dictionary(message):
        headers = message.headers()
        tally.add(headers["SequenceNumber"], headers.get("Channel"), headers.get("Uniqueid"))

    def typed(message):
        tally.add(message.get("SequenceNumber"), events.parse(message))

    endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", port)
    client = AMIClient(endpoint, reactor, username="svc", secret="bench")  # noqa: S106 - of a throw-away server
    client.subscribe(MIX, {OURS: three, DICTS: dictionary, TYPED: typed}[name])

    async def run():
        print(json.dumps(await measure(lambda action: client.action(action).asFuture(loop), tally)))
        reactor.stop()

    client.on_up(lambda: loop.create_task(run()))
    client.start()
    reactor.run()


def run_panoramisk(port):
    from panoramisk import Manager  # noqa: PLC0415

    tally = Tally()

    def three(_manager, event):
        if "SequenceNumber" in event:
            tally.add(event["SequenceNumber"], event.get("Channel"), event.get("Uniqueid"))

    async def run():
        loop = asyncio.get_running_loop()
        manager = Manager(loop=loop, host="127.0.0.1", port=port, username="svc", secret="bench")  # noqa: S106
        manager.register_event("*", three)
        await manager.connect()
        await asyncio.sleep(0.2)
        print(json.dumps(await measure(lambda action: manager.send_action({"Action": action}), tally)))

    uvloop.run(run())


# --- the command ---


def child(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "bench.ami", *arguments], stdout=subprocess.PIPE, **options
    )


def run_once(name, port):
    with child("--client", name, str(port), stderr=subprocess.DEVNULL) as client:
        output, _ = client.communicate(timeout=60)
    return json.loads(output)


def table(results):
    title = (
        f"{EVENTS:,} events at once, median of {FLOODS}; {PINGS} pings at {RATE:,} events/s; all on uvloop"
    )
    rows = Table(title=title)
    for column in (
        "client",
        "events/s, each run",
        "x panoramisk",
        "lost",
        "ping p50 ms",
        "ping p99 ms",
        "paced at",
    ):
        rows.add_column(column, justify="left" if column == "client" else "right")
    base = statistics.mean(run["rate"] for run in results[PANORAMISK])
    for name, runs in results.items():
        rates = [run["rate"] for run in runs]
        hundredths = [statistics.quantiles(run["trips"], n=100) for run in runs]
        rows.add_row(
            name,
            "  ".join(f"{rate:,.0f}" for rate in rates),
            f"{statistics.mean(rates) / base:.1f}",
            str(sum(run["lost"] for run in runs)),
            "  ".join(f"{cuts[49] * 1000:.2f}" for cuts in hundredths),
            "  ".join(f"{cuts[98] * 1000:.2f}" for cuts in hundredths),
            f"{statistics.mean(run['paced'] for run in runs):,.0f}/s",
        )
    return rows


def verdict(results):
    """Return the targets that were missed."""
    base, ours = ([run["rate"] for run in results[name]] for name in (PANORAMISK, OURS))
    p99 = max(statistics.quantiles(run["trips"], n=100)[98] for run in results[OURS])
    missed = {
        "none lost": any(run["lost"] for name in (OURS, DICTS, TYPED) for run in results[name]),
        "3 x panoramisk": statistics.mean(ours) < 3 * statistics.mean(base),
        "p99 within 1 ms": p99 > 0.001,
    }
    return [name for name, is_missed in missed.items() if is_missed]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.server:
        return uvloop.run(serve())
    if chosen.client:
        name, port = chosen.client
        return run_panoramisk(int(port)) if name == PANORAMISK else run_ours(name, int(port))
    results = {name: [] for name in CLIENTS}
    with child("--server") as server:
        try:
            port = int(server.stdout.readline())
            for name in CLIENTS * RUNS:
                results[name].append(run_once(name, port))
        finally:
            server.terminate()
    Console(width=130).print(table(results))
    missed = verdict(results)
    print("targets missed: " + ", ".join(missed) if missed else "all targets met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
