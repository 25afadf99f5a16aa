"""The durable engine against the traps of durable-rules: each has a test that would fall into it."""

from __future__ import annotations

import datetime as dt
import gc
import itertools
import random
import resource
import threading
from typing import Any

import durable_rules_engine
import pytest

from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.engine import RULES_PER_NETWORK, DurableEngine
from evaluator.engine.durable.network import (
    SENTINEL,
)
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.problems.errors import InternalError
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.verdict import Status
from tests.engine.durable.rules import BAD, DAY, GOOD, SPARED, agree, many_rules
from tests.strategies import write_yaml
from tests.support import profile, ruleset_of

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
