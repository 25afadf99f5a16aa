"""One durable-rules ruleset, driven through its C extension; returns the names that fired.

Why not through ``durable.engine.Host``: it starts timer threads that enter the same C structures
every 0.2 s without a lock, and spends most of its time on promises and on parsing JSON. This loop
is what the host does for one fact, and nothing else.

One state per network is kept and the fact is retracted after each run, instead of a state per
dossier: making and deleting a state costs more than everything else together (25 of 40 µs for 40
rules). A retracted fact leaves nothing behind (benchmarks/soak_durable.py).

Not safe for two threads at once: the caller holds a lock around ``run``.
"""

from __future__ import annotations

import contextlib
import json
import weakref
from collections.abc import Mapping
from operator import eq, ge, getitem, itemgetter, le, ne
from typing import Any

import durable_rules_engine as durable

from evaluator.engine.durable.patterns import SIGNS, UNKNOWN, Branch, comparisons
from evaluator.problems.errors import InternalError

Pattern = list[Branch]
SENTINEL = "end"
_SENTINEL_KEY = "z"
# Sid and id are the engine's own names; both fixed, as one fact at a time is there.
_HEAD = '{"sid":"1","id":"1"'
_TAIL = f',"{_SENTINEL_KEY}":1}}'
_RETRACT = '{"sid":"1","id":"1"}'
_SID = "1"
_ACCEPTED = 0
# durable-rules keeps the matches of one fact that it has not yet followed on a stack of 64, stores
# the tests at one node in a table of 512 whose search ends only at a free place, and takes 255
# properties. Kept well below each.
MAX_STACK = 56
MAX_TESTS = 300
MAX_KEYS = 120


class Overfull(Exception):
    """More patterns than one network may hold."""


def key_of(number: int) -> str:
    """The property that carries the network's slot ``number``."""
    return f"k{number}"


class Network:
    """A durable-rules ruleset of named patterns over the slots they test.

    ``patterns`` maps names of letters and digits to branches over slots; ``domains`` gives the
    codes that each slot can have.
    """

    def __init__(
        self, label: str, patterns: Mapping[str, Pattern], domains: Mapping[int, frozenset[int]]
    ) -> None:
        self._slots = sorted({slot for p in patterns.values() for branch in p for slot in branch})
        numbers = {slot: n for n, slot in enumerate(self._slots)}
        ways = {
            name: [_tests(branch, numbers, domains) for branch in pattern]
            for name, pattern in patterns.items()
        }
        _check_size(ways, len(self._slots))
        rules = {name: _rule(tests) for name, tests in ways.items()}
        # Actions run in the order of definition: the sentinel, last, proves that all have run.
        rules[SENTINEL] = _rule([[("$eq", _SENTINEL_KEY, 1)]])
        self._texts = [_fragments(slot, numbers, patterns) for slot in self._slots]
        self._most = len(rules)
        self._handle = durable.create_ruleset(label, json.dumps(rules))
        self._free = weakref.finalize(self, _delete, self._handle)

    def close(self) -> None:
        """Free the ruleset; ``run`` is an error from then on."""
        self._free()

    def fact(self, codes: tuple[int, ...]) -> str:
        """The fact for one dossier, as JSON. Codes that no pattern asks about are left out."""
        if not self._slots:
            return _HEAD + _TAIL
        own = itemgetter(*self._slots)(codes)
        own = own if len(self._slots) > 1 else (own,)
        return f"{_HEAD}{''.join(map(getitem, self._texts, own))}{_TAIL}"

    def run(self, fact: str) -> list[str]:
        """The names of the patterns that match ``fact``, each once.

        Raises InternalError where durable-rules did not do what it must.
        """
        if not self._free.alive:
            raise InternalError("durable network is closed")
        try:
            return self._run(fact)
        except BaseException:
            # Whatever is half done must not meet the next dossier.
            self._forget()
            raise

    def _run(self, fact: str) -> list[str]:
        handle = self._handle
        fired: list[str] = []
        try:
            result, state = durable.assert_fact(handle, fact)
            if result != _ACCEPTED:
                raise InternalError(f"durable-rules did not accept a fact: {result}")
            started = durable.start_action_for_state(handle, state)
            message = started and started[1]
            while message:
                # {"name":...}; the rest repeats the fact.
                fired.append(message[2 : message.index('"', 2)])
                if len(fired) > self._most:
                    raise InternalError("durable-rules fires without end")
                message = durable.complete_and_start_action(handle, state)
            durable.retract_fact(handle, _RETRACT)
        except (durable.error, MemoryError) as error:
            raise InternalError(f"durable-rules failed: {error}") from error
        if not fired or fired.pop() != SENTINEL or len(set(fired)) != len(fired):
            raise InternalError("durable-rules did not run to its end")
        return fired

    def _forget(self) -> None:
        with contextlib.suppress(durable.error):  # It may have failed before there was a state.
            durable.delete_state(self._handle, _SID)


