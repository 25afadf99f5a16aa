"""The JSON Schemas accept the shipped files and refuse what has the wrong shape."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evaluator.problems.errors import Problems
from evaluator.reading.yaml.reader import plain
from evaluator.reading.yaml.scan import read_yaml
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.schema.files import FILES, kind_of, schemas, write_schemas
from tests.rulebook.corpus import BAD, MINIMAL, texts

ROOT = Path(__file__).parents[3]
# Mistakes of shape, which a schema sees without knowing units, dates or other files.
SHAPE = (
    "e201-",
    "e202-",
    "e203-",
    "e204-",
    "e205-",
    "e206-",
    "e207-",
    "e208-value-and-rows",
    "e208-basis-both",
    "e301-field",
    "e303-",
    "e304-",
    "e305-",
    "e312-rule-id",
    "e315-",
    "e702-",
    "e701-",
    "e314-",
)
# Of these, what a schema does not see: a unit given elsewhere.
UNSEEN = ("e201-no-unit",)


def json_data(value: Any) -> Any:
    """YAML data as an editor's schema checker sees it: dates are texts."""
    if isinstance(value, dict):
        return {k: json_data(v) for k, v in value.items()}
    if isinstance(value, list):
        return [json_data(v) for v in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def load(name: str, text: str) -> Any:
    problems = Problems()
    node = read_yaml(name, text, problems)
    assert node is not None, problems
    return json_data(plain(node))


@cache
def validators(directory: Path) -> dict[str, Draft202012Validator]:
    found = schemas(load_directory(directory))
    for schema in found.values():
        Draft202012Validator.check_schema(schema)
    return {kind: Draft202012Validator(schema) for kind, schema in found.items()}


def shipped() -> list[str]:
    names = [p.relative_to(ROOT).as_posix() for p in sorted((ROOT / "rules").rglob("*.yaml"))]
    return ["criteria.yaml", *names]


@pytest.mark.parametrize("name", shipped())
def test_shipped_files_validate(name: str) -> None:
    validator = validators(ROOT)[kind_of(name)]
    errors = validator.iter_errors(load(name, (ROOT / name).read_text("utf-8")))
    assert [(list(e.path), e.message) for e in errors] == []


@pytest.mark.parametrize("directory", sorted((ROOT / "profiles").iterdir()), ids=lambda p: p.name)
def test_profiles_validate(directory: Path) -> None:
    found = validators(directory)
    for path in sorted([directory / "criteria.yaml", *(directory / "rules").rglob("*.yaml")]):
        name = path.relative_to(directory).as_posix()
        data = load(name, path.read_text("utf-8"))
        assert [e.message for e in found[kind_of(name)].iter_errors(data)] == [], name


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("full_marks: 95", "full_mark: 95"),
        ("condition: {field: stable", "conditions: {field: stable"),
        ("verdict: reject}", "verdict: refused}"),
        ("cap: 1}", "cap: 1, least: 0}"),
    ],
)
def test_a_card_of_the_wrong_shape_is_refused(old: str, new: str) -> None:
    directory = ROOT / "profiles" / "shijiazhuang"
    name = "rules/scorecards/board.yaml"
    text = (directory / name).read_text("utf-8")
    assert old in text
    data = load(name, text.replace(old, new))
    assert list(validators(directory)[kind_of(name)].iter_errors(data))


@pytest.mark.parametrize("name", list(texts(MINIMAL)))
def test_good_corpus_validates(name: str) -> None:
    data = load(name, texts(MINIMAL)[name])
    assert list(validators(MINIMAL)[kind_of(name)].iter_errors(data)) == []


WRONG_SHAPE = [d for d in BAD if d.name.startswith(SHAPE) and not d.name.startswith(UNSEEN)]


@pytest.mark.parametrize("directory", WRONG_SHAPE, ids=lambda p: p.name)
def test_wrong_shape_is_refused(directory: Path) -> None:
    (name, text), *_ = texts(directory).items()
    assert list(validators(MINIMAL)[kind_of(name)].iter_errors(load(name, text)))


def test_names_are_completed() -> None:
    ruleset = load_directory(ROOT)
    text = json.dumps(schemas(ruleset)["rules"], ensure_ascii=False)
    for name in (
        *ruleset.registry.references,
        *ruleset.metrics,
        *ruleset.criteria,
        *ruleset.sources,
    ):
        assert f'"{name}"' in text
    for label in (*ruleset.registry.departments.values(), *ruleset.dimensions.values()):
        assert label in text


def test_written_for_editors(tmp_path: Path) -> None:
    written = write_schemas(load_directory(MINIMAL), tmp_path)
    assert {p.name for p in written} == {f"{kind}.schema.json" for kind in FILES}
    for path in written:
        schema = json.loads(path.read_text("utf-8"))
        assert schema["$schema"].endswith("2020-12/schema")
