"""Case files: YAML to cases, strictly; every mistake with its place (codes C101 to C108).

    - {rule: positive.land_tax, name: 恰为下限, expect: satisfied, boundary: true,
       dossier: {industry_code: C3562, land_use_mode: new_industrial_land, land_area: 10, annual_tax: 200}}
    - {name: 示范项目, file: examples/d01-complete-good.yaml, verdict: pass}
    - {name: 示范项目没有订单, file: examples/d01-complete-good.yaml, change: {orders_in_hand: 0}, verdict: refer}

A rule case gives a fragment of a dossier, a dossier case a whole one or the file it stands in, with
what is changed in it. Many alike stand in a table (``tables``). Runs nothing.

A profile has the cases of what it extends too, as far as they speak of rules that it leaves alone
(``layers``); of what it changes its own cases speak.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.cases.expected import Expected, card_of, read_expected, read_scores
from evaluator.cases.layers import CaseLayers
from evaluator.cases.tables import is_table, merged, table_rows
from evaluator.dossier.dossier import Profile, parse_dossier
from evaluator.dossier.scalars import Path as FieldPath
from evaluator.problems.choices import strings, suggest, which
from evaluator.problems.errors import Problems
from evaluator.problems.source import Place
from evaluator.reading.yaml.reader import Reader, plain
from evaluator.reading.yaml.scan import Node, YList, YMap, YScalar, read_kept
from evaluator.rulebook.ast import Rule, Ruleset
from evaluator.rulebook.files import BASE, is_case_file, shown_name
from evaluator.rulebook.verdict import STATUS_LABELS, VERDICT_LABELS, Status, Verdict

SUBMITTED_ON = dt.date(2024, 6, 3)


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One rule on one dossier; ``missing`` is the exact set of fields an unknown finding names."""

    rule: str
    name: str
    expect: Status
    profile: Profile
    as_of: dt.date
    missing: frozenset[str] | None
    boundary: bool
    place: Place
    stage: str | None = None
    score: Expected | None = None

    @property
    def scores(self) -> tuple[Expected, ...]:
        """What it expects of its card."""
        return () if self.score is None else (self.score,)


@dataclass(frozen=True, slots=True)
class DossierCase:
    """A whole dossier; ``violated`` is exact where given, ``unknown_includes`` is a part.

    ``file`` names the file that holds it as it is, where there is one. ``routes`` are those that are
    sure to be taken, in their order.
    """

    name: str
    verdict: Verdict
    profile: Profile
    as_of: dt.date
    violated: frozenset[str] | None
    unknown_includes: frozenset[str]
    place: Place
    file: str | None = None
    stage: str | None = None
    routes: tuple[str, ...] | None = None
    scores: tuple[Expected, ...] = ()


@dataclass(frozen=True, slots=True)
class Cases:
    """All cases of a rulebook, in file order.

    ``left_out`` counts those of a rulebook below whose rule the profile judges otherwise.
    """

    rules: tuple[RuleCase, ...]
    dossiers: tuple[DossierCase, ...]
    left_out: int = 0


def read_cases(
    ruleset: Ruleset,
    problems: Problems,
    root: Path | Mapping[str, Path] | None = None,
    files: Mapping[str, str] | None = None,
) -> Cases:
    """Read the ruleset's case files, or ``files`` instead. What is wrong goes to ``problems``.

    ``root`` is the directory of the rulebook, or that of each of its layers: a ``file:`` is looked
    for in the layer of the case and in those below it.
    """
    reader = _CaseReader(ruleset, problems, root)
    layers = ruleset.layers if files is None else ((ruleset.layers[-1][0], files),)
    for layer, texts in layers:
        for name, text in texts.items():
            if files is not None:
                reader.file(layer, name, text)
            elif is_case_file(name):
                reader.file(layer, shown_name(layer, name), text)
    return Cases(tuple(reader.rule_cases), tuple(reader.dossier_cases), reader.left_out)


