"""What the OpenAPI document promises holds for generated requests, good and bad.

``positive_data_acceptance`` and ``negative_data_rejection`` are left out: a dossier may say "18 亩"
where a schema can only say "text", so neither schema-valid nor schema-invalid decides acceptance.
"""

from __future__ import annotations

from tempfile import mkdtemp

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from api.app import create_app
from tests.api.support import settings as service_settings

schemathesis.checks.load_all_checks()
EXCLUDED = [
    check
    for check in CHECKS.get_all()
    if check.__name__ in ("positive_data_acceptance", "negative_data_rejection")
]


app = create_app(
    service_settings(engine="reference", database_url=f"sqlite:///{mkdtemp()}/admission.db")
)
loaded = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).include(
    path_regex=r"^/(healthz|readyz|metrics|api/v1/(evaluations|ruleset|rules|criteria|schema))"
)


@loaded.parametrize()
@settings(
    max_examples=25, deadline=None, derandomize=True, database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)  # fmt: skip
def test_stateless_api(case: schemathesis.Case) -> None:
    case.call_and_validate(excluded_checks=EXCLUDED)
