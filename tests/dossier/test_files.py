"""Dossiers from text files: shapes, streams, what cannot be opened, and nothing lost on the way."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.fields import base_registry
from evaluator.dossier.files import MAX_LINE, MAX_PROBLEMS, iter_dossiers, read_dossiers
from evaluator.problems.errors import DossierError, Problem, Problems
from evaluator.problems.source import Place, SourceText
from evaluator.reading.jsontext import read_json
from scripts.docs.field_table import with_table
from tests.strategies import write_yaml
from tests.support import ROOT

REGISTRY = base_registry()
A = {"project_id": "A", "project_name": "甲", "submitted_on": "2024-06-03"}
B = {**A, "project_id": "B"}


def ids(name: str, data: str | bytes) -> list[str]:
    content = data.encode() if isinstance(data, str) else data
    return [p.id for p in read_dossiers((name, content), REGISTRY)]


def problems(name: str, data: str | bytes) -> list[Problem]:
    with pytest.raises(DossierError) as caught:
        ids(name, data)
    return list(caught.value.problems)


# --- shapes -------------------------------------------------------------------------------------

SHAPES = [
    (A, ["A"]),
    ({"source": "来函", "dossier": A}, ["A"]),
    ({"dossier": A}, ["A"]),
    ([A], ["A"]),
    ([A, {"source": "来函", "dossier": B}], ["A", "B"]),
    ({"projects": [A, B]}, ["A", "B"]),
    ({"dossiers": [{"dossier": B}, A]}, ["B", "A"]),
]


@pytest.mark.parametrize(("data", "expected"), SHAPES)
def test_shape(data: Any, expected: list[str]) -> None:
    assert ids("x.json", json.dumps(data)) == expected
    assert ids("x.YAML", write_yaml(data)) == expected
    assert ids("x.yml", "\ufeff" + write_yaml(data)) == expected
    if isinstance(data, dict) and "project_id" in data.get("dossier", data):
        assert ids("x.ndjson", json.dumps(data)) == expected


BAD_SHAPES = [
    ({"projects": [A], "dossiers": [B]}, ["D101"]),
    ({"projects": A}, ["D102"]),
    ({"projects": []}, ["D113"]),
    ({"dossiers": None}, ["D102"]),
    ([], ["D113"]),
    ({}, ["D113"]),
    (None, ["D113"]),
    ([A, A], ["D110"]),
    ([A, A, A], ["D110", "D110"]),
    ([A, None, [B]], ["D102", "D102"]),
    ({"dossier": [A]}, ["D102"]),
    ({"dossier": A, "project_id": "A"}, ["D101"]),
    ({"projects": [{"projects": [A]}]}, ["D101", "D109", "D109", "D109"]),
]


@pytest.mark.parametrize(("data", "codes"), BAD_SHAPES)
def test_bad_shape(data: Any, codes: list[str]) -> None:
    assert sorted(p.code for p in problems("x.json", json.dumps(data))) == codes
    if data is not None:
        assert sorted(p.code for p in problems("x.yaml", write_yaml(data))) == codes


def test_published_projects_and_examples() -> None:
    assert len(read_dossiers(ROOT / "examples" / "d01-complete-good.yaml", REGISTRY)) == 1
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        (profile,) = read_dossiers(str(path), REGISTRY)
        assert path.name.upper().startswith(profile.id)


def test_nothing_is_half_read() -> None:
    found = problems("x.json", json.dumps([A, {**B, "land_area": "x"}, {**A, "two_high": 3}]))
    assert [(p.code, p.place.pointer) for p in found] == [
        ("D103", "/1/land_area"),
        ("D103", "/2/two_high"),
    ]


def test_many_problems_are_bounded() -> None:
    found = problems("x.json", json.dumps([{"x": 1}] * (MAX_PROBLEMS * 2)))
    assert len(found) <= MAX_PROBLEMS + 5
    assert "D122" in {p.code for p in found}
    lines = problems("x.jsonl", "{}\n" * MAX_PROBLEMS * 2)
    assert len(lines) <= MAX_PROBLEMS + 5


def marked(text: str, place: Place) -> str:
    """What stands at a place of a text."""
    line = text.split("\n")[(place.line or 0) - 1]
    return line[(place.column or 0) - 1 : (place.end_column or 0) - 1]


# --- places -------------------------------------------------------------------------------------


def test_places_in_json() -> None:
    text = json.dumps(
        [A, {**B, "land_area": "x", "land": 1, "emissions": [{"key": "COD", "value": "y"}]}],
        ensure_ascii=False,
        indent=1,
    )
    for problem in problems("x.json", text):
        place = problem.place
        assert (
            marked(text, place)
            == {"/1/land_area": '"x"', "/1/land": '"land"', "/1/emissions/0/value": '"y"'}[
                place.pointer or ""
            ]
        )


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON_VALUES, st.sampled_from([None, 1]))
def test_every_place_of_a_json_text(data: Any, indent: int | None) -> None:
    """The span found for a path holds exactly the value at that path."""
    text = json.dumps(data, ensure_ascii=False, indent=indent)
    found = Problems()
    document = read_json(SourceText("x", text), found)
    assert document is not None

    def check(value: Any, path: tuple[str | int, ...]) -> None:
        place = document.place(path)
        if isinstance(value, dict):
            for key, inner in value.items():
                at = document.place((*path, key), of_key=True)
                assert json.loads(marked(text, at)) == key
                check(inner, (*path, key))
        elif isinstance(value, list):
            for i, inner in enumerate(value):
                check(inner, (*path, i))
        else:
            assert json.loads(marked(text, place)) == value

    check(data, ())


@given(JSON_VALUES, JSON_VALUES)
def test_a_second_key_never_wins(first: Any, second: Any) -> None:
    text = f'{{"a": [{{"k": {json.dumps(first)}, "z": 1, "k": {json.dumps(second)}}}]}}'
    found = Problems()
    assert read_json(SourceText("x", text), found) is None
    (problem,) = found
    assert problem.code == "D116"
    assert problem.place.column == text.rindex('"k": ' + json.dumps(second)) + 1


# --- JSON Lines ---------------------------------------------------------------------------------


def test_a_bad_line_does_not_stop_the_stream(tmp_path: Path) -> None:
    path = tmp_path / "many.jsonl"
    lines = [
        json.dumps(A),
        "",
        json.dumps({**B, "land_area": "x"}),
        "{",
        json.dumps(B),
        json.dumps(A),
    ]
    path.write_text("\ufeff" + "\r\n".join(lines), "utf-8")
    results = list(iter_dossiers(path, REGISTRY))
    assert [r.id if isinstance(r, Profile) else r.problems[0].code for r in results] == [
        "A",
        "D103",
        "D115",
        "B",
        "D110",
    ]
    assert [r.problems[0].place.line for r in results if isinstance(r, DossierError)] == [3, 4, 6]
    with pytest.raises(DossierError) as caught:
        read_dossiers(path, REGISTRY)
    assert [p.code for p in caught.value.problems] == ["D103", "D115", "D110"]


def test_stream_is_read_as_it_is_needed(tmp_path: Path) -> None:
    path = tmp_path / "endless.jsonl"
    path.write_bytes(json.dumps(A).encode() + b"\n" + b"\xff" * 10)
    stream = iter_dossiers(path, REGISTRY)
    first = next(stream)
    assert isinstance(first, Profile)
    with pytest.raises(DossierError, match="D112"):
        next(stream)


def test_a_line_without_end() -> None:
    (found,) = problems("x.jsonl", b'"' + b"x" * (MAX_LINE + 10))
    assert (found.code, found.place.line) == ("D111", 1)


# --- files that cannot be read ------------------------------------------------------------------


def test_no_such_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "dir.yaml").mkdir()
    for name, code in [
        ("none.yaml", "D111"),
        ("dir.yaml", "D111"),
        ("pipe.yaml", "D111"),
        ("none", "D111"),
        ("a\0b.json", "D111"),
        ("x" * 5000 + ".json", "D111"),
    ]:
        with pytest.raises(DossierError) as caught:
            read_dossiers(tmp_path / name, REGISTRY)
        assert [p.code for p in caught.value.problems] == [code], name
    with pytest.raises(DossierError, match="目录"):
        list(iter_dossiers(tmp_path, REGISTRY))
    with pytest.raises(DossierError, match="目录"):
        read_dossiers(tmp_path, REGISTRY)


@given(st.sampled_from([".yaml", ".json", ".jsonl", ".xlsx"]), st.binary(max_size=200))
def test_any_bytes_give_problems_not_crashes(suffix: str, data: bytes) -> None:
    with pytest.raises(DossierError) as caught:
        read_dossiers((f"x{suffix}", data), REGISTRY)
    str(caught.value).encode()


@given(
    st.sampled_from([".yaml", ".json", ".jsonl"]),
    st.text(alphabet='{}[]:,"- \n\tABab01.eE\\u是', max_size=60),
)
def test_any_text_gives_problems_not_crashes(suffix: str, text: str) -> None:
    with pytest.raises(DossierError) as caught:
        read_dossiers((f"x{suffix}", text.encode()), REGISTRY)
    str(caught.value).encode()


@settings(deadline=None)
@given(JSON_VALUES)
def test_any_data_gives_problems_not_crashes(data: Any) -> None:
    found = Problems()
    raw = {**A, **dict.fromkeys(REGISTRY.fields, data)}
    parse_dossier(raw, REGISTRY, lambda _: Place(SourceText("x", "")), found)
    "\n".join(p.render() for p in found).encode()


# --- documentation ------------------------------------------------------------------------------


def test_field_table_is_current() -> None:
    text = (ROOT / "docs" / "dossier.md").read_text("utf-8")
    assert with_table(text, REGISTRY) == text, (
        "run python -m scripts.docs.field_table docs/dossier.md"
    )


def test_examples_of_the_document() -> None:
    text = (ROOT / "docs" / "dossier.md").read_text("utf-8")
    blocks = [b.partition("```")[0] for b in text.split("```yaml\n")[1:]]
    assert [ids("x.yaml", block) for block in blocks] == [["A-001"], ["A-001", "A-002"]]
    message = text.split("```text\n")[1].partition("```")[0]
    written = (
        "project_id: A\nproject_name: 甲\nsubmitted_on: 2024-06-03\ntotal_investment: 1.2 亿美元\n"
    )
    (found,) = problems("申报.yaml", written)
    assert found.render() == message.rstrip()
