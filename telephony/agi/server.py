"""The FastAGI server: lets in what Asterisk really sent, and runs each session's entry in a greenlet.

Whatever goes wrong, the connection is closed and Asterisk goes on in the dialplan: no caller is lost.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
import traceback
from dataclasses import dataclass
from hashlib import sha1
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import structlog
from twisted.internet import defer
from twisted.internet.protocol import Factory, Protocol, connectionDone

from telephony.agi.session import AGIError, Session
from telephony.errors import AGIHangup

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from twisted.python.failure import Failure

    Handler = Callable[[Session], None]

BACKLOG = 1024  # Asterisk gives a connection up after 2 s; a burst of calls must fit into the queue
MAX_ENVIRONMENT = 16_384  # bytes; Asterisk's own 22 lines take about 700
MAX_ENVIRONMENT_LINES = 160  # Asterisk's own and at most 128 arguments

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server allows."""

    environment_seconds: float = 5.0  # from the connection to the end of the environment
    answer_seconds: float | None = None  # from a command to its answer; a caller may be parked for minutes
    sessions: int = 2000  # connections at once; one more is closed


def token(secret: str, call_id: str) -> str:
    """Return what ${SHA1(secret:${UNIQUEID})} is in the dialplan: the proof that Asterisk is calling."""
    return sha1(f"{secret}:{call_id}".encode()).hexdigest()  # noqa: S324 - Asterisk's dialplan has no other hash


def parse_environment(block: bytes) -> dict[str, str]:
    r"""Return the variables of an environment without its blank line; what is no UTF-8 becomes \xNN.

    Raises AGIError for what Asterisk never sends: a line break smuggled into a caller's number adds lines,
    and a key that comes twice, or an argument before Asterisk's own last key, gives that away.
    """
    text = block.decode("utf-8", "backslashreplace")
    breaks = text.count("\n")
    argument = text.find("\nagi_arg_")
    if breaks >= MAX_ENVIRONMENT_LINES:
        raise AGIError(f"the environment has more than {MAX_ENVIRONMENT_LINES} lines")
    # every line begins with agi_, and after the first argument there are arguments only
    strange = not text.startswith("agi_") or text.count("\nagi_") != breaks
    early = argument >= 0 and text.count("\nagi_arg_", argument) != text.count("\n", argument)
    try:
        env = dict([line.split(": ", 1) for line in text.split("\n")])
    except ValueError:
        strange = True
    if strange or early or len(env) != breaks + 1:
        raise AGIError("the environment holds a line that Asterisk does not send")
    return env


