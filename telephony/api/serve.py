"""uvicorn inside the reactor's own asyncio loop: no signals, no process, no access log of its own."""

import asyncio
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI

from telephony.config_hotline import Listen
from telephony.errors import ConfigError
from telephony.texts import say

BACKLOG = 128
GRACE = 2
"""Seconds that answers may still take when the service stops."""


class _Server(uvicorn.Server):
    """A server that leaves signals to the reactor and says when it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.accepting = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave signal handlers as they are."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell who waits."""
        await super().startup(sockets)
        self.accepting.set()


class Handle:
    """The running API."""

    def __init__(self, app: FastAPI, server: _Server, running: "asyncio.Task[None]", port: int) -> None:
        self.port = port
        self._app, self._server, self._running = app, server, running

    async def stop(self) -> None:
        """End long polls and streams, let answers finish, close; at most about GRACE seconds."""
        self._app.state.closing.set()
        self._server.should_exit = True
        await self._running


async def start(app: FastAPI, listen: Listen) -> Handle:
    """Serve `app` in the running loop; returns when connections are accepted.

    Raise ConfigError if the address is not ours or the port is in use.
    """
    listener = _bound(listen)
    settings: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
    config = uvicorn.Config(
        app,
        **settings,
        lifespan="off",
        ws="none",
        http="h11",
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE,
    )
    server = _Server(config)
    running = asyncio.ensure_future(server.serve(sockets=[listener]))
    await server.accepting.wait()
    return Handle(app, server, running, listener.getsockname()[1])


def _bound(listen: Listen) -> socket.socket:
    address = str(listen.address)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, listen.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or type(error).__name__
        raise ConfigError(say("listen", name="api", address=address, port=listen.port, why=reason)) from error
    listener.setblocking(False)
    return listener
