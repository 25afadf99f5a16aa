"""Conditions as branches over codes: exactly the wanted truths, each way once."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from evaluator.engine.durable.network import (
    Network,
)
from evaluator.engine.durable.patterns import (
    FALSE,
    SIGNS,
    TRUE,
    UNKNOWN,
    Atom,
    Formula,
    Junction,
    branches,
    comparisons,
)
from evaluator.values.kleene import Truth, all_of, any_of

FLAG = frozenset({FALSE, TRUE, UNKNOWN})
ATOMS = [
    Atom(0, frozenset({0, 1}), frozenset({-1}), SIGNS),  # at least
    Atom(1, frozenset({-1}), frozenset({0, 1}), SIGNS),  # less than
    Atom(2, frozenset({0}), frozenset({-1, 1}), SIGNS),  # equals
    Atom(3, frozenset({TRUE}), frozenset({FALSE}), FLAG),
    Atom(4, frozenset({TRUE}), frozenset({FALSE}), frozenset({FALSE, TRUE})),  # known
]
formulas = st.recursive(
    st.sampled_from(ATOMS + [a.negated() for a in ATOMS]),
    lambda inner: st.builds(
        Junction, st.booleans(), st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)


def truth(formula: Formula, codes: tuple[int, ...]) -> Truth:
    if isinstance(formula, Atom):
        code = codes[formula.slot]
        return None if code == UNKNOWN else code in formula.true
    parts = [truth(i, codes) for i in formula.items]
    return all_of(parts) if formula.every else any_of(parts)


@given(formulas, st.sets(st.sampled_from([TRUE, FALSE, UNKNOWN])))
def test_branches_are_exactly_the_wanted_truths_and_exclusive(
    formula: Formula, wanted: set[int]
) -> None:
    found = branches(formula, frozenset(wanted), limit=10_000)
    for codes in itertools.product(*(sorted(a.codes) for a in ATOMS)):
        matching = [b for b in found if all(codes[s] in allowed for s, allowed in b.items())]
        value = {None: UNKNOWN, True: TRUE, False: FALSE}[truth(formula, codes)]
        assert len(matching) == (value in wanted)


@given(formulas, st.data())
def test_durable_rules_matches_what_the_branches_say(formula: Formula, data: st.DataObject) -> None:
    allowed = {a.slot: a.codes for a in ATOMS}
    patterns = {
        name: found
        for name, wanted in (("t", TRUE), ("f", FALSE), ("u", UNKNOWN))
        if (found := branches(formula, frozenset({wanted}), 12))
    }
    network = Network("check", patterns, allowed)
    every = list(itertools.product(*(sorted(a.codes) for a in ATOMS)))
    for codes in data.draw(st.lists(st.sampled_from(every), min_size=20, max_size=20)):
        name = {None: "u", True: "t", False: "f"}[truth(formula, codes)]
        assert network.run(network.fact(codes)) == [name]
    network.close()


def test_comparisons_hold_exactly_for_their_codes() -> None:
    holds = {"$eq": "==", "$neq": "!=", "$gte": ">=", "$lte": "<="}
    for domain in (SIGNS, FLAG):
        for size in range(1, len(domain) + 1):
            for codes in itertools.combinations(sorted(domain), size):
                tests = comparisons(frozenset(codes), domain)
                source = " and ".join(f"code {holds[op]} {value}" for op, value in tests) or "True"
                assert {c for c in domain if eval(source, {"code": c})} == set(codes)
