"""AMI events a second and the round trip of an action, ours beside panoramisk: `python -m bench.ami`.

A tiny AMI server and each client are processes of their own, on 127.0.0.1, all on uvloop (ours as in
production: Twisted's asyncio reactor over it). The order is A B F A B F C D and the table gives each run.
Every event carries a running number: a client that misses, repeats or reorders one shows it under 'lost'.
F is the floor: a bare socket that parses nothing, so its pings say what this machine itself takes just now.
"""

import argparse
import asyncio
import json
import os
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
PINGS = 500
PING_EVERY = 0.004
OURS = "ours, 3 headers read"
DICTS = "ours, all headers to a dict"
TYPED = "ours, typed events"
PANORAMISK = "panoramisk 1.4, 3 headers read"
FLOOR = "bare socket, nothing parsed"
ORDER = (OURS, PANORAMISK, FLOOR, OURS, PANORAMISK, FLOOR, DICTS, TYPED)

# --- the events: what Asterisk 22 writes, about twenty headers each ---

CHANNEL = (
    "Channel: PJSIP/trunk-{n:08x}\nChannelState: 6\nChannelStateDesc: Up\nCallerIDNum: 138{n:08d}\n"
    "CallerIDName: 王芳\nConnectedLineNum: 12345\nConnectedLineName: <unknown>\nLanguage: zh\n"
    "AccountCode: hotline\nContext: from-trunk\nExten: 12345\nPriority: 1\nUniqueid: 1795420359.{n}\n"
    "Linkedid: 1795420359.{n}"
)
DEST = "\n".join("Dest" + line for line in CHANNEL.splitlines())
MEMBER = (
    "Queue: hotline\nMemberName: 王芳 8001\nInterface: PJSIP/8001\nStateInterface: PJSIP/8001\n"
    "Membership: dynamic\nPenalty: 0\nCallsTaken: 41\nLastCall: 1795420361\nLastPause: 1795420358\n"
    "LoginTime: 1795420358\nInCall: 0\nStatus: 1\nPaused: 0\nPausedReason: \nRinginuse: 0\n"
    "Wrapuptime: 0"
)
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
        body = MIX[name].format(n=n)
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


class Bare(asyncio.Protocol):
    """Counts the numbers in the stream and knows an answer when it sees one."""

    def __init__(self, tally):
        self.tally, self.answer, self.transport = tally, None, None

    def connection_made(self, transport):
        """Keep the transport for sending."""
        self.transport = transport

    def data_received(self, data):
        """Wake who waits for an answer, and once per flood who waits for its last event."""
        if b"Response: Success" in data and not self.answer.done():
            self.answer.set_result(None)
        if b"SequenceNumber: %d\r" % EVENTS in data:
            self.tally.count = EVENTS
            self.tally.full()

    def send(self, action):
        """Send one action and return the future of its answer."""
        self.answer = asyncio.get_running_loop().create_future()
        self.transport.write(f"Action: {action}\r\nActionID: 1\r\n\r\n".encode())
        return self.answer


async def run_bare(port):
    bare = Bare(tally := Tally())
    await asyncio.get_running_loop().create_connection(lambda: bare, "127.0.0.1", port)
    await bare.send("Login")
    print(json.dumps(await measure(bare.send, tally)))


# --- the command ---


def run_client(name, port):
    if name == FLOOR:
        uvloop.run(run_bare(port))
    elif name == PANORAMISK:
        run_panoramisk(port)
    else:
        run_ours(name, port)


def child(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "bench.ami", *arguments], stdout=subprocess.PIPE, **options
    )


def run_once(name, port):
    with child("--client", name, str(port), stderr=subprocess.DEVNULL) as client:
        output, _ = client.communicate(timeout=60)
    return json.loads(output)


def hundredths(*runs):
    return statistics.quantiles([trip for run in runs for trip in run["trips"]], n=100)


def table(results):
    title = (
        f"{EVENTS:,} events at once, median of {FLOODS}; {PINGS} pings at {RATE:,} events/s; all on uvloop"
    )
    rows = Table(title=title)
    rows.add_column("client")
    for column in ["events/s, each run", "x panoramisk", "lost", "ping p50 ms", "ping p99 ms", "paced at"]:
        rows.add_column(column, justify="right")
    base = statistics.mean(run["rate"] for run in results[PANORAMISK])
    for name, runs in results.items():
        rates, cuts = [run["rate"] for run in runs], [hundredths(run) for run in runs]
        counted = [
            f"{statistics.mean(rates) / base:.1f}",
            str(sum(run["lost"] for run in runs)),
            f"{statistics.mean(run['paced'] for run in runs):,.0f}/s",
        ]
        ratio, lost, paced = counted if name != FLOOR else ("", "", "")
        p50, p99 = ("  ".join(f"{cut[at] * 1000:.2f}" for cut in cuts) for at in (49, 98))
        rows.add_row(name, "  ".join(f"{rate:,.0f}" for rate in rates), ratio, lost, p50, p99, paced)
    return rows


def verdict(results):
    """Return the targets that were missed; the floor's p99 tells whether the machine was fit to judge it."""
    base, ours = ([run["rate"] for run in results[name]] for name in (PANORAMISK, OURS))
    p99, floor = (hundredths(*results[name])[98] for name in (OURS, FLOOR))
    targets = {
        "none lost": all(run["lost"] == 0 for name in (OURS, DICTS, TYPED) for run in results[name]),
        "at least 3 x panoramisk": statistics.mean(ours) >= 3 * statistics.mean(base),
        f"action p99 within 1 ms (both runs: {p99 * 1000:.2f}, bare socket {floor * 1000:.2f})": p99 <= 0.001,
    }
    return [name for name, met in targets.items() if not met]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.server:
        return uvloop.run(serve())
    if chosen.client:
        return run_client(chosen.client[0], int(chosen.client[1]))
    results = {name: [] for name in ORDER}
    with child("--server") as server:
        try:
            port = int(server.stdout.readline())
            for name in ORDER:
                results[name].append(run_once(name, port))
        finally:
            server.terminate()
    Console(width=130).print(table(results))
    print(f"load of this machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    missed = verdict(results)
    print("targets missed: " + ", ".join(missed) if missed else "all targets met")
    return 0


if __name__ == "__main__":
    sys.exit(main())
