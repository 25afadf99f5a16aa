"""The steps of one answer, by the code of the tree that this runs in; ``benchmarks.answer`` drives it.

Imports only what the code of 2026-11-30 has as well, so that one file measures both. A line in is
JSON, what to do and dossiers, each used once and never again; a line out is, for each step, the
nanoseconds of every dossier, by the processor's clock of this thread and by the wall's.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.judging.judge import Judge
from evaluator.judgement.explain import findings
from evaluator.judgement.remedy.search import counterfactual
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.load import load_directory

try:
    from evaluator.judgement.result import Part
except ImportError:  # Earlier code gives the whole only.
    Part = None  # type: ignore[assignment,misc]

Taken = dict[str, list[tuple[int, int]]]


class Steps:
    """Answers dossiers by the shipped rulebook of its tree, step by step."""

    def __init__(self, root: Path) -> None:
        self.judge = Judge(load_directory(root), "durable")

    def whole(self, raw: str, taken: Taken, *, remedy: bool) -> None:
        """The answer of ``POST /evaluations`` out of the body's text."""

        def answer() -> bytes:
            evaluation = self.judge.evaluate(self.judge.read(json.loads(raw)))
            return self.judge.fragments.canonical(evaluation, with_counterfactual=remedy)

        self._timed("whole" if remedy else "without remedy", answer, taken)

    def reasons(self, raw: str, taken: Taken) -> None:
        """``include=reasons``, where the tree knows parts."""
        if Part is None:
            return

        def answer() -> bytes:
            evaluation = self.judge.evaluate(self.judge.read(json.loads(raw)))
            return self.judge.fragments.selected(evaluation, {Part.REASONS})

        self._timed("include=reasons", answer, taken)

    def parts(self, raw: str, taken: Taken) -> None:
        """The same as data, for what is stored, and each part by itself."""
        profile = self._timed("read", lambda: self.judge.read(json.loads(raw)), taken)
        evaluation = self._timed("judge", lambda: self.judge.evaluate(profile), taken)
        self._timed("findings", lambda: [f.to_dict() for f in findings(evaluation)], taken)
        self._timed("remedy", lambda: counterfactual(evaluation).to_dict(), taken)
        data = result(evaluation)
        self._timed("bytes", lambda: canonical_bytes(data), taken)

    def _timed(self, name: str, call: Callable[[], Any], taken: Taken) -> Any:
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        made = call()
        spent = time.thread_time_ns() - cpu, time.perf_counter_ns() - wall
        taken.setdefault(name, []).append(spent)
        return made


def main() -> None:
    """Serve ``benchmarks.answer``."""
    steps = Steps(Path(sys.argv[1]))
    for line in sys.stdin:
        asked = json.loads(line)
        taken: Taken = {}
        for raw in asked["dossiers"]:
            if asked["what"] == "parts":
                steps.parts(raw, taken)
            elif asked["what"] == "reasons":
                steps.reasons(raw, taken)
            else:
                steps.whole(raw, taken, remedy=asked["what"] == "whole")
        print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    main()
