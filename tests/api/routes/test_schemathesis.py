"""What the OpenAPI document promises holds for generated requests, good and bad.

``positive_data_acceptance`` and ``negative_data_rejection`` are left out: a dossier may say "18 亩"
where a schema can only say "text", so neither schema-valid nor schema-invalid decides acceptance.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.schemas import BaseSchema

from api.judging.batches import NDJSON, PARQUET
from api.store import accounts, apikeys
from api.store.work import SYSTEM, Actor
from api.transport.body import XLSX
from tests import draws
from tests.api.support import ROLES, Service, sqlite_url

schemathesis.checks.load_all_checks()


@schemathesis.serializer(XLSX, NDJSON, PARQUET)
def _bytes(_: schemathesis.SerializationContext, value: object) -> bytes:
    """Anything at all in place of a workbook, a table or lines."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


EXCLUDED = [
    check
    for check in CHECKS.get_all()
    if check.__name__ in ("positive_data_acceptance", "negative_data_rejection")
]


@dataclass(frozen=True)
class Loaded:
    """The document as schemathesis reads it, and records that exist."""

    schema: BaseSchema
    known: dict[str, str]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Loaded:
    url = sqlite_url(tmp_path_factory.mktemp("schemathesis"))
    service = Service(url, max_body_bytes=300_000)
    with service.store.work(SYSTEM) as work:
        view, _ = accounts.create_account(work, "everything", "全部角色", list(ROLES))
    actor = Actor(view.id, view.name, view.display_name, frozenset(ROLES))
    with service.store.work(actor) as work:
        key = apikeys.create_key(work, "schemathesis", None, False, None)[1]
    receipt = service.submit("r01")
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", service.app)

    @schema.auth()
    class _Key:
        """Sends the key, except where schemathesis itself asks what happens without one."""

        def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:  # noqa: ARG002
            return key

        def set(
            self,
            case: schemathesis.Case,
            data: str,
            context: schemathesis.AuthContext,  # noqa: ARG002
        ) -> None:
            case.headers["Authorization"] = f"Bearer {data}"

    # What is made by rule and not drawn, a request for each limit of each schema, is for the soak.
    schema.config.phases.coverage.enabled = draws.soaking
    return Loaded(schema, {"number": receipt["number"], "decision_id": receipt["decision"]})


@pytest.fixture
def schema(loaded: Loaded) -> BaseSchema:
    return loaded.schema


# Made when the test runs: making the requests while tests are collected would take each worker long.
whole = schemathesis.pytest.from_fixture("schema")


@whole.parametrize()
@draws.draws(3, 8)
def test_whole_api_with_authentication(case: schemathesis.Case, loaded: Loaded) -> None:
    # Half of the requests go to a record that exists, so that more than 404 is seen.
    for name, value in loaded.known.items():
        if name in case.path_parameters and len(str(case.path_parameters[name])) % 2:
            case.path_parameters[name] = value
    # A slow machine is no failure.
    case.call_and_validate(excluded_checks=EXCLUDED, timeout=600)
