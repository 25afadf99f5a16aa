"""What a Python program uses: load a rulebook, judge a dossier, walk the reasons.

``evaluator`` itself shows these names. The canonical bytes of a judgement are those of
``admission evaluate --json`` and of ``POST /api/v1/evaluations``; docs/library.md has examples.

Raised, all of them ``AdmissionError``: ``RulebookError`` and ``DossierError`` where the input
cannot be read as it stands, with every problem found (``problems``), never only the first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from types import MappingProxyType
from typing import Any

from evaluator.dossier.dossier import Profile, read_data
from evaluator.dossier.fields import Registry
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.explain import Finding, findings
from evaluator.judgement.html import html_tables
from evaluator.judgement.result import canonical_bytes, result, sentence
from evaluator.judgement.wording import Citation
from evaluator.rulebook.ast import Effect, Ruleset
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.shipped import rulebook_path
from evaluator.rulebook.verdict import STATUS_LABELS, Status, Verdict


@dataclass(frozen=True)
class Reason:
    """理由: what one rule found, as a person reads it.

    ``value`` (measured) and ``required`` are texts in ``unit``, rounded for reading without ever
    contradicting the status; None where there is no such figure. ``row`` is the row of the
    criterion's table that was taken. ``gap`` is how far ``value`` is from ``required``, in ``unit``,
    and ``gap_relative`` the same as a percentage of ``required``; both only where the rule is
    violated. ``example`` says that ``required`` is an example that has to be checked before use.
    ``departments`` answer for the rule: code to name. ``missing`` are the fields that it waits for:
    name to label. ``remedy`` is what the rule itself advises, whatever the status.
    """

    rule: str
    title: str
    list: str
    status: Status
    effect: Effect
    value: str | None
    required: str | None
    unit: str | None
    row: str | None
    gap: str | None
    gap_relative: str | None
    example: bool
    basis: tuple[Citation, ...]
    departments: Mapping[str, str]
    missing: Mapping[str, str]
    message: str
    remedy: str | None

    @property
    def status_label(self) -> str:
        """The status in Chinese, such as 不符合."""
        return STATUS_LABELS[self.status]


@dataclass(frozen=True, eq=False, repr=False)
class Judgement:
    """One dossier judged by one rulebook as of one day. What is asked for first is worked out then."""

    evaluation: Evaluation

    @property
    def project_id(self) -> str:
        """The dossier's own number of the project."""
        return self.evaluation.profile.id

    @property
    def as_of(self) -> dt.date:
        """The day whose rules were applied."""
        return self.evaluation.as_of

    @property
    def verdict(self) -> Verdict:
        """结论: pass, refer or reject."""
        return self.evaluation.verdict

    @property
    def verdict_label(self) -> str:
        """The verdict in Chinese: 准入, 提交会审 or 不予准入, or what its stage calls it."""
        return self.evaluation.word

    @property
    def stage(self) -> str | None:
        """The id of the stage it was judged at; None where the rulebook knows no stages."""
        return self.evaluation.stage.id if self.evaluation.stage is not None else None

    @property
    def labels(self) -> tuple[str, ...]:
        """Titles that the project earns, such as 四高项目; none where it is rejected."""
        return tuple(label.title for label in self.evaluation.labels)

    @cached_property
    def sentence(self) -> str:
        """The conclusion in one Chinese sentence."""
        return sentence(self.evaluation)

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """One for every rule in force, satisfied ones too, by rule id."""
        registry = self.evaluation.ruleset.registry
        return tuple(_reason(finding, registry) for finding in findings(self.evaluation))

    @cached_property
    def blocking(self) -> tuple[Reason, ...]:
        """What keeps the verdict from pass: rejects, other violations, then what is unknown."""
        by_rule = {reason.rule: reason for reason in self.reasons}
        blocking = (by_rule[rule] for rule in self.evaluation.blocking)
        return tuple(sorted(blocking, key=lambda reason: reason.status is Status.UNKNOWN))

    @property
    def remedy(self) -> str:
        """How the project would pass, in a Chinese sentence or two."""
        return str(self.result["counterfactual"]["text"])

    @cached_property
    def result(self) -> dict[str, Any]:
        """The canonical result as JSON data; docs/api.md and openapi.json describe it."""
        return result(self.evaluation)

    @cached_property
    def canonical(self) -> bytes:
        """The canonical result in UTF-8: the bytes that the command and the service answer."""
        return canonical_bytes(self.result)

    @property
    def digest(self) -> str:
        """The SHA-256 of ``canonical`` in hexadecimal, as it is kept with a decision."""
        return hashlib.sha256(self.canonical).hexdigest()

    def __repr__(self) -> str:
        return f"<Judgement {self.project_id} {self.as_of}: {self.verdict.value}>"

    def _repr_html_(self) -> str:
        return html_tables(self.evaluation, self.remedy)


