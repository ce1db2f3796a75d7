"""The AMI client: a connection that comes back by itself, actions as Deferreds, events as callbacks.

All that arrives is delivered in the order received, answers and events alike, so a snapshot taken by an
action never overtakes an older event. Delivery runs in short slices between reads: Asterisk drops a reader
that is slow for 100 ms and replays nothing, so a slow callback must not keep us from the socket.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import count
from secrets import token_hex
from typing import Any

import structlog
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint, ITCPTransport
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure

from telephony.errors import EncodingRefusedError, NotAllowedError, SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.codec import Decoder, Headers, Message, encode_action

Callback = Callable[[Message], None]

ACTION_TIMEOUT = 5.0  # seconds an action waits for its answer unless the caller says otherwise
FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0  # seconds before the first reconnect, and the most they double to
SLICE = 0.01  # seconds of delivery before the reactor reads again
INBOX_LIMIT = 200_000  # undelivered messages; then a new connection with a snapshot beats an endless lag
FLUSH = 1.0  # seconds that stop() gives the last bytes to leave

_PING = encode_action("Ping", "keepalive")
_SUCCESS = frozenset({"Success", "Goodbye", "Follows"})
_log = structlog.get_logger(__name__)


class AMIProtocol(Protocol):
    """One connection: cuts the stream into messages, logs in, and notices a dead peer."""

    transport: Any  # zope's interfaces say nothing to mypy

    def __init__(self, client: "AMIClient") -> None:
        self.logged_in = False
        self.up = False
        self._client = client
        self._decoder = Decoder()
        self._heard = True
        self._keepalive = LoopingCall(self._check)
        self._keepalive.clock = client.clock

    def connectionMade(self) -> None:  # noqa: N802 - Twisted's name
        """Log in at once; Asterisk's greeting needs no answer."""
        if ITCPTransport.providedBy(self.transport):  # an action must not wait for Nagle
            self.transport.setTcpNoDelay(True)
        self._keepalive.start(self._client.keepalive, now=False)
        self._client.session_made(self)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802 - Twisted's name
        """Hand on the messages that these bytes complete."""
        self._heard = True
        if messages := self._decoder.feed(data):
            self._client.received(messages)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802 - Twisted's name
        """Tell the client, in order after all that was received."""
        self._keepalive.stop()
        if self._decoder.dropped:
            _log.error("ami_messages_too_long", dropped=self._decoder.dropped)
        self._client.session_lost(self, reason)

    def abort(self) -> None:
        """Close without waiting for a peer that may be dead."""
        self.transport.abortConnection()

    def _check(self) -> None:
        if not self._heard:
            _log.warning("ami_peer_silent", seconds=self._client.keepalive)
            self.abort()
            return
        self._heard = False
        if self.logged_in and not self.up:
            _log.warning("ami_waits_for_fully_booted", hint="the AMI user needs read=system")
        if self.logged_in:
            self.transport.write(_PING)  # whatever it says shows that it lives; nobody waits for the answer


@dataclass(frozen=True, slots=True)
class _Request:
    name: str
    headers: Headers
    timeout: float
    action_id: str
    rows: list[Message] | None = None  # of an action that answers with a list


@dataclass(frozen=True, slots=True)
class _Waiting:
    session: AMIProtocol
    answer: Deferred[Any]
    timer: IDelayedCall