class _Deadlines:
    """Connections in the order in which their time ends, with one timer for all of them."""

    def __init__(self, clock: Any, seconds: float, expired: Callable[[Connection], None]) -> None:
        self._clock, self._seconds, self._expired = clock, seconds, expired
        self._due: dict[Connection, float] = {}
        self._timer: Any = None

    def start(self, connection: Connection) -> None:
        """Give a connection its full time, again if it had some."""
        self._due.pop(connection, None)
        self._due[connection] = self._clock.seconds() + self._seconds
        if self._timer is None:
            self._timer = self._clock.callLater(self._seconds, self._sweep)

    def stop(self, connection: Connection) -> None:
        """Take a connection's time limit away."""
        self._due.pop(connection, None)

    def cancel(self) -> None:
        """End the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sweep(self) -> None:
        now = self._clock.seconds()
        for connection in [one for one, due in self._due.items() if due <= now]:
            del self._due[connection]
            self._expired(connection)
        following = next(iter(self._due.values()), None)
        self._timer = None if following is None else self._clock.callLater(following - now, self._sweep)


class Connection(Protocol):
    """One TCP connection: an environment, then a session."""

    factory: FastAGIServer
    transport: Any  # Twisted's interfaces are not typed for mypy

    def __init__(self) -> None:
        self.session: Session | None = None
        self._block = bytearray()

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Let the connection in, or close it if there are too many."""
        self.factory.joined(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Collect the environment; once the session has begun its `feed` stands in for this method."""
        block = self._block
        searched = max(len(block) - 1, 0)
        block += data
        end = block.find(b"\n\n", searched)
        if not block.startswith(b"agi_"[: len(block)]) or len(block) > MAX_ENVIRONMENT:
            self.refuse("what came is no AGI environment")
        elif end >= 0:
            self._begin(bytes(block[:end]), bytes(block[end + 2 :]))

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002, N802 - Twisted's name
        """Tell the session, which ends in its own time."""
        session, self.session = self.session, None
        if session is not None:
            session.lost()
        elif self.dataReceived != _ignore:
            self.refuse("it was closed before a session began")
        self.dataReceived = _ignore  # type: ignore[method-assign]
        self.transport = _GONE  # with this no cycle is left for the collector
        self.factory.left(self)

    def refuse(self, why: str, **details: str) -> None:
        """Close a connection that is not let in; what else it sends is thrown away."""
        self.dataReceived = _ignore  # type: ignore[method-assign]
        self.factory.refused += 1
        self.factory.deadlines.stop(self)
        _log.warning("agi connection refused", why=why, **details)
        self.transport.abortConnection()

    def send(self, line: bytes) -> None:
        """Write one command and start the time of its answer."""
        if self.factory.patience is not None:
            self.factory.patience.start(self)
        self.transport.write(line)

    def close(self) -> None:
        """Close after what was written has gone out."""
        self.transport.loseConnection()

    def expired(self) -> None:
        """End a session whose command has waited too long for its answer."""
        if self.session is not None and self.session.answering:
            self.session.break_off("the switch did not answer in time")

    def _begin(self, block: bytes, rest: bytes) -> None:
        try:
            env = parse_environment(block)
        except AGIError as malformed:
            self.refuse(str(malformed))
            return
        call = env.get("agi_uniqueid", "")
        entry = env.get("agi_network_script", "")
        if not self.factory.admits(call, env.get("agi_arg_1", "")):
            self.refuse("the token is not this call's", call=call[:64])
        elif (handler := self.factory.handlers.get(entry)) is None:
            self.refuse("there is no such entry", call=call[:64], entry=entry[:64])
        else:
            send = self.transport.write if self.factory.patience is None else self.send
            self.session = session = Session(env, send, self.close)
            self.dataReceived = session.feed  # type: ignore[method-assign]
            self.factory.begun(self)
            if rest:
                session.feed(rest)
            session.start(lambda: self._run(handler, session, entry))

    def _run(self, handler: Handler, session: Session, entry: str) -> None:
        """Run the entry; this is the whole life of the session's greenlet."""
        try:
            handler(session)
        except AGIHangup:
            pass
        except Exception as error:  # noqa: BLE001 - one call's fault must touch no other call
            self.factory.failed += 1
            # the text of an error may quote a phone number, so the log gets its type and place only
            frames = traceback.extract_tb(error.__traceback__)[-5:]
            at = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            kind = type(error).__name__
            _log.error("agi entry failed", call=session.call_id, entry=entry, error=kind, at=at)
        finally:
            self.factory.ended()
            self.close()


class _Socket:
    """An asyncio transport under the names that a Twisted protocol uses."""

    def __init__(self, transport: Any) -> None:
        self.write = transport.write
        self.loseConnection = transport.close
        self.abortConnection = transport.abort


class _Door(asyncio.Protocol):
    """Carries a Connection over the loop's own transport, which on uvloop is faster than Twisted's."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connection.makeConnection(_Socket(transport))

    def data_received(self, data: bytes) -> None:
        self._connection.dataReceived(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - a reset and an end are the same here
        self._connection.connectionLost()


def _ignore(data: bytes = b"") -> None:
    """Throw away what a refused connection still sends."""


_GONE = SimpleNamespace(write=_ignore, loseConnection=_ignore, abortConnection=_ignore)


class FastAGIServer(Factory):
    """Listens for Asterisk and runs `handlers[entry]` for each call that proves it comes from our dialplan.

    `handlers` maps the path of `agi://host/path` to a function that takes a Session; `secret` is shared with
    the dialplan, which passes `token(secret, uniqueid)` as first argument.
    """

    protocol: Any = Connection

    def __init__(
        self, handlers: Mapping[str, Handler], secret: str, *, clock: Any = None, limits: Limits | None = None
    ) -> None:
        if clock is None:
            from twisted.internet import reactor as clock  # noqa: PLC0415 - importing it installs one
        self.handlers = handlers
        self.limits = limits or Limits()
        self.open = 0  # sessions whose entry is running
        self.total = 0  # sessions begun
        self.refused = 0  # connections closed before a session, whatever the reason
        self.failed = 0  # entries that raised
        self._secret = secret
        self._clock = clock
        self._connections: set[Connection] = set()
        self._socket: socket.socket | None = None
        self._listener: asyncio.Server | None = None
        self._quiet: defer.Deferred[None] | None = None
        self.deadlines = _Deadlines(
            clock, self.limits.environment_seconds, lambda late: late.refuse("no environment came in time")
        )
        seconds = self.limits.answer_seconds
        self.patience = None if seconds is None else _Deadlines(clock, seconds, Connection.expired)

    def listen(self, port: int, interface: str = "127.0.0.1") -> int:
        """Listen from the reactor's next turn on; return the port's number. Raises OSError if it is taken."""
        self._socket = socket.create_server((interface, port), backlog=BACKLOG)
        self._clock.callLater(0, lambda: defer.ensureDeferred(self._accept()))
        return int(self._socket.getsockname()[1])

    @property
    def listening(self) -> bool:
        """Whether Asterisk can connect."""
        return self._listener is not None and self._listener.is_serving()

    async def _accept(self) -> None:
        if self._socket is not None:
            loop = asyncio.get_running_loop()  # the asyncio reactor's
            door = lambda: _Door(self.buildProtocol(None))  # noqa: E731
            listening = loop.create_server(door, sock=self._socket, backlog=BACKLOG)
            self._listener = await defer.Deferred.fromFuture(loop.create_task(listening))

    @defer.inlineCallbacks
    def stop(self, grace: float = 5.0) -> Generator[defer.Deferred[Any], Any, None]:
        """Stop listening, give running entries `grace` seconds, close what is left; fires when that is done.

        Connections without a session are closed at once. Work that an entry awaits goes on.
        """
        if self._listener is not None:
            self._listener.close()
        elif self._socket is not None:
            self._socket.close()
        self._socket = None
        self._close_connections(lambda connection: connection.session is None)
        if self.open:
            quiet: defer.Deferred[None] = defer.Deferred()
            self._quiet = quiet
            timer = self._clock.callLater(grace, self._be_quiet)
            yield quiet
            if timer.active():
                timer.cancel()
        self._close_connections(lambda _: True)
        self.deadlines.cancel()
        if self.patience is not None:
            self.patience.cancel()

    def _close_connections(self, which: Callable[[Connection], bool]) -> None:
        for connection in [one for one in self._connections if which(one)]:
            connection.close()

    def joined(self, connection: Connection) -> None:
        """Count a new connection in, and start its time, or refuse it."""
        self._connections.add(connection)
        if len(self._connections) > self.limits.sessions or self.open >= self.limits.sessions:
            connection.refuse("there are too many sessions")
        else:
            self.deadlines.start(connection)

    def left(self, connection: Connection) -> None:
        """Forget a connection."""
        self.deadlines.stop(connection)
        self._connections.discard(connection)

    def admits(self, call: str, proof: str) -> bool:
        """Say whether `proof` is this call's token, in a time that does not depend on where it differs."""
        return hmac.compare_digest(proof.encode(), token(self._secret, call).encode())

    def begun(self, connection: Connection) -> None:
        """Count a session in."""
        self.deadlines.stop(connection)
        self.open += 1
        self.total += 1

    def ended(self) -> None:
        """Count a session out."""
        self.open -= 1
        if not self.open:
            self._be_quiet()

    def _be_quiet(self) -> None:
        quiet, self._quiet = self._quiet, None
        if quiet is not None:
            quiet.callback(None)