class Rulebook:
    """A rulebook ready to judge. Safe to share between threads.

    ``ruleset`` is what was read: rules, criteria, metrics, fields. Make one and keep it: making it
    takes seconds, a judgement milliseconds.
    """

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self._evaluator = Evaluator(ruleset)
        self._lock = threading.Lock()
        weakref.finalize(self, self._evaluator.close)

    @property
    def identity(self) -> str:
        """The SHA-256 of the canonical content, which every judgement names."""
        return self.ruleset.identity

    @property
    def title(self) -> str:
        """The name, such as 示例市项目准入标准."""
        return self.ruleset.title

    def evaluate(
        self,
        dossier: Mapping[str, Any],
        as_of: dt.date | None = None,
        stage: str | None = None,
    ) -> Judgement:
        """Judge a dossier by the rules in force on ``as_of``, its acceptance day if not given.

        ``dossier`` maps field names to values as a file or a request has them (docs/dossier.md):
        numbers in the field's own unit, or texts with a unit such as "18 公顷"; dates as
        ``datetime.date`` or text; what is left out, None or empty is missing. A float counts as its
        shortest text: 0.1 is one tenth. ``stage`` is an id or a title, the last stage if not given.
        Raises DossierError; NoStage, a ValueError, for a stage that the rulebook does not have.
        """
        return self._judge(read_data(dossier, self.ruleset.registry, "传入的数据"), as_of, stage)

    def evaluate_file(
        self,
        path: str | PathLike[str],
        as_of: dt.date | None = None,
        stage: str | None = None,
    ) -> tuple[Judgement, ...]:
        """Judge every dossier of a file (.yaml, .json, .jsonl, .xlsx, .xls, .ods, .csv), in its order.

        Raises DossierError with the problems of the whole file, before anything is judged.
        """
        profiles = read_dossiers(path, self.ruleset.registry)
        return tuple(self._judge(profile, as_of, stage) for profile in profiles)

    def _judge(self, profile: Profile, as_of: dt.date | None, stage: str | None) -> Judgement:
        with self._lock:
            return Judgement(self._evaluator.evaluate(profile, as_of, stage))

    def __repr__(self) -> str:
        return f"<Rulebook {self.title} {self.identity[:12]}>"


def load_rulebook(path: str | PathLike[str] | None = None) -> Rulebook:
    """Read and check a rulebook directory: by default ``ADMISSION_RULEBOOK``, else the shipped one.

    Raises RulebookError with every problem found.
    """
    return Rulebook(load_directory(rulebook_path(path)))


def _reason(finding: Finding, registry: Registry) -> Reason:
    rule, measure = finding.rule, finding.measure
    return Reason(
        rule=rule.id,
        title=rule.title,
        list=rule.list,
        status=finding.status,
        effect=rule.effect,
        **measure._asdict(),
        example=finding.example,
        basis=finding.basis,
        departments=MappingProxyType({d: registry.department(d) for d in rule.departments}),
        missing=MappingProxyType({name: registry.label(name) for name in finding.missing}),
        message=finding.message,
        remedy=finding.remedy,
    )
