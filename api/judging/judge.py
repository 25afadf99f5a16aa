"""A ruleset ready to judge: dossier in, canonical result out.

One ``Judge`` for each ruleset in use. The engine is entered by one thread at a time: durable-rules
must not be run by two at once.
"""

from __future__ import annotations

import datetime as dt
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from api.judging.fragments import Fragments
from evaluator.dossier.dossier import Profile, read_data
from evaluator.judgement.evaluate import Evaluation, Evaluator
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.ast import Ruleset
from evaluator.values.numbers import stored

# Stored with each decision: which version of the program judged.
SOFTWARE = version("project-admission")
FRAGMENT_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Judged:
    """One dossier judged: the evaluation, the result as data and as canonical bytes."""

    evaluation: Evaluation
    data: dict[str, Any]
    body: bytes


class Judge:
    """Reads and judges dossiers by one ruleset; safe to share between threads."""

    def __init__(self, ruleset: Ruleset, engine: str) -> None:
        self.ruleset = ruleset
        self.engine = engine
        self._evaluator = Evaluator(ruleset, engine)
        self.fragments = Fragments(ruleset, FRAGMENT_BYTES)
        # A judge that is out of force may still be in use by a request: the engine's memory goes
        # back when the last of them lets go.
        weakref.finalize(self, self._evaluator.close)
        self._lock = threading.Lock()
        # Answers about the ruleset itself, by name.
        self.kept: dict[str, bytes] = {}

    def read(self, raw: Any) -> Profile:
        """A dossier out of JSON data. Raises DossierError with every problem found."""
        return read_data(raw, self.ruleset.registry, "请求体")

    def read_snapshot(self, raw: Any) -> Profile:
        """A dossier out of the JSON data of a decision. Raises DossierError."""
        return read_data(stored(raw), self.ruleset.registry, "快照")

    def evaluate(
        self, profile: Profile, as_of: dt.date | None = None, stage: str | None = None
    ) -> Evaluation:
        """Judge a dossier as of a date, its acceptance date unless told otherwise, at a stage of the
        ruleset, its last unless told otherwise. Raises NoStage.
        """
        with self._lock:
            return self._evaluator.evaluate(profile, as_of, stage)

    def judge(
        self,
        profile: Profile,
        as_of: dt.date | None = None,
        stage: str | None = None,
        *,
        counterfactual: bool = True,
    ) -> Judged:
        """Judge a dossier and write the canonical result."""
        evaluation = self.evaluate(profile, as_of, stage)
        data = result(evaluation, with_counterfactual=counterfactual)
        return Judged(evaluation, data, canonical_bytes(data))


class Memo:
    """Answers already given, by request: the same dossier, ruleset and date give the same bytes.

    Least recently used first out, bounded by the bytes it holds; safe to share between threads.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max = max_bytes
        self._size = 0
        self._held: OrderedDict[Hashable, bytes] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> bytes | None:
        """The answer given before, if it is still held."""
        with self._lock:
            answer = self._held.get(key)
            if answer is not None:
                self._held.move_to_end(key)
            return answer

    def put(self, key: Hashable, size: int, answer: bytes) -> None:
        """Hold an answer; ``size`` is what the key weighs, in bytes."""
        with self._lock:
            if key in self._held:
                return
            self._held[key] = answer
            self._sizes[key] = size + len(answer)
            self._size += self._sizes[key]
            while self._size > self._max:
                old, _ = self._held.popitem(last=False)
                self._size -= self._sizes.pop(old)
