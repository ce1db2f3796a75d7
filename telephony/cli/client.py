"""The API's client: plain HTTP to our own address with the token of var/secrets.yaml."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx

from telephony import config_load, secret_store
from telephony.errors import HotlineError, NotAllowedError
from telephony.paths import Paths
from telephony.texts import say

ANSWER_SECONDS = 15.0
"""How long an answer may take, beside the time that a long poll asks for."""

LONGEST_POLL = 50.0
SOUND_SECONDS = 60.0
"""Until a recording's next piece: first all of it is compared with what was sealed."""


class NotRunningError(HotlineError):
    """The service does not run, or has never run; the text says what to do."""


class RefusedError(HotlineError):
    """The service answered with an error; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """Asks the running service; everything returned is decoded JSON."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    @classmethod
    def of(cls, paths: Paths) -> "Client":
        """Return a client for the installation at `paths`; raise NotRunningError if it has never run."""
        listen = config_load.load(paths.config).hotline.api
        address = "127.0.0.1" if listen.address.is_unspecified else str(listen.address)
        return cls.at(f"http://{address}:{listen.port}", _token(paths))

    @classmethod
    def at(cls, url: str, token: str) -> "Client":
        """Return a client for a service at `url`."""
        headers = {"Authorization": f"Bearer {token}"}
        return cls(httpx.Client(base_url=url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False))

    def get(self, path: str, **query: Any) -> Any:
        """Return what GET answers; a parameter that is None is left out."""
        return self._ask("GET", path, {name: value for name, value in query.items() if value is not None})

    def text(self, path: str, **query: Any) -> str:
        """Return what GET answers where that is no JSON but a text to be kept as it is."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._asked("GET", path, asked).text

    def get_slow(self, path: str, seconds: float, **query: Any) -> Any:
        """Return what GET answers where the answer may take as long as `seconds`."""
        asked = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", path, asked, patience=seconds)

    def send(self, method: str, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """Return what a request that changes something answers; None if it says nothing."""
        return self._ask(method, path, {}, body)

    @contextmanager
    def stream(self, path: str, body: Mapping[str, Any]) -> Iterator[Iterator[bytes]]:
        """Give what a POST answers piece by piece, of what is too long for memory."""
        try:
            with self._http.stream("POST", f"/api/v1/{path}", json=body, timeout=SOUND_SECONDS) as answer:
                if not answer.is_success:
                    answer.read()
                    raise RefusedError(answer.status_code, _message(answer))
                yield answer.iter_bytes()
        except httpx.TimeoutException as error:
            raise NotAllowedError(say("client.slow", seconds=f"{SOUND_SECONDS:g}")) from error
        except httpx.RemoteProtocolError as error:
            raise NotAllowedError(say("client.broken")) from error
        except httpx.TransportError as error:
            raise NotRunningError(say("client.not_running", url=str(self._http.base_url))) from error

    def poll(self, path: str, seconds: float, **query: Any) -> Any:
        """Return what a long poll answers after at most `seconds`."""
        wait = max(0.0, min(seconds, LONGEST_POLL))
        return self.get(path, wait=f"{wait:.3f}", **query)

    def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any = None,
        patience: float = ANSWER_SECONDS,
    ) -> Any:
        answer = self._asked(method, path, query, body, patience)
        return answer.json() if answer.content else None

    def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Any = None,
        patience: float = ANSWER_SECONDS,
    ) -> httpx.Response:
        timeout = patience + float(query.get("wait", 0))
        try:
            answer = self._http.request(method, f"/api/v1/{path}", params=query, json=body, timeout=timeout)
        except httpx.TimeoutException as error:
            raise NotAllowedError(say("client.slow", seconds=f"{timeout:g}")) from error
        except httpx.TransportError as error:
            raise NotRunningError(say("client.not_running", url=str(self._http.base_url))) from error
        if answer.is_success:
            return answer
        raise RefusedError(answer.status_code, _message(answer))


def _token(paths: Paths) -> str:
    if not paths.secrets.exists():
        raise NotRunningError(say("client.never_ran", file=paths.secrets))
    try:
        return secret_store.ensure(paths.secrets, ()).api_token
    except PermissionError as error:
        raise NotAllowedError(say("client.no_token", file=paths.secrets)) from error


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return say("client.stranger", status=answer.status_code)
