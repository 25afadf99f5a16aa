"""A verdict arranged for reading."""

from __future__ import annotations

from api.judging.judge import Judge
from api.pages.assess.verdict_view import view_of
from tests.api.support import example, shipped


def test_what_is_asked_for_is_listed() -> None:
    """Also where a rule is breached because it was not filled in; never for advice alone."""
    judge = Judge(shipped(), "reference")
    data = {k: v for k, v in example("d01").items() if k not in ("chain_name", "land_class")}
    found = view_of(judge.judge(judge.read(data)).data, judge.ruleset)
    assert [f.label for lack in found.lacks for f in lack.fields] == ["所属重点产业链"]
    assert found.missing_fields == 1
