"""The same service on PostgreSQL, and what happens when the database is away."""

import pytest

from tests.pbx.calls import call_through, ended
from tests.system import System


@pytest.fixture(scope="module")
def on_postgres(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("on-postgres")
    system = System(folder, {"database": postgres.database("service")})
    yield system.start()
    system.stop()


@pytest.fixture
def system(on_postgres):
    yield on_postgres
    on_postgres.hang_up()
    on_postgres.log_everybody_out()


def test_a_call_is_routed_answered_and_told_on_postgresql(system):
    mark = system.service.mark()
    phone, citizen, call_id = call_through(system, "12345", keys="2")
    phone.hangup()
    citizen.wait()
    call = ended(system, call_id, mark)
    assert (call["queue"], call["agent"], call["outcome"]) == ("city-enterprise", "8001", "answered")


def test_states_survive_a_kill_of_the_service_on_postgresql(system):
    system.service.post("/agents/8001/login")
    system.service.post("/agents/8001/pause", reason="meal")
    system.service.kill()
    system.service.start()
    assert system.service.agent("8001")["reason"] == "meal"


def test_without_its_database_the_service_lets_callers_through_and_tells_their_calls_later(system, postgres):
    phone = system.agent("8001")
    postgres.halt()
    citizen = system.citizen("12328")
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    phone.wait_event("CALL_ESTABLISHED")
    phone.hangup()
    assert citizen.wait().ended_by_far_end
    assert system.service.health() == 503
    postgres.resume()
    system.service.wait_ready()
    call = system.service.only_call(citizen.caller)
    assert (call["outcome"], call["queue"]) == ("answered", "city-12345")
