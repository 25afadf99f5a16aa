"""Command, service and library answer the same bytes."""

from __future__ import annotations

import datetime as dt

from fastapi.testclient import TestClient
from typer.testing import CliRunner

from evaluator import Rulebook
from evaluator.cli.app import app
from tests.api.support import ROOT, example, shipped

URL = "/api/v1/evaluations"
PATHS = sorted((ROOT / "examples").glob("*.yaml"))[::9]


def test_command_service_and_library_give_the_same_bytes(stateless: TestClient) -> None:
    rulebook = Rulebook(shipped())
    command = CliRunner().invoke(app, ["evaluate", "--json", *map(str, PATHS)])
    for path, line in zip(PATHS, command.stdout_bytes.splitlines(), strict=True):
        dossier = example(path.stem)
        answer = stateless.post(URL, json=dossier)
        (judgement,) = rulebook.evaluate_file(path)
        assert judgement.canonical == line == answer.content
        assert rulebook.evaluate(dossier).digest == judgement.digest


def test_on_another_day_too(stateless: TestClient) -> None:
    dossier, day = example(PATHS[0].stem), "2025-03-01"
    answer = stateless.post(URL, json=dossier, params={"as_of": day})
    judgement = Rulebook(shipped()).evaluate(dossier, dt.date.fromisoformat(day))
    assert judgement.canonical == answer.content
