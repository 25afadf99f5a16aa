"""Running cases: does every rule give what its cases say, and does every rule have its cases.

``rules/**/*.cases.yaml`` hold the cases (``book`` reads them). ``coverage_gaps`` tells which
rule lacks which kind of case. Knows nothing of the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluator.cases.book import Cases, DossierCase, RuleCase
from evaluator.cases.expected import differing
from evaluator.cases.layers import CaseLayers
from evaluator.engine.base import Engine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.explain import explain
from evaluator.judgement.routes import routes
from evaluator.judgement.scores import grade_cards, scores
from evaluator.problems.errors import Problem
from evaluator.problems.source import Place
from evaluator.rulebook import ast, walk
from evaluator.rulebook.due import find_stage, not_due
from evaluator.rulebook.verdict import STATUS_LABELS, VERDICT_LABELS, Status, Verdict

# So many of the rules behind a wrong verdict are named.
MAX_TOLD = 5
KINDS = {
    "satisfied": "符合",
    "violated": "不符合",
    "unknown": "材料不足",
    "not_applicable": "不适用",
    "boundary": "恰在界限上",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How a case came out; ``failures`` says in Chinese what differs from what was expected.

    ``why`` is the reason that the rule gives, for a case of one rule.
    """

    case: RuleCase | DossierCase
    expected: str
    found: str
    failures: tuple[str, ...]
    why: str = ""

    @property
    def passed(self) -> bool:
        return not self.failures

    def problem(self) -> Problem:
        """The failure as a Problem (C110) at the place of the case."""
        rule = f"（{self.case.rule}）" if isinstance(self.case, RuleCase) else ""
        message = f"案例“{self.case.name}”{rule}：{'；'.join(self.failures)}"
        if self.why:
            message += f"。{self.why}"
        hint = "规则改得对，就改案例；规则不该是这个结果，就查规则和标准"
        return Problem("C110", message, self.case.place, hint)


@dataclass(frozen=True, slots=True)
class Gap:
    """The kinds of case that a rule lacks, keys of KINDS; ``layer`` is where they are to be written.

    That is the layer that last changed the rule or what it is judged by; None where there is one.
    """

    rule: str
    kinds: tuple[str, ...]
    place: Place
    layer: str | None = None

    def problem(self) -> Problem:
        """The gap as a Problem (C109) at the place of the rule."""
        kinds = "、".join(f"“{KINDS[kind]}”" for kind in self.kinds)
        hint = (
            f"规则或它所用的标准在“{self.layer}”改了，案例写在那个目录的 rules/ 下，如 rules/local.cases.yaml"
            if self.layer is not None
            else "在规则旁边的 .cases.yaml 里补上；admission rules suggest 可以先拟出来"
        )
        return Problem("C109", f"规则“{self.rule}”缺少{kinds}的案例", self.place, hint)


# --- running -------------------------------------------------------------------------------------


def run_cases(cases: Cases, evaluator: Evaluator) -> list[Result]:
    """Run every case, rule cases first, both in file order."""
    return [
        *run_rule_cases(cases, evaluator.engine, evaluator),
        *(run_dossier_case(case, evaluator) for case in cases.dossiers),
    ]


def run_rule_cases(cases: Cases, engine: Engine, reference: Evaluator) -> Iterator[Result]:
    """Run every rule case through ``engine``, in file order."""
    return (run_rule_case(case, engine, reference) for case in cases.rules)


def run_rule_case(case: RuleCase, engine: Engine, reference: Evaluator) -> Result:
    """The engine's status against the expected one.

    ``reference`` explains, where a case states what must be missing or to stand on a threshold.
    """
    status = _status(case, engine)
    at = find_stage(reference.ruleset, case.stage)
    if status is Status.UNKNOWN and case.rule in not_due(reference.ruleset, at):
        status = Status.NOT_DUE
    failures: list[str] = []
    why = ""
    if status is not case.expect:
        wanted = STATUS_LABELS[case.expect]
        if status in (Status.VIOLATED, Status.UNKNOWN):
            evaluation = reference.evaluate(case.profile, case.as_of, case.stage)
            why = explain(evaluation, case.rule).message
        failures.append(f"应为“{wanted}”，得到“{STATUS_LABELS[status] if status else '没有结论'}”")
    if case.missing is not None or case.boundary:
        evaluation = reference.evaluate(case.profile, case.as_of, case.stage)
        failures += _details(case, evaluation)
    if case.scores:
        graded = grade_cards(reference.reference, case.profile, case.as_of)
        failures += differing(case.scores, graded)
    return Result(case, case.expect.value, status.value if status else "", tuple(failures), why)


