"""Directories, profiles and identity: what is read, what is refused, and what makes two rulesets one."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.problems.errors import RulebookError
from evaluator.rulebook.checks import check_directory
from evaluator.rulebook.files import read_directory
from evaluator.rulebook.load import load_directory, load_layers
from tests.rulebook.corpus import MINIMAL, texts

FILES = texts(MINIMAL)
NATIONAL = FILES["criteria.yaml"].replace("kind: floor", "kind: floor\n    tighten_only: true")


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return directory


def codes(directory: Path) -> list[str]:
    return [p.code for p in check_directory(directory)[1]]


def profile(extends: str, criteria: str = "") -> str:
    """A profile's criteria.yaml with the given table of criteria."""
    head = f"language: 1\nprofile: {{id: local, title: 某县, extends: {extends}}}\n"
    return head + (f"criteria:\n{criteria}" if criteria else "")


def floor(*rows: str, kind: str = "floor", unit: str = "万元/亩/年") -> str:
    text = "".join(f"          - {row}\n" for row in rows)
    return (
        f"  tax_floor:\n    title: 亩均税收下限\n    kind: {kind}\n    unit: {unit}\n"
        f"    by: [industry_code]\n    values:\n      - from: 2024-01-01\n        source: law\n"
        f"        verified: true\n        rows:\n{text}"
    )


def test_missing_directory(tmp_path: Path) -> None:
    assert codes(tmp_path / "nowhere") == ["E701"]
    assert codes(tmp_path) == ["E701"]


def test_not_utf8_too_large_and_misnamed(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "rules" / "gbk.yaml").write_bytes("- id: 甲".encode("gbk"))
    (tmp_path / "rules" / "large.yaml").write_bytes(b"#" * 20_000_001)
    (tmp_path / "rules" / "old.yml").write_text("[]")
    (tmp_path / "rules" / "OLD.YAML").write_text("[]")
    assert sorted(codes(tmp_path)) == ["E701", "E701", "E703", "E703"]


def test_unreadable_file(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "rules" / "gone.yaml").symlink_to(tmp_path / "rules")
    (tmp_path / "rules" / "loop.yaml").symlink_to(tmp_path / "rules" / "loop.yaml")
    assert codes(tmp_path) == []  # Neither is a file.
    # A file that even the superuser cannot read: there is nothing at its beginning.
    (tmp_path / "rules" / "secret.yaml").symlink_to("/proc/self/mem")
    assert codes(tmp_path) == ["E701"]


@pytest.mark.parametrize("target", ['"\\0"', "x" * 5000, ".", "../city", "/nowhere", '"a\\tb"'])
def test_extends_somewhere_impossible(tmp_path: Path, target: str) -> None:
    write(tmp_path / "city", {"criteria.yaml": profile(target)})
    assert codes(tmp_path / "city") == ["E701"]


@pytest.mark.parametrize(
    ("own", "base", "file", "what", "hint"),
    [
        (
            "../nowhere",
            "",
            "city/criteria.yaml:2:42",
            "“../nowhere”里没有 criteria.yaml",
            "如 ../..",
        ),
        ("../state", "../city", "state/criteria.yaml:2:42", "绕回了自己", "去掉其中一个"),
        (".", "", "city/criteria.yaml:2:42", "绕回了自己", "去掉"),
    ],
)
def test_extends_is_told_at_its_line(
    tmp_path: Path, own: str, base: str, file: str, what: str, hint: str
) -> None:
    write(tmp_path / "city", {"criteria.yaml": profile(own)})
    if base:
        write(tmp_path / "state", {"criteria.yaml": profile(base)})
    (found,) = check_directory(tmp_path / "city")[1]
    assert found.code == "E701"
    assert found.place.label() == file
    assert found.message.startswith("extends ")
    assert what in found.message
    assert hint in (found.hint or "")


def test_no_rulebook_at_all(tmp_path: Path) -> None:
    (found,) = check_directory(tmp_path / "none")[1]
    assert "criteria.yaml" in found.message
    assert "规则集的目录" in (found.hint or "")


def test_extends_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path / "a", {"criteria.yaml": profile("../b")})
    write(tmp_path / "b", {"criteria.yaml": profile("../a")})
    assert codes(tmp_path / "a") == ["E701"]


def test_file_elsewhere() -> None:
    with pytest.raises(RulebookError) as error:
        load_layers((("base", {**FILES, "more.yaml": "[]"}),))
    assert [p.code for p in error.value.problems] == ["E703"]


