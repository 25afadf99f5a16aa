"""The durable engine against the traps of durable-rules: each has a test that would fall into it."""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import random
import resource
import threading
from collections.abc import Iterator
from typing import Any

import durable_rules_engine
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.dossier.dossier import Profile
from evaluator.engine.durable import lookups, prepare
from evaluator.engine.durable.engine import RULES_PER_NETWORK, DurableEngine
from evaluator.engine.durable.network import (
    MAX_KEYS,
    MAX_STACK,
    SENTINEL,
    Network,
    Overfull,
    key_of,
)
from evaluator.engine.durable.patterns import (
    FALSE,
    SIGNS,
    TRUE,
    UNKNOWN,
    Atom,
    Branch,
    Formula,
    Junction,
    branches,
    comparisons,
)
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from evaluator.values.kleene import Truth, all_of, any_of
from tests.strategies import write_yaml
from tests.support import profile, ruleset_of

DAY = dt.date(2024, 6, 3)
FLAG = frozenset({FALSE, TRUE, UNKNOWN})


def many_rules(count: int) -> Ruleset:
    """``count`` rules over few fields: all breached by a bad dossier, all unknown for an empty one."""
    made = []
    for n in range(count):
        rule: dict[str, Any] = {"id": f"positive.r{n:04}", "title": f"规则{n}", "list": "positive"}
        if n % 3:
            rule["applies_when"] = {
                "field": "land_use_mode",
                "in": ["stock_land", "own_land"][: n % 2 + 1],
            }
        if n % 4:
            rule["require"] = {"field": "total_investment", "at_least": 1000 + n}
        else:
            rule["require"] = {"field": "two_high", "equals": False}
        rule |= {"effect": "refer", "departments": ["tax"], "basis": [{"source": "law"}]}
        made.append(rule)
    return ruleset_of(write_yaml(made))


BAD = {"land_use_mode": "stock_land", "total_investment": 1, "two_high": True}
GOOD = {"land_use_mode": "stock_land", "total_investment": 99999, "two_high": False}
SPARED = {"land_use_mode": "none", "total_investment": 1, "two_high": True}


def agree(ruleset: Ruleset, engine: DurableEngine, found: Profile) -> dict[str, Status]:
    expected = dict(ReferenceEngine(ruleset).statuses(found, DAY))
    assert dict(engine.statuses(found, DAY)) == expected
    return expected


@pytest.fixture
def small() -> Iterator[tuple[Ruleset, DurableEngine]]:
    ruleset = many_rules(30)
    engine = DurableEngine(ruleset)
    yield ruleset, engine
    engine.close()


# --- size --------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, RULES_PER_NETWORK, RULES_PER_NETWORK + 1, 65, 1000])
def test_more_rules_than_one_ruleset_can_hold(count: int) -> None:
    ruleset = many_rules(count)
    engine = DurableEngine(ruleset)
    statuses = [
        agree(ruleset, engine, profile(**values))
        for values in (BAD, GOOD, SPARED, {}, {"two_high": True})
    ]
    assert set(statuses[0].values()) == {Status.VIOLATED}
    assert set(statuses[1].values()) == {Status.SATISFIED}
    assert Status.SATISFIED not in statuses[3].values()
    engine.close()


def domains(count: int) -> dict[int, frozenset[int]]:
    return dict.fromkeys(range(count), SIGNS)


def test_a_network_too_full_is_refused_before_durable_rules_sees_it() -> None:
    def patterns(count: int) -> dict[str, list[Branch]]:
        return {f"v{n}": [{n: frozenset({-1})}] for n in range(count)}

    full = Network("full", patterns(MAX_STACK - 1), domains(MAX_KEYS))
    fired = full.run(full.fact((-1,) * (MAX_STACK - 1)))
    assert len(fired) == MAX_STACK - 1
    full.close()
    with pytest.raises(Overfull):
        Network("over", patterns(MAX_STACK + 2), domains(MAX_KEYS))
    many_keys = {"v0": [dict.fromkeys(range(MAX_KEYS + 1), frozenset({-1}))]}
    with pytest.raises(Overfull):
        Network("keys", many_keys, domains(MAX_KEYS + 1))


