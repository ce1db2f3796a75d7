"""Whatever is wrong with the service, every citizen reaches a person."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from telephony.peers.sipp import SippAgents, SippCitizen
from tests.switch import Switch, extra

Behaviour = Callable[[socket.socket], None]


@contextmanager
def agi_server(switch: Switch, behave: Behaviour) -> Iterator[None]:
    """Behave so towards each connection at the switch's AGI port."""
    where = (str(switch.config.hotline.agi.address), switch.config.hotline.agi.port)
    server = socket.create_server(where)

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                behave(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def stall(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def close(_: socket.socket) -> None:
    """Say nothing: the connection closes."""


def garbage(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"\x00\xff GET / HTTP/1.1\r\n\n\n200 result=1\n" * 20)


def stall_within_a_command(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b'SET VARIABLE HOTLINE_QUEUE "demo"\n')
    stall(connection)


def call(switch: Switch, agents: SippAgents, citizen: SippCitizen) -> tuple[float, list[str]]:
    """Return the seconds from the end of the greeting until the queue, and the notes of the fallback."""
    agents.talk_ms = 100
    agents.start().wait_checked()
    result = citizen.start().wait(10)
    assert result.ended_by_far_end, result.log_tail
    agents.wait_event("answered", 1)
    lines = switch.wait_call("13800000001")
    times = {line["eventtype"]: float(line["eventtime"]) for line in reversed(lines)}
    reasons = [extra(line).get("extra", "") for line in lines if line["eventtype"] == "fallback"]
    queues = [extra(line)["extra"] for line in lines if line["eventtype"] == "queued"]
    assert queues == ["city-12345"]
    return times["queued"] - times["recording"], reasons


def test_nothing_listens(switch: Switch, agents: SippAgents, citizen: SippCitizen) -> None:
    seconds, reasons = call(switch, agents, citizen)
    assert seconds < 1
    assert reasons == ["FAILURE"]


@pytest.mark.parametrize("behave", [close, garbage])
def test_the_service_answers_nonsense_and_goes(
    switch: Switch, agents: SippAgents, citizen: SippCitizen, behave: Behaviour
) -> None:
    with agi_server(switch, behave):
        seconds, reasons = call(switch, agents, citizen)
    assert seconds < 1
    assert len(reasons) == 1


@pytest.mark.parametrize("behave", [stall, stall_within_a_command])
def test_the_service_stalls(
    switch: Switch, agents: SippAgents, citizen: SippCitizen, behave: Behaviour
) -> None:
    with agi_server(switch, behave):
        seconds, reasons = call(switch, agents, citizen)
    assert 1.9 < seconds < 3
    assert len(reasons) == 1
