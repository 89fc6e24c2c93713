"""The API under generated input: no server error, and every answer fits what the schema promises."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings as bounds
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from accounts.services import issue_token
from tests.documents import draft, province_reviewed, unit_reviewed
from tests.people import account

EXAMPLES = 5
CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.fixture
def one_connection(db):
    """Requests leave the connection of the test open, with its transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("who", ["511921.finance.entry", "510000.finance.head"])
def test_no_generated_call_breaks_the_server_or_the_promise_of_the_schema(who):
    draft("通财农〔2016〕1号")
    unit_reviewed("通财农〔2016〕2号")
    province_reviewed("通财农〔2016〕3号")
    headers = {"Authorization": f"Token {issue_token(account(who))}"}
    schema = schemathesis.openapi.from_wsgi(
        "/api/v1/schema/", get_wsgi_application(), headers=headers | {"Accept": "application/json"}
    )
    broken: dict[str, str] = {}
    called = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        called += 1
        try:
            _try(operation, headers)
        except BaseException as error:  # noqa: BLE001 - every operation is tried, all failures are told at once
            broken[operation.label] = f"{type(error).__name__}: {error}"[:1500]
    assert called > 30
    assert not broken, "\n\n".join(f"{label}\n{why}" for label, why in broken.items())


def _try(operation, headers):
    """A few generated calls of one operation; nothing they change stays."""

    @given(case=operation.as_strategy())
    @bounds(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def calls(case):
        with transaction.atomic():
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)

    calls()