class _CaseReader:
    def __init__(
        self, ruleset: Ruleset, problems: Problems, root: Path | Mapping[str, Path] | None
    ) -> None:
        self.ruleset = ruleset
        self.problems = problems
        self.report = problems.report
        self.layers = CaseLayers(ruleset, root)
        self.layer = BASE
        self.rule_cases: list[RuleCase] = []
        self.dossier_cases: list[DossierCase] = []
        self.left_out = 0
        self.seen: dict[tuple[str, str, str], Place] = {}
        self.files: dict[Path, YMap | None] = {}

    def file(self, layer: str, name: str, text: str) -> None:
        self.layer = layer
        node = read_kept(name, text, self.problems)
        if isinstance(node, YList):
            for item in node.items:
                self.item(item)
        elif node is not None:
            self.report("C101", "案例文件应是列表，每项以“- rule:”或“- name:”开头", node.place)

    def item(self, node: Node) -> None:
        if not isinstance(node, YMap):
            self.report("C101", "案例应是键值表", node.place)
        elif is_table(node):
            self.table(node)
        else:
            self.one(node)

    def table(self, node: YMap) -> None:
        before = len(self.problems)
        rule = node.get("rule")
        if self.about_dropped(rule):
            return
        if rule is None or self.rule(rule) is not None:
            for row in table_rows(node, self.ruleset.registry, self.problems):
                self.one(row)
        # What is wrong with the shared part is wrong with every row: told once.
        once = {(p.code, p.message, p.place): p for p in self.problems[before:]}
        self.problems[before:] = once.values()

    def one(self, node: YMap) -> None:
        if self.about_dropped(node.get("rule")):
            return
        before = len(self.problems)
        case = self.rule_case(node) if node.get("rule") is not None else self.dossier_case(node)
        if case is None or len(self.problems) > before:
            return
        if not self.layers.stands(self.layer, case.rule if isinstance(case, RuleCase) else None):
            self.left_out += 1
        elif isinstance(case, RuleCase):
            self.rule_cases.append(case)
        else:
            self.dossier_cases.append(case)

    def rule_case(self, node: YMap) -> RuleCase | None:
        r = Reader(node, self.problems, "案例")
        word = r.take("rule", required=True)
        name = r.text("name", required=True)
        expect = r.choice("expect", strings(STATUS_LABELS), required=True)
        as_of = r.date("as_of")
        boundary = r.boolean("boundary", False)
        fragment = r.mapping("dossier", required=True)
        stage = self.stage(r)
        given = r.take("missing") is not None
        missing = [w for w in r.words("missing") if self.known_field(w)]
        rule = self.rule(word) if word else None
        score = self.score(r, rule)
        r.finish()
        profile = self.profile(fragment, name or "") if fragment else None
        if rule is None or not name or expect is None or profile is None:
            return None
        self.unique(rule.id, name, node)
        day = as_of or profile.submitted_on
        if not rule.in_force(day) and self.layers.stands(self.layer, rule.id):
            self.report(
                "C103",
                f"规则“{rule.id}”在 {day.isoformat()} 不施行",
                node.place,
                "用 as_of 写明日期",
            )
        if given and expect not in (Status.UNKNOWN, Status.NOT_DUE):
            hint = "去掉 missing"
            self.report(
                "C106", "missing 只用于 expect: unknown 或 not_due 的案例", node.place, hint
            )
        lacking = frozenset(w.text for w in missing) if given else None
        if expect == Status.NOT_DUE and stage is None:
            hint = "加上 stage: 环节名"
            self.report("C106", "expect: not_due 的案例要写在哪个环节", node.place, hint)
        return RuleCase(
            rule.id, name, Status(expect), profile, day, lacking, boundary, node.place, stage, score
        )

    def score(self, r: Reader, rule: Rule | None) -> Expected | None:
        """What a case of a card's rule expects of the card."""
        card = card_of(rule, self.ruleset) if rule is not None else None
        stands = rule is None or self.layers.stands(self.layer, rule.id)
        return read_expected(r, card, self.problems if stands else Problems())

    def dossier_case(self, node: YMap) -> DossierCase | None:
        r = Reader(node, self.problems, "案例")
        name = r.text("name", required=True)
        verdict = r.choice("verdict", strings(VERDICT_LABELS), required=True)
        as_of, stage = r.date("as_of"), self.stage(r)
        fragment, file, change = r.mapping("dossier"), r.word("file"), r.mapping("change")
        exact = r.take("violated") is not None
        violated = [rule.id for w in r.words("violated") if (rule := self.rule(w))]
        unknown = [rule.id for w in r.words("unknown_includes") if (rule := self.rule(w))]
        routed = r.take("routes") is not None
        routes = [w.text for w in r.words("routes") if self.known_route(w)]
        standing = self.problems if self.layers.stands(self.layer, None) else Problems()
        scores = read_scores(r.mapping("scores"), self.ruleset, standing)
        r.finish()
        if (fragment is None) == (file is None) or (change is not None and file is None):
            hint = "change 只与 file 一起写，是对文件里材料的改动"
            self.report("C107", "整份材料的案例写 dossier 或 file 之一", node.place, hint)
            return None
        if file is not None:
            fragment = self.dossier_file(file)
            if fragment is not None and change is not None:
                fragment = merged(fragment, change, self.ruleset.registry)
        profile = self.profile(fragment, name or "") if fragment else None
        if not name or verdict is None or profile is None:
            return None
        self.unique("", name, node)
        return DossierCase(
            name,
            Verdict(verdict),
            profile,
            as_of or profile.submitted_on,
            frozenset(violated) if exact else None,
            frozenset(unknown),
            node.place,
            file.text if file is not None and change is None else None,
            stage,
            tuple(routes) if routed else None,
            scores,
        )

    def stage(self, r: Reader) -> str | None:
        return r.choice("stage", {s.id: s.title for s in self.ruleset.stages})

    def rule(self, node: Node) -> Rule | None:
        text = node.text if isinstance(node, YScalar) else "（不是文字）"
        rule = self.ruleset.rules.get(text)
        if rule is None:
            self.report("C102", f"没有规则“{text}”", node.place, suggest(text, self.ruleset.rules))
        return rule

    def about_dropped(self, node: Node | None) -> bool:
        """Whether a case speaks of a rule that a profile does without; counted as left out."""
        known = self.ruleset.rules.keys()
        gone = isinstance(node, YScalar) and node.text in self.ruleset.dropped.keys() - known
        self.left_out += gone
        return gone

    def known_route(self, node: YScalar) -> bool:
        known = {route.id: route.body for route in self.ruleset.routes}
        if node.text not in known:
            message = f"没有审定层级“{node.text}”"
            self.report("E203", message, node.place, which(node.text, known))
        return node.text in known

    def known_field(self, node: YScalar) -> bool:
        known = self.ruleset.registry.references
        if node.text not in known:
            self.report("C105", f"没有字段“{node.text}”", node.place, suggest(node.text, known))
        return node.text in known

    def unique(self, rule: str, name: str, node: YMap) -> None:
        first = self.seen.setdefault((self.layer, rule, name), node.place)
        if first is not node.place:
            note = (("第一处", first),)
            self.report("C104", f"案例“{name}”重名", node.place, "换一个名字", note)

    def dossier_file(self, node: YScalar) -> YMap | None:
        path = self.layers.find(self.layer, node.text)
        if path is None:
            self.report("C108", f"找不到材料文件“{node.text}”", node.place)
            return None
        if path not in self.files:
            self.files[path] = self.read_file(path, node)
        return self.files[path]

    def read_file(self, path: Path, node: YScalar) -> YMap | None:
        document = read_kept(node.text, path.read_text("utf-8"), self.problems)
        dossier = document.get("dossier") if isinstance(document, YMap) else None
        if not isinstance(dossier, YMap):
            self.report("C108", f"材料文件“{node.text}”里没有 dossier", node.place)
            return None
        return dossier

    def profile(self, node: YMap, name: str) -> Profile | None:
        """A fragment as a profile; what every dossier must have is filled in where left out."""
        raw = {"project_id": "案例", "project_name": name or "案例", "submitted_on": SUBMITTED_ON}
        values = plain(node)
        assert isinstance(values, dict)
        return parse_dossier(raw | values, self.ruleset.registry, _places(node), self.problems)


def _places(node: YMap) -> Callable[[FieldPath], Place]:
    def place(path: FieldPath) -> Place:
        at: Node = node
        for step in path:
            below: Node | None = None
            if isinstance(at, YMap) and isinstance(step, str):
                below = at.get(step)
            elif isinstance(at, YList) and isinstance(step, int) and step < len(at.items):
                below = at.items[step]
            if below is None:
                break
            at = below
        if len(path) == 1:
            key = next((k for k, _ in node.entries if k.text == path[0]), None)
            if key is not None and isinstance(at, (YMap, YList)):
                return key.place
        return at.place

    return place
