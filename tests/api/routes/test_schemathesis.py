"""What the OpenAPI document promises holds for generated requests, good and bad.

``positive_data_acceptance`` and ``negative_data_rejection`` are left out: a dossier may say "18 亩"
where a schema can only say "text", so neither schema-valid nor schema-invalid decides acceptance.
"""

from __future__ import annotations

from tempfile import mkdtemp

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from api.judging.batches import NDJSON, PARQUET
from api.store import accounts, apikeys
from api.store.work import SYSTEM, Actor
from api.transport.body import XLSX
from tests.api.support import ROLES, Service

# The service of a module is made once: keep its tests in one process.
pytestmark = pytest.mark.xdist_group("api-schemathesis")

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


SERVICE = Service(f"sqlite:///{mkdtemp()}/admission.db", max_body_bytes=300_000)
with SERVICE.store.work(SYSTEM) as _work:
    _roles = list(ROLES)
    _view, _ = accounts.create_account(_work, "everything", "全部角色", _roles)
_actor = Actor(_view.id, _view.name, _view.display_name, frozenset(_roles))
with SERVICE.store.work(_actor) as _work:
    KEY = apikeys.create_key(_work, "schemathesis", None, False, None)[1]
RECEIPT = SERVICE.submit("r01")
KNOWN = {"number": RECEIPT["number"], "decision_id": RECEIPT["decision"]}
loaded = schemathesis.openapi.from_asgi("/api/v1/openapi.json", SERVICE.app)


@loaded.auth()
class _Key:
    """Sends the key, except where schemathesis itself asks what happens without one."""

    def get(self, case: schemathesis.Case, context: schemathesis.AuthContext) -> str:  # noqa: ARG002
        return KEY

    def set(self, case: schemathesis.Case, data: str, context: schemathesis.AuthContext) -> None:  # noqa: ARG002
        case.headers["Authorization"] = f"Bearer {data}"


LIMITS = settings(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
        HealthCheck.data_too_large,
    ],
)


@loaded.parametrize()
@LIMITS
def test_whole_api_with_authentication(case: schemathesis.Case) -> None:
    # Half of the requests go to a record that exists, so that more than 404 is seen.
    for name, value in KNOWN.items():
        if name in case.path_parameters and len(str(case.path_parameters[name])) % 2:
            case.path_parameters[name] = value
    # A slow machine is no failure.
    case.call_and_validate(excluded_checks=EXCLUDED, timeout=600)