def _delete(handle: int) -> None:
    with contextlib.suppress(durable.error):  # A network that never ran has no state.
        durable.delete_state(handle, _SID)
    durable.delete_ruleset(handle)


Test = tuple[str, str, int]  # operator, property, constant
_MATCHES = {"$eq": eq, "$neq": ne, "$gte": ge, "$lte": le}


def _json(test: Test) -> dict[str, Any]:
    operator, key, code = test
    return {key: code} if operator == "$eq" else {operator: {key: code}}


class _Node(dict[Test, "_Node"]):
    """The tests after a test, shared between patterns as durable-rules shares them."""

    ends = 0  # patterns of several ways that one way reaches here


def _check_size(ways: Mapping[str, list[list[Test]]], keys: int) -> None:
    root = _Node()
    for branches in ways.values():
        for tests in branches:
            node = root
            for test in tests:
                node = node.setdefault(test, _Node())
            if len(branches) > 1:
                node.ends += 1
    if keys > MAX_KEYS or len(root) > MAX_TESTS or _stack(root) > MAX_STACK:
        raise Overfull


def _stack(node: _Node) -> int:
    """The most matches that can wait at once below a node, whatever the fact."""
    by_key: dict[str, list[Test]] = {}
    for test in node:
        by_key.setdefault(test[1], []).append(test)
    together: int = node.ends + sum(
        max(sum(_MATCHES[op](code, constant) for op, _, constant in tests) for code in SIGNS)
        for tests in by_key.values()
    )
    return max([together, *(together - 1 + _stack(child) for child in node.values())])


def _tests(
    branch: Branch, numbers: Mapping[int, int], domains: Mapping[int, frozenset[int]]
) -> list[Test]:
    """The tests of one branch, those that hold least often first."""

    def often(item: tuple[int, frozenset[int]]) -> tuple[bool, int]:
        _, codes = item
        return UNKNOWN not in codes or len(codes) > 1, len(codes)

    ordered = sorted(branch.items(), key=often)
    return [
        (operator, key_of(numbers[slot]), code)
        for slot, codes in ordered
        for operator, code in comparisons(codes, domains[slot])
    ]


def _rule(branches: list[list[Test]]) -> dict[str, Any]:
    ways = [
        _json(tests[0]) if len(tests) == 1 else {"$and": [_json(t) for t in tests]}
        for tests in branches
    ]
    return {"all": [{"m": ways[0] if len(ways) == 1 else {"$or": ways}}]}


def _fragments(slot: int, numbers: Mapping[int, int], patterns: Mapping[str, Pattern]) -> list[Any]:
    """By code (Python indexing, so -1 is the last), the text of the property in the fact.

    INVARIANT: a code is left out only where every test of the slot would be false for it, so the
    fact matches exactly what the full one would. A code outside every domain is None, an error.
    """
    asked = {c for p in patterns.values() for b in p if slot in b for c in b[slot]}
    texts: list[Any] = [None] * (UNKNOWN + 2)
    for code in SIGNS:
        texts[code] = f',"{key_of(numbers[slot])}":{code}' if code in asked else ""
    return texts