def test_profiles_of_one_name_are_both_read(tmp_path: Path) -> None:
    """county/park on city/park on the base: neither layer stands in for the other."""
    write(tmp_path / "base", FILES)
    write(
        tmp_path / "city" / "park", {"criteria.yaml": profile("../../base", floor("{value: 40}"))}
    )
    own = FILES["rules/rules.yaml"].split("\n\n")[0].replace("positive.land_tax", "positive.own")
    write(
        tmp_path / "county" / "park",
        {"criteria.yaml": profile("../../city/park"), "rules/own.yaml": own},
    )
    ruleset = load_directory(tmp_path / "county" / "park")
    assert ruleset.criteria["tax_floor"].periods[0].rows[0].value == 40
    assert "positive.own" in ruleset.rules
    assert len({name for name, _ in ruleset.layers}) == 3
    assert load_layers(ruleset.layers).identity == ruleset.identity


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        (floor("{industry_code: [C38, C39], value: 30}", "{value: 20}"), []),
        (floor("{industry_code: [C38, C39], value: 31}", "{value: 25}"), []),
        (floor("{value: 30}"), []),
        (floor("{value: 29}"), ["E508"]),
        (floor("{industry_code: [C38, C39], value: 30}", "{value: 19.999}"), ["E508"]),
        # The second code of a row and a narrower code count as well.
        (floor("{industry_code: [C26, C38], value: 25}", "{value: 30}"), ["E508"]),
        (floor("{industry_code: C3985, value: 29}", "{value: 30}"), ["E508"]),
        (floor("{industry_code: C26, value: 20}", "{value: 30}"), []),
        # Another unit of the same kind is compared exactly: 450 万元/公顷 is 30 万元/亩.
        (floor("{value: 450}", unit="万元/公顷/年"), []),
        (floor("{value: 449}", unit="万元/公顷/年"), ["E508"]),
        (floor("{value: 30}", kind="value"), ["E509"]),
    ],
)
def test_national_standard_is_only_tightened(
    tmp_path: Path, criteria: str, expected: list[str]
) -> None:
    write(tmp_path / "base", {**FILES, "criteria.yaml": NATIONAL})
    write(tmp_path / "city", {"criteria.yaml": profile("../base", criteria)})
    assert [c for c in codes(tmp_path / "city") if c in ("E508", "E509")] == expected


def test_a_county_is_held_to_the_national_standard_too(tmp_path: Path) -> None:
    write(tmp_path / "base", {**FILES, "criteria.yaml": NATIONAL})
    write(tmp_path / "city", {"criteria.yaml": profile("../base", floor("{value: 40}"))})
    county = profile("../city", floor("{value: 29}"))
    write(tmp_path / "county", {"criteria.yaml": county})
    assert "E508" in codes(tmp_path / "county")


def identity(**changed: str) -> str:
    files = dict(FILES)
    for file, text in changed.items():
        files[file] = text
    return load_layers((("base", files),)).identity


def test_identity_follows_content_and_nothing_else() -> None:
    c = "criteria.yaml"
    text = FILES[c]
    same = identity()
    assert identity(**{c: "# a comment\n" + text}) == same
    assert identity(**{c: "\ufeff" + text.replace("\n", "\r\n")}) == same
    assert identity(**{c: text.replace("value: 15", "value: 15.0")}) == same
    assert identity(**{"rules/rules.cases.yaml": "[]"}) == same
    for old, new in [
        ("value: 15", "value: 15.1"),
        ("第三条", "第四条"),
        ("C2614", "C2619"),
        ("2024-01-01", "2024-01-02"),
    ]:
        changed = text.replace(old, new).replace(
            "2023-12-31", "2024-01-01" if "01-02" in new else "2023-12-31"
        )
        assert identity(**{c: changed}) != same


def test_fields_file(tmp_path: Path) -> None:
    ok = "fields: [{name: jobs_for_locals, label: 本地就业, type: int, group: output, unit: 人}]"
    ruleset = load_directory(write(tmp_path / "ok", {**FILES, "fields.yaml": ok}))
    assert "jobs_for_locals" in ruleset.registry.fields
    wrong = {
        "[]": "E202",
        "fields: []": "E201",
        "fields: [{name: 就业, label: 就业, type: int, group: output}]": "E312",
        "fields: [{name: land_area, label: 面积, type: int, group: output}]": "E302",
        "fields: [{name: a, label: 甲, type: int, group: output, min: 3, max: 1}]": "E317",
        "fields: [{name: a, label: 甲, type: int, group: output, unit: 亩亩}]": "E401",
        "fields: [{name: a, label: 甲, type: enum, group: output}]": "E201",
        "fields: [{name: a, label: 甲, type: enum, group: output, values: {x: [1]}}]": "E202",
    }
    for number, (text, code) in enumerate(wrong.items()):
        directory = write(tmp_path / str(number), {**FILES, "fields.yaml": text})
        assert code in codes(directory), text


def test_endless_unit_is_refused_at_once() -> None:
    text = FILES["rules/metrics.yaml"].replace("unit: 万元/亩/年", "unit: 万元" + "/亩" * 100_000)
    with pytest.raises(RulebookError) as error:
        load_layers((("base", {**FILES, "rules/metrics.yaml": text}),))
    assert [p.code for p in error.value.problems] == ["E401"]
    assert len(str(error.value)) < 2000


def test_layers_are_the_whole_rulebook() -> None:
    layers = read_directory(MINIMAL)
    assert load_layers(layers).identity == load_directory(MINIMAL).identity