def _status(case: RuleCase, engine: Engine) -> Status | None:
    """What the engine finds of the case's rule; None where that is not in force."""
    if not isinstance(engine, ReferenceEngine):
        return engine.statuses(case.profile, case.as_of).get(case.rule)
    # The engine of record can be asked for one rule; the others are not what the case is about.
    rule = engine.ruleset.rules.get(case.rule)
    if rule is None or not rule.in_force(case.as_of):
        return None
    ((_, status),) = engine.judge((rule,), case.profile, case.as_of)
    return status


def _details(case: RuleCase, evaluation: Evaluation) -> Iterator[str]:
    if case.missing is not None:
        missing = frozenset(explain(evaluation, case.rule).missing)
        if missing != case.missing:
            yield f"缺少的字段应为{_words(case.missing)}，得到{_words(missing)}"
    if case.boundary and not _on_threshold(case, evaluation):
        yield "标为恰在界限上，但没有一项比较的两边相等"


def _words(names: frozenset[str]) -> str:
    return "、".join(sorted(names)) or "（无）"


def _on_threshold(case: RuleCase, evaluation: Evaluation) -> bool:
    for leaf in evaluation.assessment.traces[case.rule].require_leaves:
        if isinstance(leaf.leaf, ast.Compare) and leaf.left is not None and leaf.left == leaf.right:
            return True
        if any(i.hit is not None and i.value == i.hit.row.value for i in leaf.items):
            return True
    return False


def run_dossier_case(case: DossierCase, evaluator: Evaluator) -> Result:
    """The verdict, the violated rules and the unknown ones against what is expected."""
    evaluation = evaluator.evaluate(case.profile, case.as_of, case.stage)
    failures: list[str] = []
    if evaluation.verdict is not case.verdict:
        wanted, got = VERDICT_LABELS[case.verdict], VERDICT_LABELS[evaluation.verdict]
        failures.append(f"结论应为“{wanted}”，得到“{got}”：{_decided_by(evaluation)}")
    by_status: dict[Status, set[str]] = {s: set() for s in Status}
    for rule_id, status in evaluation.statuses.items():
        by_status[status].add(rule_id)
    violated = frozenset(by_status[Status.VIOLATED])
    if case.violated is not None and violated != case.violated:
        failures.append(f"不符合的规则应为{_words(case.violated)}，得到{_words(violated)}")
    sure = tuple(taken.route.id for taken in routes(evaluation) if taken.sure)
    if case.routes is not None and sure != case.routes:
        wanted, got = ("、".join(ids) or "（无）" for ids in (case.routes, sure))
        failures.append(f"审定层级应为{wanted}，得到{got}")
    failures += differing(case.scores, scores(evaluation)) if case.scores else ()
    absent = case.unknown_includes - by_status[Status.UNKNOWN]
    if absent:
        failures.append(f"应为材料不足而不是：{_words(absent)}")
    return Result(case, case.verdict.value, evaluation.verdict.value, tuple(failures))


def _decided_by(evaluation: Evaluation) -> str:
    """The rules that the verdict came of, with titles and statuses."""
    if evaluation.verdict is Verdict.PASS:
        return "没有一条规则不符合或材料不足"
    if evaluation.cause is not None:
        return evaluation.cause
    rules, statuses = evaluation.ruleset.rules, evaluation.statuses
    final = [i for i in evaluation.blocking if rules[i].effect is ast.Effect.REJECT]
    final = [i for i in final if statuses[i] is Status.VIOLATED] or list(evaluation.blocking)
    told = [f"{i}（{rules[i].title}）{STATUS_LABELS[statuses[i]]}" for i in final[:MAX_TOLD]]
    return "、".join(told) + (f"等 {len(final)} 条" if len(final) > MAX_TOLD else "")


# --- coverage ------------------------------------------------------------------------------------


def coverage_gaps(ruleset: ast.Ruleset, cases: Cases) -> tuple[Gap, ...]:
    """Which rule lacks which kinds of case, by rule id."""
    have: dict[str, set[str]] = {}
    for case in cases.rules:
        own = have.setdefault(case.rule, set())
        own.add(case.expect.value)
        if case.boundary:
            own.add("boundary")
    layers = CaseLayers(ruleset)
    out: list[Gap] = []
    for rule in ruleset.rules.values():
        kinds = tuple(kind for kind in _needed(rule) if kind not in have.get(rule.id, ()))
        if kinds:
            out.append(Gap(rule.id, kinds, rule.place, layers.changed_in(rule.id)))
    return tuple(out)


def _needed(rule: ast.Rule) -> Iterator[str]:
    yield "satisfied"
    yield "violated"
    # ``known`` is never unknown; a rule of nothing else has no unknown case.
    if not all(isinstance(leaf, ast.Known) for leaf in walk.leaves(*rule.halves)):
        yield "unknown"
    if rule.applies_when is not None:
        yield "not_applicable"
    if any(isinstance(leaf, (ast.Compare, ast.Each)) for leaf in walk.leaves(rule.require)):
        yield "boundary"