def test_sixty_leaves_in_one_condition() -> None:
    leaves = [{"field": "total_investment", "at_least": n} for n in range(1, 61)]
    nested = [{"all": [{"not": leaf}, {"field": "two_high", "equals": True}]} for leaf in leaves]
    for require in (
        {"any": leaves},
        {"all": leaves},
        {"any": nested},
        {"any": [{"all": nested}, {"any": nested}]},
    ):
        rule = {
            "id": "positive.wide",
            "title": "宽",
            "list": "positive",
            "applies_when": {"any": nested[::2]},
            "require": require,
            "effect": "refer",
            "departments": ["tax"],
            "basis": [{"source": "law"}],
        }
        ruleset = ruleset_of(write_yaml([rule]))
        engine = DurableEngine(ruleset)
        for amount, flag in itertools.product((None, 0, 1, 30, 60), (None, True, False)):
            values = {"total_investment": amount, "two_high": flag}
            agree(ruleset, engine, profile(**{k: v for k, v in values.items() if v is not None}))
        engine.close()


def test_no_rules_and_no_rules_in_force() -> None:
    engine = DurableEngine(ruleset_of("[]"))
    assert dict(engine.statuses(profile(), DAY)) == {}
    engine.close()
    ruleset = many_rules(3)
    text = ruleset.layers[0][1]["rules/rules.yaml"].replace("effect:", "from: 2030-01-01, effect:")
    engine = DurableEngine(ruleset_of(text))
    assert dict(engine.statuses(profile(**BAD), DAY)) == {}
    assert set(engine.statuses(profile(**BAD), dt.date(2030, 1, 1)).values()) == {Status.VIOLATED}
    engine.close()


def test_keys_of_a_fact_do_not_collide() -> None:
    """durable-rules knows a property by the 32-bit FNV-1a hash of its name only."""

    def fnv(text: str) -> int:
        value = 2166136261
        for byte in text.encode():
            value = (value ^ byte) * 16777619 % 2**32
        return value

    names = [key_of(n) for n in range(MAX_KEYS)] + ["id", "sid", "z", "$s", "$forward"]
    assert len({fnv(n) for n in names}) == len(names)


# --- patterns ----------------------------------------------------------------------------------

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


# --- failures ----------------------------------------------------------------------------------


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network("one", {"v0": [{0: frozenset({-1})}]}, domains(1))
    yield made
    made.close()


@pytest.mark.parametrize(
    "fact",
    [
        '{"sid":"1","id":"1","k0":-1}',  # no sentinel
        '{"sid":"1","id":"1","k0":7}',  # nothing matches
        '{"sid":"1","id":"1","k0":1e16,"z":1}',  # a number it cannot read
        '{"sid":"1","id":"1","k0":Infinity,"z":1}',
        '{"sid":"1","id":"1","k0":',
        "",
        '{"sid":"1","id":"2","k0":-1,"z":1}',  # not the fact that is retracted afterwards
    ],
)
def test_a_run_that_fails_is_an_error_and_leaves_nothing_behind(
    network: Network, fact: str
) -> None:
    good, fine = network.fact((-1,)), network.fact((1,))
    assert network.run(good) == ["v0"]
    if '"id":"2"' in fact:
        # Accepted, but kept; the next fact is a different one and must not see it.
        assert network.run(fact) == ["v0"]
    else:
        with pytest.raises(InternalError):
            network.run(fact)
    assert network.run(fine) == []
    assert network.run(good) == ["v0"]


def test_the_same_fact_twice_while_one_is_there_is_an_error(network: Network) -> None:
    network.run(network.fact((1,)))
    handle = network._handle
    assert durable_rules_engine.assert_fact(handle, network.fact((-1,)))[0] == 0
    with pytest.raises(InternalError):
        network.run(network.fact((-1,)))
    assert network.run(network.fact((-1,))) == ["v0"]


def test_a_code_outside_its_domain_is_an_error(small: tuple[Ruleset, DurableEngine]) -> None:
    ruleset, engine = small
    stretch = engine._preparation.stretch(DAY, DAY)
    right = stretch.codes
    for wrong in (5, 11, -40):
        stretch.codes = lambda values, wrong=wrong: tuple(wrong for _ in right(values))  # type: ignore[misc]
        with pytest.raises(InternalError):
            engine.statuses(profile(**BAD), DAY)
    stretch.codes = right
    agree(ruleset, engine, profile(**BAD))


def test_two_outcomes_for_one_rule_are_an_error(small: tuple[Ruleset, DurableEngine]) -> None:
    _, engine = small
    engine.statuses(profile(**BAD), DAY)
    plan: Any = engine._preparation.stretch(DAY, DAY).plan
    # As if durable-rules had fired "unknown" beside "violated".
    name = next(n for n, (status, _) in plan.effects.items() if status is Status.VIOLATED)
    _, ids = plan.effects[name]
    other = next(
        n for n, (status, i) in plan.effects.items() if status is Status.VIOLATED and i != ids
    )
    plan.effects[other] = (Status.UNKNOWN, ids)
    with pytest.raises(InternalError, match="two outcomes"):
        engine.statuses(profile(**BAD), DAY)


