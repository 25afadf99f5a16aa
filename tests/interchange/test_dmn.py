"""The exported DMN, run by a FEEL engine that is not ours (feelin), says what the evaluator says.

feelin computes in binary floating point where FEEL prescribes decimals of 34 digits. On a threshold
hit exactly it may therefore differ; such a case must agree again a billionth to either side of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import fcntl
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from evaluator.cases.book import read_cases
from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import read_dossiers
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.interchange.dmn import NAMESPACE, dmn
from evaluator.interchange.formula import ExportError
from evaluator.interchange.jdm import jdm_context
from evaluator.judgement.evaluate import combine
from evaluator.problems.errors import Problems
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.load import load_directory
from tests.draws import draws
from tests.interchange.test_interchange import decimal
from tests.strategies import as_of_dates, dossiers, rulesets
from tests.support import ROOT, ruleset_of, without
from tests.support import profile as profile_of

PACKAGE = Path(__file__).parent / "dmn"
MODULES = PACKAGE / "node_modules"
SCHEMA = MODULES / "@kie-tools" / "dmn-marshaller" / "src" / "schemas" / "dmn-1_5" / "DMN15.xsd"
NUDGE = Fraction(1, 10**9)


class Feelin:
    """One process of run.mjs; a model is loaded once and asked many times."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            ["node", str(PACKAGE / "run.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.model = ""

    def _ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return dict(answer["values"])

    def run(self, xml: str, context: str) -> dict[str, Any]:
        """The value of every decision; ``context`` is the dossier as JSON."""
        if xml != self.model:
            self._ask(json.dumps({"xml": xml}))
            self.model = xml
        return self._ask(f'{{"inputs":{context}}}')

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


