"""The example projects that come with the rulebook, judged when they are looked at."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from api.judging.judge import Judge
from api.pages.assess.cases import Case, Origin, case_of
from evaluator.dossier.dossier import Profile
from evaluator.dossier.files import read_dossiers
from evaluator.judgement.evaluate import Evaluation
from evaluator.judgement.result import result
from evaluator.problems.errors import DossierError, Problems
from evaluator.reading.yaml.scan import YMap, YScalar, read_yaml

# Ten real projects that show every verdict and most kinds of reason; the first page lists them.
FEATURED = (
    "r14-mushroom-weinan",
    "r13-dachunshu-cement-yimen",
    "r36-acid-mist-purifier",
    "r11-zhongjing-wafer-jiaxing",
    "r15-crypto-mining-fuzhou",
    "r02-geely-ama",
    "r30-mugwort-yongding",
    "r16-huaxing-coal-to-gas",
    "r12-mole-bioscience-taizhou",
    "r24-dongyuemiao-data-centre",
)


@dataclass(frozen=True, slots=True)
class Example:
    """One example: its file's name, what it declares, where that was published."""

    slug: str
    profile: Profile
    source: str

    @property
    def real(self) -> bool:
        """Whether it is a real project, by the naming of the files."""
        return self.slug.startswith("r")


@dataclass(frozen=True, slots=True)
class Summary:
    """An example with its verdict, as lists show it."""

    example: Example
    verdict: str
    sentence: str


class Examples:
    """Examples of a directory, with what was judged kept for the ruleset in force."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._identity = ""
        self._examples: dict[str, Example] = {}
        self._evaluations: dict[str, Evaluation] = {}
        self._cases: dict[str, Case] = {}
        self._summaries: dict[str, Summary] = {}

    def _ready(self, judge: Judge) -> None:
        if self._identity == judge.ruleset.identity:
            return
        self._examples = {}
        for path in sorted(self._directory.glob("*.yaml")):
            try:
                profiles = read_dossiers(path, judge.ruleset.registry)
            except DossierError:
                continue  # Another ruleset may declare other fields; then it is no example of it.
            self._examples[path.stem] = Example(path.stem, profiles[0], _source(path))
        self._evaluations, self._cases, self._summaries = {}, {}, {}
        self._identity = judge.ruleset.identity

    def get(self, judge: Judge, slug: str) -> Example | None:
        """One example by its file's name."""
        with self._lock:
            self._ready(judge)
            return self._examples.get(slug)

    def evaluation(self, judge: Judge, slug: str) -> Evaluation | None:
        """An example judged."""
        with self._lock:
            self._ready(judge)
            return self._evaluate(judge, slug)

    def _evaluate(self, judge: Judge, slug: str) -> Evaluation | None:
        example = self._examples.get(slug)
        if example is not None and slug not in self._evaluations:
            self._evaluations[slug] = judge.evaluate(example.profile)
        return self._evaluations.get(slug)

    def case(self, judge: Judge, slug: str) -> Case | None:
        """An example as the verdict page shows it."""
        with self._lock:
            self._ready(judge)
            evaluation = self._evaluate(judge, slug)
            if evaluation is None:
                return None
            if slug not in self._cases:
                example = self._examples[slug]
                origin = Origin("example", base=f"/examples/{slug}", source=example.source)
                self._cases[slug] = case_of(origin, result(evaluation), example.profile, judge)
            return self._cases[slug]

    def summaries(self, judge: Judge, featured: bool = False) -> list[Summary]:
        """Every example, or the ten of the first page, with its verdict."""
        with self._lock:
            self._ready(judge)
            chosen = (
                [s for s in FEATURED if s in self._examples] if featured else list(self._examples)
            )
            return [s for slug in chosen if (s := self._summary(judge, slug))]

    def _summary(self, judge: Judge, slug: str) -> Summary | None:
        if slug not in self._summaries:
            evaluation = self._evaluate(judge, slug)
            if evaluation is None:
                return None
            data: dict[str, Any] = result(evaluation, with_counterfactual=False)
            example = self._examples[slug]
            self._summaries[slug] = Summary(example, data["verdict"], data["sentence"])
        return self._summaries[slug]


def _source(path: Path) -> str:
    node = read_yaml(path.name, path.read_text("utf-8"), Problems())
    source = node.get("source") if isinstance(node, YMap) else None
    return source.text if isinstance(source, YScalar) else ""