def test_closed_engine_is_an_error_and_closing_twice_is_not() -> None:
    engine = DurableEngine(many_rules(3))
    engine.statuses(profile(**BAD), DAY)
    engine.close()
    engine.close()
    with pytest.raises(InternalError, match="closed"):
        engine.statuses(profile(**BAD), DAY)


def test_sentinel_is_no_name_of_a_pattern(small: tuple[Ruleset, DurableEngine]) -> None:
    _, engine = small
    assert SENTINEL not in engine._means


# --- state, threads, memory --------------------------------------------------------------------


def resident_mb() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 1e6


def test_nothing_stays_behind_after_a_run(small: tuple[Ruleset, DurableEngine]) -> None:
    _, engine = small
    for values in (BAD, GOOD, SPARED, {}) * 3:
        engine.statuses(profile(**values), DAY)
        for network in engine._networks:
            assert durable_rules_engine.get_facts(network._handle, "1") in ("[]", "")


def test_thirty_thousand_dossiers_in_one_state() -> None:
    """More than the 22,697 distinct facts after which a state of its own was found to fail."""
    ruleset = many_rules(12)
    engine = DurableEngine(ruleset)
    rng = random.Random(7)
    choices: dict[str, list[Any]] = {
        "land_use_mode": ["stock_land", "own_land", "none"],
        "total_investment": [1, 1005, 99999],
        "two_high": [True, False],
    }

    def draw() -> Profile:
        return profile(**{k: rng.choice(v) for k, v in choices.items() if rng.random() < 0.8})

    pool = [draw() for _ in range(60)]
    reference = ReferenceEngine(ruleset)
    expected = [dict(reference.statuses(p, DAY)) for p in pool]
    engine.statuses(pool[0], DAY)
    before = resident_mb()
    for _ in range(30_000):
        n = rng.randrange(60)
        assert engine.statuses(pool[n], DAY) == expected[n]
    assert resident_mb() - before < 20
    engine.close()


def test_eight_threads(small: tuple[Ruleset, DurableEngine]) -> None:
    ruleset, engine = small
    pool = [profile(**values) for values in (BAD, GOOD, SPARED, {}, {"two_high": True})]
    expected = [dict(ReferenceEngine(ruleset).statuses(p, DAY)) for p in pool]
    wrong: list[int] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(400):
            n = rng.randrange(len(pool))
            if engine.statuses(pool[n], DAY) != expected[n]:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_no_thread_is_started(small: tuple[Ruleset, DurableEngine]) -> None:
    _, engine = small
    engine.statuses(profile(**BAD), DAY)
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def test_a_replaced_engine_gives_its_memory_back() -> None:
    ruleset = many_rules(40)

    def cycle(times: int) -> None:
        for _ in range(times):
            engine = DurableEngine(ruleset)
            engine.statuses(profile(**BAD), DAY)
            engine.close()
        gc.collect()

    cycle(10)
    before = resident_mb()
    cycle(60)
    assert resident_mb() - before < 15


def test_forgotten_engine_is_freed() -> None:
    engine = DurableEngine(many_rules(3))
    engine.statuses(profile(**BAD), DAY)
    handles = [n._handle for n in engine._networks]
    del engine
    gc.collect()
    for handle in handles:
        with pytest.raises(durable_rules_engine.error):
            durable_rules_engine.assert_fact(handle, "{}")


# --- bounded memory of what is remembered ------------------------------------------------------


def test_caches_are_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "MAX_REMEMBERED", 2)
    monkeypatch.setattr(prepare, "MAX_DATES", 3)
    monkeypatch.setattr(prepare, "MAX_STRETCHES", 1)
    rule = """
    - id: positive.intensity
      title: 强度
      list: positive
      require: {metric: intensity, at_least: {criterion: intensity_floor}}
      effect: refer
      departments: [tax]
      basis: [{criterion: intensity_floor}]
    """
    ruleset = ruleset_of(rule)
    engine, reference = DurableEngine(ruleset), ReferenceEngine(ruleset)
    days = [DAY, dt.date(2019, 1, 1), dt.date(2025, 1, 1), dt.date(2030, 1, 1), DAY]
    for code, land_class, amount, day in itertools.product(
        ("C3985", "C3911", "C26", "C39", None), (1, 2, 7, None), (400, 200, 300), days
    ):
        values = {"industry_code": code, "land_class": land_class, "land_area": 1}
        given_values = {k: v for k, v in values.items() if v is not None}
        found = profile(fixed_asset_investment=amount, **given_values)
        assert engine.statuses(found, day) == reference.statuses(found, day)
    assert len(engine._preparation._by_dates) <= 3
    assert len(engine._preparation._stretches) <= 1
    engine.close()