@pytest.fixture(scope="session")
def packages() -> Path:
    """The npm packages of tests/interchange/dmn as locked; installed when the lock file has changed."""
    if shutil.which("npm") is None:
        without("npm is not installed")
    lock, stamp = PACKAGE / "package-lock.json", MODULES / ".stamp"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # Several test processes; the first one installs.
        if not stamp.exists() or stamp.read_text() != wanted:
            install = ["npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(install, cwd=PACKAGE, check=True, timeout=300)
            stamp.write_text(wanted)
    return MODULES


@pytest.fixture(scope="session")
def feelin(packages: Path) -> Iterator[Feelin]:
    assert packages.is_dir()
    engine = Feelin()
    yield engine
    engine.close()


@dataclasses.dataclass
class Comparison:
    """Runs dossiers by both; ``on_the_line`` counts what only floating point explains."""

    feelin: Feelin
    ruleset: Ruleset
    on_the_line: int = 0
    models: dict[dt.date, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reference = ReferenceEngine(self.ruleset)

    def both(self, profile: Profile, as_of: dt.date) -> tuple[dict[str, str], dict[str, str], str]:
        if as_of not in self.models:
            self.models[as_of] = dmn(self.ruleset, as_of)
        values = self.feelin.run(self.models[as_of], jdm_context(profile, self.ruleset))
        ours = {k: s.value for k, s in self.reference.statuses(profile, as_of).items()}
        return ours, {k: values[k.replace(".", "_")] for k in ours}, values["verdict"]

    def check(self, profile: Profile, as_of: dt.date, name: str) -> None:
        ours, theirs, verdict = self.both(profile, as_of)
        different = {k for k in ours if ours[k] != theirs[k]}
        for rule in different:
            assert {ours[rule], theirs[rule]} == {"satisfied", "violated"}, (name, rule)
            self._only_rounding(profile, as_of, rule, name)
        self.on_the_line += len(different)
        statuses = self.reference.statuses(profile, as_of)
        if not different:
            assert verdict == combine(self.ruleset, statuses).value, name
        taken = {k: type(s)(theirs[k]) for k, s in statuses.items()}
        assert verdict == combine(self.ruleset, taken).value, name

    def _only_rounding(self, profile: Profile, as_of: dt.date, rule: str, name: str) -> None:
        """Beside the line both agree, and the line lies between."""
        seen = set()
        for near in nudged(profile):
            ours, theirs, _ = self.both(near, as_of)
            assert ours[rule] == theirs[rule], (name, rule)
            seen.add(ours[rule])
        assert {"satisfied", "violated"} <= seen, (name, rule)


def nudged(profile: Profile) -> Iterator[Profile]:
    """The dossier with one number a billionth of itself higher or lower."""
    for field, value in profile.values.items():
        if isinstance(value, Fraction) and "." not in field and value:
            for factor in (1 - NUDGE, 1 + NUDGE):
                yield profile.with_value(field, value * factor)


@pytest.mark.soak
def test_the_corpus_by_feelin(feelin: Feelin) -> None:
    """Each kind of case of every rule, and every whole dossier: each rule's status, and the verdict."""
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    assert not problems
    comparison = Comparison(feelin, ruleset)
    kinds = {(c.rule, c.expect, c.boundary): c for c in reversed(cases.rules)}
    chosen = (*kinds.values(), *cases.dossiers)
    for case in sorted(chosen, key=lambda c: c.as_of):
        comparison.check(case.profile, case.as_of, case.name)
    boundary = sum(boundary for _, _, boundary in kinds)
    assert boundary > 50
    assert comparison.on_the_line <= boundary // 20


def test_the_examples_by_feelin(feelin: Feelin) -> None:
    ruleset = load_directory(ROOT)
    comparison = Comparison(feelin, ruleset)
    paths = sorted((ROOT / "examples").glob("*.yaml"))
    assert len(paths) > 30
    for path in paths:
        (profile,) = read_dossiers(path, ruleset.registry)
        comparison.check(profile, profile.submitted_on, path.name)
    assert comparison.on_the_line == 0


@draws(20, 60)
@given(st.data())
def test_random_rulesets_by_feelin(feelin: Feelin, data: st.DataObject) -> None:
    """Whatever can be exported says the same; what cannot is refused, never approximated."""
    ruleset = data.draw(rulesets())
    profile = decimal(data.draw(dossiers(ruleset)))
    as_of = max(data.draw(as_of_dates(ruleset)), profile.submitted_on)
    ruleset = exportable(ruleset, as_of)
    try:
        jdm_context(profile, ruleset)
    except ExportError:
        return  # A number of the dossier, converted to the table's unit, is no decimal.
    Comparison(feelin, ruleset).check(profile, as_of, "random")


DATES_AND_TEXTS = r"""
- id: integrity.age
  title: 成立满一年
  list: integrity
  require: {metric: age, at_least: 365 日}
  effect: refer
  departments: [market_regulation]
  basis: [{source: law}]
- id: positive.chain
  title: 产业链
  list: positive
  dimension: output
  require: {field: chain_name, in: ['甲"乙', '丙\丁', "戊'己", "庚\t辛"]}
  effect: refer
  departments: [industry]
  basis: [{source: law}]
"""
AGE = "- {id: age, title: 成立天数, unit: 日, formula: {days_between: [enterprise_founded_on, submitted_on]}}"


@pytest.mark.parametrize(
    "chain", ['甲"乙', "丙\\丁", "戊'己", "庚\t辛", "甲", "丙\\\\丁", "庚t辛", None]
)
@pytest.mark.parametrize("founded", ["2023-06-04", "2023-06-05", "2024-02-29", "2026-01-01", None])
def test_days_and_quoted_texts(feelin: Feelin, founded: str | None, chain: str | None) -> None:
    ruleset = ruleset_of(DATES_AND_TEXTS, metrics=AGE)
    given = {"enterprise_founded_on": founded, "chain_name": chain}
    one = profile_of(**{k: v for k, v in given.items() if v is not None})
    comparison = Comparison(feelin, ruleset)
    comparison.check(one, one.submitted_on, str(given))
    assert comparison.on_the_line == 0


def exportable(ruleset: Ruleset, as_of: dt.date) -> Ruleset:
    """The ruleset without the rules that DMN cannot say exactly."""
    kept = {}
    for rule in ruleset.rules.values():
        try:
            dmn(dataclasses.replace(ruleset, rules={rule.id: rule}), as_of)
        except ExportError:
            continue
        kept[rule.id] = rule
    return dataclasses.replace(ruleset, rules=kept)


TAMPERED: Mapping[str, tuple[str, str]] = {
    "NO_VARIABLE_FOUND": (
        '<requiredInput href="#input_annual_tax" />',
        '<requiredInput href="#input_land_area" />',
    ),
    "hit policy": ('hitPolicy="FIRST"', 'hitPolicy="PRIORITY"'),
    "is no boolean": (">true</text>", ">1</text>"),
}


@pytest.mark.parametrize("said", TAMPERED)
def test_the_runner_passes_over_nothing(feelin: Feelin, said: str) -> None:
    """A requirement that is missing, a policy or a type that does not fit: an error, not a null."""
    ruleset = load_directory(ROOT)
    (profile,) = read_dossiers(ROOT / "examples" / "d01-complete-good.yaml", ruleset.registry)
    xml = dmn(ruleset, profile.submitted_on)
    old, new = TAMPERED[said]
    assert old in xml
    with pytest.raises(AssertionError, match=said):
        feelin.run(xml.replace(old, new), jdm_context(profile, ruleset))


def test_the_file_is_dmn_1_5(packages: Path) -> None:
    """OMG's own schema, also as of a day on which some criteria have no value."""
    assert packages.is_dir()
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    ruleset = load_directory(ROOT)
    for day in (dt.date(2021, 12, 31), dt.date(2024, 6, 3), dt.date(2026, 6, 1)):
        document = etree.fromstring(dmn(ruleset, day).encode())
        assert schema.validate(document), schema.error_log
    del document.find("{*}decision").attrib["name"]
    assert not schema.validate(document)


def test_dmn_is_whole() -> None:
    """Ids are unique, every reference leads somewhere, tables are rectangular."""
    ruleset = load_directory(ROOT)
    as_of = dt.date(2026, 1, 1)
    root = ET.fromstring(dmn(ruleset, as_of))
    tag = f"{{{NAMESPACE}}}"
    assert root.tag == f"{tag}definitions"
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for reference in root.iter():
        href = reference.get("href")
        assert href is None or href.removeprefix("#") in ids
    decisions = {d.get("name") for d in root.iter(f"{tag}decision")}
    assert {r.id.replace(".", "_") for r in ruleset.in_force(as_of)} | {"verdict"} <= decisions
    for table in root.iter(f"{tag}decisionTable"):
        width = len(table.findall(f"{tag}input")), len(table.findall(f"{tag}output"))
        for rule in table.findall(f"{tag}rule"):
            cells = len(rule.findall(f"{tag}inputEntry")), len(rule.findall(f"{tag}outputEntry"))
            assert cells == width


def test_dmn_says_a_rule_in_feel() -> None:
    text = dmn(ruleset_of(), dt.date(2024, 6, 3))
    assert "then null else annual_tax - land_area * tax_floor &gt;= 0" in text
    assert 'starts with(industry_code, "C25") or starts with(industry_code, "C2614")' in text