class AMIClient:
    """Actions and events over one AMI connection, made again with growing delays whenever it is lost.

    `endpoint` says where Asterisk listens, `clock` is the reactor. `keepalive` is in seconds: a peer that
    said nothing for one to two of them, though we pinged, counts as dead. `event_mask` is AMI's own: on, or
    classes such as "call,agent,system"; without class system no FullyBooted comes and we stay down.
    """

    def __init__(  # noqa: PLR0913 - an address, a clock, an account
        self,
        endpoint: IStreamClientEndpoint,
        clock: IReactorTime,
        *,
        username: str,
        secret: str,
        event_mask: str = "on",
        keepalive: float = 10.0,
    ) -> None:
        self.clock: Any = clock
        self.keepalive = keepalive
        self._login = [("Username", username), ("Secret", secret), ("Events", event_mask)]
        factory: Any = Factory.forProtocol(partial(AMIProtocol, self))
        factory.noisy = False
        self._service = ClientService(endpoint, factory, retryPolicy=self._next_delay, clock=clock)
        self._delay = FIRST_DELAY
        self._session: AMIProtocol | None = None
        self._ids = map(f"{token_hex(4)}-{{}}".format, count(1))
        self._waiting: dict[str, _Waiting] = {}
        self._lists: dict[str, list[Message]] = {}
        self._subscribers: dict[str, tuple[Callback, ...]] = {"FullyBooted": (self._booted,)}
        self._on_up: list[Callable[[], None]] = []
        self._on_down: list[Callable[[], None]] = []
        self._inbox: deque[tuple[tuple[Callback, ...], Message]] = deque()
        self._delivering = False
        self._later: IDelayedCall | None = None

    @property
    def is_up(self) -> bool:
        """Whether we are connected, logged in and Asterisk is fully booted."""
        return self._session is not None and self._session.up

    def start(self) -> None:
        """Begin to connect; goes on until stop()."""
        self._service.startService()

    def stop(self) -> Deferred[None]:
        """Close and do not come back; fires when the connection is gone."""
        stopped = self._service.stopService()
        if (session := self._session) is not None:
            deadline = self.clock.callLater(FLUSH, session.abort)
            stopped.addBoth(lambda _: _cancel(deadline))
        return stopped

    def subscribe(self, names: Iterable[str], callback: Callback) -> None:
        """Call `callback` with each event of these names; other events are dropped unread.

        An error in a callback is logged and stops neither the other callbacks nor later events.
        """
        for name in names:
            self._subscribers[name] = (*self._subscribers.get(name, ()), callback)

    def on_up(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time the switch becomes usable: the moment to take a snapshot."""
        self._on_up.append(callback)

    def on_down(self, callback: Callable[[], None]) -> None:
        """Call `callback` each time a usable switch is lost, after its last event."""
        self._on_down.append(callback)

    def action(
        self, name: str, headers: Headers = (), *, timeout: float = ACTION_TIMEOUT, action_id: str = ""
    ) -> Deferred[Message]:
        """Send an action; fires with Asterisk's answer.

        Fails with SwitchRefusedError (Asterisk's own words), SwitchUnavailableError (not up, no answer in
        `timeout` seconds, or lost before it: whether it was done is then unknown), EncodingRefusedError
        (nothing was sent), NotAllowedError (the `action_id` waits already).
        """
        return self._submit(_Request(name, headers, timeout, action_id or next(self._ids)))

    def list_action(
        self, name: str, headers: Headers = (), *, timeout: float = ACTION_TIMEOUT, action_id: str = ""
    ) -> Deferred[list[Message]]:
        """Send an action that answers with a list; fires with its events, without the one that ends it.

        These events reach no subscriber. Fails as `action` does; `timeout` is for the whole list.
        """
        return self._submit(_Request(name, headers, timeout, action_id or next(self._ids), rows=[]))

    # What the protocol calls.

    def session_made(self, session: AMIProtocol) -> None:
        """Log in on a new connection."""
        self._session = session

        def accepted(_: Message) -> None:
            session.logged_in = True

        def refused(failure: Failure) -> None:
            _log.error("ami_login_failed", reason=failure.getErrorMessage())
            session.abort()

        login = _Request("Login", self._login, ACTION_TIMEOUT, next(self._ids))
        self._send(session, login).addCallbacks(accepted, refused)

    def session_lost(self, session: AMIProtocol, reason: Failure) -> None:
        """Stop sending now; fail what waits and report the loss when all received before is delivered."""
        _log.info("ami_connection_lost", reason=reason.getErrorMessage())
        self._session = None
        self._inbox.append(((lambda _: self._down(session),), Message(b"")))
        self._deliver_soon()

    def received(self, messages: list[Message]) -> None:
        """Sort what came: answers, rows of lists, events that somebody wants; drop the rest."""
        append, subscribers, lists = self._inbox.append, self._subscribers, self._lists
        for message in messages:
            if not message.is_event:
                append(((self._answered,), message))
            elif lists and message.action_id in lists:
                append(((self._listed,), message))
            elif callbacks := subscribers.get(message.name):
                append((callbacks, message))
        if len(self._inbox) > INBOX_LIMIT and self._session is not None:
            _log.error("ami_inbox_full", undelivered=len(self._inbox))
            self._session.abort()
        self._deliver_soon()

    def _deliver_soon(self) -> None:
        if not self._delivering and self._later is None:
            self._deliver()

    def _deliver(self) -> None:
        self._later = None
        self._delivering = True
        inbox, seconds = self._inbox, self.clock.seconds
        deadline = seconds() + SLICE
        while inbox:
            callbacks, message = inbox.popleft()
            for callback in callbacks:
                _guarded(callback, message)
            if seconds() >= deadline:
                break
        self._delivering = False
        if inbox:
            self._later = self.clock.callLater(0, self._deliver)

    def _booted(self, _: Message) -> None:
        session = self._session
        if session is None or not session.logged_in or session.up:
            return
        session.up = True
        self._delay = FIRST_DELAY
        for callback in self._on_up:
            _guarded(callback)

    def _down(self, session: AMIProtocol) -> None:
        for action_id in [key for key, waiting in self._waiting.items() if waiting.session is session]:
            self._fail(
                action_id, SwitchUnavailableError("The connection to Asterisk was lost before its answer.")
            )
        if session.up:
            for callback in self._on_down:
                _guarded(callback)

    def _next_delay(self, _attempt: int) -> float:
        delay, self._delay = self._delay, min(self._delay * 2, LONGEST_DELAY)
        return delay

    def _submit(self, request: _Request) -> Deferred[Any]:
        if self._session is None or not self._session.up:
            return fail(SwitchUnavailableError("Asterisk is not connected; the service goes on trying."))
        return self._send(self._session, request)

    def _send(self, session: AMIProtocol, request: _Request) -> Deferred[Any]:
        action_id = request.action_id
        if action_id in self._waiting:
            return fail(NotAllowedError("An action with this ActionID waits for its answer already."))
        try:
            data = encode_action(request.name, action_id, request.headers)
        except EncodingRefusedError as refusal:
            return fail(refusal)
        late = SwitchUnavailableError(f"Asterisk did not answer {request.name} in {request.timeout:g} s.")
        timer = self.clock.callLater(request.timeout, self._fail, action_id, late)
        answer: Deferred[Any] = Deferred(lambda _: self._drop(action_id))
        self._waiting[action_id] = _Waiting(session, answer, timer)
        if request.rows is not None:
            self._lists[action_id] = request.rows
        session.transport.write(data)
        return answer

    def _answered(self, message: Message) -> None:
        action_id = message.action_id
        if message.name not in _SUCCESS:
            self._fail(action_id, SwitchRefusedError(message.output or message.get("Message") or "Refused."))
        elif action_id not in self._lists:
            self._succeed(action_id, message)
        elif message.get("EventList").lower() != "start":  # some lists say that they are empty in this way
            self._succeed(action_id, self._lists[action_id])

    def _listed(self, message: Message) -> None:
        action_id = message.action_id
        rows = self._lists.get(action_id)
        if rows is None:
            return
        end = message.get("EventList").lower()
        if end == "complete":
            self._succeed(action_id, rows)
        elif end == "cancelled":
            self._fail(
                action_id, SwitchRefusedError(message.get("Message") or "Asterisk cancelled the list.")
            )
        else:
            rows.append(message)

    def _succeed(self, action_id: str, result: object) -> None:
        if (waiting := self._forget(action_id)) is not None:
            waiting.answer.callback(result)

    def _fail(self, action_id: str, error: Exception) -> None:
        if (waiting := self._forget(action_id)) is not None:
            waiting.answer.errback(error)

    def _drop(self, action_id: str) -> None:
        self._forget(action_id)

    def _forget(self, action_id: str) -> _Waiting | None:
        self._lists.pop(action_id, None)
        waiting = self._waiting.pop(action_id, None)
        if waiting is not None:
            _cancel(waiting.timer)
        return waiting


def _cancel(call: Any) -> None:
    if call.active():
        call.cancel()


def _guarded(callback: Callable[..., None], *arguments: Message) -> None:
    try:
        callback(*arguments)
    except Exception:  # noqa: BLE001 - one faulty listener must not silence the switch for all others
        _log.exception("ami_callback_failed")
