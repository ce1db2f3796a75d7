"""The API keeps what its OpenAPI document says, whatever is sent (schemathesis, over a real socket)."""

from collections import Counter
from contextlib import suppress

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from telephony.api import serve
from telephony.api.app import PREFIX
from telephony.config_hotline import Listen
from tests.unit.api.served import APP, TOKEN

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def schema(api):
    handle = api.run(serve.start(api.app, Listen.model_construct(address="127.0.0.1", port=0)))
    url = f"http://127.0.0.1:{handle.port}"
    loaded = schemathesis.openapi.from_dict(APP[0].openapi())
    loaded.config.update(base_url=url)
    yield loaded
    api.run(handle.stop())


def operations(schema):
    return [found.ok() for found in schema.get_all_operations() if "stream" not in found.ok().path]


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_no_request_breaks_the_api_whether_the_schema_allows_it_or_not(schema, mode):
    statuses = Counter(status for operation in operations(schema) for status in _attack(operation, mode))
    assert statuses.total() > 50


def test_no_operation_answers_without_the_token(schema):
    seen = {}
    for operation in operations(schema):
        case = operation.Case(path_parameters={each.name: "8001" for each in operation.path_parameters})
        seen[operation.path, operation.method] = case.call().status_code
    assert {status for (path, _), status in seen.items() if path.startswith(PREFIX)} == {401}
    assert len(seen) > 20


def _attack(operation, mode):
    statuses = []

    @FEW
    @given(case=operation.as_strategy(generation_mode=mode))
    def attack(case):
        case.query.pop("wait", None) if case.query else None
        answer = case.call(headers={"Authorization": f"Bearer {TOKEN}"})
        case.validate_response(answer, checks=CHECKS)
        statuses.append(answer.status_code)

    with suppress(Unsatisfiable):  # nothing can be wrong in a request that has nothing to say
        attack()
    return statuses
