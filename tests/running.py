"""The service as a process of its own, so that a test may kill it; the test is a client of its API."""

import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress

import httpx

from telephony.paths import PROJECT
from telephony.programs import READY_FD

READY_SECONDS = 60
END_SECONDS = 180
PATIENCE = 40
"""The limit of what takes little time: it only ends a hopeless wait, on however slow a machine."""


class RunningService:
    """`hotline run` on a test's switch."""

    def __init__(self, switch):
        self.switch = switch
        self._process = None
        api = switch.config.hotline.api
        headers = {"Authorization": f"Bearer {switch.secrets.api_token}"}
        self.http = httpx.Client(
            base_url=f"http://{api.address}:{api.port}/api/v1", headers=headers, timeout=90
        )

    def start(self, *, wait=True, environment=None):
        """Start; return when it says that it is ready. `environment` is for this one life."""
        ours, theirs = os.pipe()
        environment = {
            **os.environ,
            **self.switch.environment,
            **(environment or {}),
            READY_FD: str(theirs),
            "PYTHONPATH": str(PROJECT),
        }
        with (self.switch.folder / "service.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "telephony", "run"],
                cwd=self.switch.folder, env=environment, stdout=log, stderr=log, pass_fds=[theirs],
            )  # fmt: skip
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8") as ready:
            if wait and not ready.read():
                raise RuntimeError(f"the service did not start:\n{self.log()[-2000:]}")
        return self

    def kill(self):
        """End it as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self):
        """End it as an operator would."""
        self._end(signal.SIGTERM)

    def wait_killed(self):
        """Block until it has ended by SIGKILL."""
        assert self._process.wait(READY_SECONDS) == -signal.SIGKILL, self.log()[-2000:]

    def freeze(self):
        """Stop it from answering, without closing anything."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def fill_disk(self):
        """Let no file of the service grow any more: its writes fail as on a full disk."""
        self._limit_files(0)

    def make_room(self):
        self._limit_files(resource.RLIM_INFINITY)

    def _limit_files(self, size):
        _, most = resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size if size >= 0 else most, most))

    def _end(self, how):
        if self._process is not None and self._process.poll() is None:
            with suppress(ProcessLookupError):
                self._process.send_signal(how)
            self._process.wait(END_SECONDS)

    def log(self):
        return (self.switch.folder / "service.log").read_text(encoding="utf-8", errors="replace")

    def get(self, path, **query):
        answer = self.http.get(path, params=query)
        answer.raise_for_status()
        return answer.json()

    def post(self, path, **body):
        answer = self.http.post(path, json=body or None)
        if answer.is_client_error or answer.is_server_error:
            raise httpx.HTTPStatusError(
                f"{path} {answer.status_code}: {answer.text}", request=answer.request, response=answer
            )
        return answer.json() if answer.content else None

    def agent(self, number):
        return self.get(f"/agents/{number}")

    def health(self):
        """Return what the probe answers."""
        return self.http.get(self.http.base_url.copy_with(path="/health")).status_code

    def wait_ready(self):
        """Block until every part works: the status is asked to wait for that itself."""
        answer = self.http.get("/status", params={"wait": READY_SECONDS})
        assert answer.json()["ready"], answer.text

    def mark(self):
        """Return the id of the newest event: what is waited for comes after it."""
        return self.get("/events")["last"]

    def wait_event(self, kind, after, *, timeout=PATIENCE, **wanted):
        """Block until an event of this kind whose fields or data are as wanted; return it."""
        while True:
            page = self.get("/events", after=after, kind=kind, wait=timeout)
            if not page["events"]:
                raise AssertionError(f"no event {kind} {wanted} within {timeout} s\n{self.log()[-1500:]}")
            for event in page["events"]:
                seen = {**event["data"], **event}
                if all(seen.get(name) == value for name, value in wanted.items()):
                    return event
            after = page["last"]

    def wait_agent(self, number, state, after=0):
        """Block until an agent is in a state."""
        while (view := self.agent(number))["state"] != state:
            after = self.wait_event("agent", after, agent=number)["id"]
        return view

    def wait_phone(self, number):
        """Block until the service knows that an agent's phone is there, told by the switch."""
        deadline = time.monotonic() + PATIENCE
        while self.agent(number)["phone"] != "registered":
            assert time.monotonic() < deadline, f"the phone of {number} is not there\n{self.log()[-1500:]}"
            self.get("/events", after=self.mark(), wait=0.2)  # of a phone there is no event

    def only_call(self, caller):
        """Block until the one call of a caller has ended; return it with its legs and events."""
        mark = self.mark()
        while not (calls := self.get("/calls", number=caller, state="ended")):
            page = self.get("/events", after=mark, wait=PATIENCE)
            assert page["events"], f"no ended call of {caller} within {PATIENCE} s\n{self.log()[-1500:]}"
            mark = page["last"]
        [call] = calls
        return self.get(f"/calls/{call['id']}")
