"""Waiting for news: what long polls and the event stream have in common."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Query, Request

from telephony.api.services import Services, services_of

T = TypeVar("T")
LONGEST_WAIT = 60
"""Seconds that a long poll may last."""

Wait = Annotated[float, Query(ge=0, le=LONGEST_WAIT, description="seconds to wait for an answer")]
Listen = Callable[[float], Awaitable[None]]


class Waiter:
    """Waits for commits; `closing` ends every wait when the service stops."""

    def __init__(self, services: Services, closing: asyncio.Event) -> None:
        self._services = services
        self._closing = closing

    @property
    def is_closing(self) -> bool:
        """Whether nobody may wait any longer."""
        return self._closing.is_set()

    @contextmanager
    def listening(self) -> Iterator[Listen]:
        """Hear from here on: read inside, then await what is given; no commit is missed between the two."""
        beat = self._services.pulse.wait().asFuture(asyncio.get_running_loop())
        closed = asyncio.ensure_future(self._closing.wait())
        ends: set[asyncio.Future[Any]] = {beat, closed}

        async def news(seconds: float) -> None:
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

        try:
            yield news
        finally:
            beat.cancel()
            closed.cancel()

    async def until(
        self,
        enough: Callable[[T], bool],
        look: Callable[[], Awaitable[T]],
        seconds: float,
        *,
        step: float = LONGEST_WAIT,
    ) -> T:
        """Look again at each commit, and every `step` seconds, until enough or `seconds` are over."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            with self.listening() as news:
                seen = await look()
                left = deadline - loop.time()
                if enough(seen) or left <= 0 or self.is_closing:
                    return seen
                await news(min(left, step))


def waiter_of(request: Request) -> Waiter:
    """Return the waiter for this request (a FastAPI dependency)."""
    return Waiter(services_of(request), request.app.state.closing)


Waits = Annotated[Waiter, Depends(waiter_of)]
