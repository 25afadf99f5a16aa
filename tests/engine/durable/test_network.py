"""One network of durable-rules: what it refuses, and that a run which fails leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import durable_rules_engine
import pytest

from evaluator.engine.durable.network import (
    MAX_KEYS,
    MAX_STACK,
    Network,
    Overfull,
    key_of,
)
from evaluator.engine.durable.patterns import (
    SIGNS,
    Branch,
)
from evaluator.problems.errors import InternalError


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


def test_keys_of_a_fact_do_not_collide() -> None:
    """durable-rules knows a property by the 32-bit FNV-1a hash of its name only."""

    def fnv(text: str) -> int:
        value = 2166136261
        for byte in text.encode():
            value = (value ^ byte) * 16777619 % 2**32
        return value

    names = [key_of(n) for n in range(MAX_KEYS)] + ["id", "sid", "z", "$s", "$forward"]
    assert len({fnv(n) for n in names}) == len(names)


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
