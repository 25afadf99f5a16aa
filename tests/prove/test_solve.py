"""What the solver does not settle is no answer, and a witness is confirmed."""

from __future__ import annotations

import pytest
import z3

from evaluator.prove import Report, State
from evaluator.prove.single import settled
from evaluator.prove.solve import Outcome, Question, Space
from evaluator.rulebook.load import load_layers
from tests.prove.planted import TODAY, base_layers


class _GivesUp:
    """A solver that settles nothing; a copy of it in another context does."""

    def __init__(self, solver: z3.Solver) -> None:
        self.solver = solver

    def add(self, *formulas: z3.BoolRef) -> None:
        self.solver.add(*formulas)

    def check(self, *_: z3.BoolRef) -> z3.CheckSatResult:
        return z3.unknown

    def reason_unknown(self) -> str:
        return "canceled"

    def translate(self, context: z3.Context) -> z3.Solver:
        return self.solver.translate(context)


def test_a_solver_that_gives_up_is_asked_again_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space((load_layers((("base", base_layers()),)),), TODAY)
    name = "debt_ratio"
    ratio = z3.Real("r")
    solver = Space.solver
    monkeypatch.setattr(Space, "solver", lambda self, fields: _GivesUp(solver(self, fields)))
    for formula, outcome in (
        (z3.And(ratio * ratio > 2, ratio < 1, ratio > 0), Outcome.NONE),
        (z3.And(ratio * ratio > 2, ratio < 2), Outcome.WITNESS),
    ):
        assert space.ask(Question(formula, frozenset({name}), lambda _: True)).outcome is outcome


def test_a_timeout_is_no_answer() -> None:
    """What is not settled in time is undecided: neither fine nor a fault."""
    ruleset = load_layers((("base", base_layers()),))
    space = Space((ruleset,), TODAY, timeout_ms=1)
    x, y, z = z3.Ints("x y z")
    hard = z3.And(x > 1, y > 1, z > 1, x * x * x + y * y * y == z * z * z)
    reply = space.ask(Question(hard, frozenset(), lambda _: True))
    assert reply.outcome is Outcome.UNDECIDED
    answer = settled(reply, "covered", (), "甲是否被乙覆盖")
    assert answer is not None
    assert answer.state is State.UNDECIDED
    assert "未能判定" in answer.message
    assert not Report(TODAY, ruleset.registry, (answer,), 1).clean


def test_an_unconfirmed_witness_is_a_fault_of_the_prover() -> None:
    ruleset = load_layers((("base", base_layers()),))
    space = Space((ruleset,), TODAY)
    reply = space.ask(Question(z3.BoolVal(True), frozenset({"debt_ratio"}), lambda _: False))
    assert reply.outcome is Outcome.FAULT
    answer = settled(reply, "covered", (), "甲是否被乙覆盖")
    assert answer is not None
    assert answer.state is State.FAULT
