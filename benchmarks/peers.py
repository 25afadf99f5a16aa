"""The same 40 rules in other engines, each as it is meant to be used warm.

Every maker compiles the specifications and returns a function from a plain dossier to the names of
the rules breached. They do less than our engines: two-valued logic, floats instead of exact
numbers, no dates, no check of their own work. Each part that is not ours is imported late, so that
one that is not installed is left out of the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import compress
from typing import Any

from benchmarks.rulebooks import Spec

Breaches = Callable[[dict[str, Any]], list[str]]
_SIGNS = {"at_least": ">=", "at_most": "<=", "equals": "=="}


def _expression(spec: Spec, field: str, parts: dict[str, str]) -> str:
    """The breach as an infix expression; ``field`` is how a field is written."""
    names = [field.format(f) for f in spec.subject]
    subject = f"({names[0]} / {names[1]})" if len(names) == 2 else names[0]
    if spec.op == "in":
        assert isinstance(spec.limit, tuple)
        holds = f"{subject} in [{', '.join(map(json.dumps, spec.limit))}]"
    elif isinstance(spec.limit, bool):
        holds = f"{subject} == {parts[str(spec.limit)]}"
    else:
        holds = f"{subject} {_SIGNS[spec.op]} {float(spec.limit)!r}"
    breach = f"{parts['not']}({holds})"
    if spec.applies is None:
        return breach
    return (
        f"{field.format(spec.applies[0])} == {json.dumps(spec.applies[1])} {parts['and']} {breach}"
    )


_WORDS = {"not": "not ", "and": "and", "True": "true", "False": "false"}


def closures(specs: list[Spec]) -> Breaches:
    """One Python lambda for each rule."""
    parts = {**_WORDS, "True": "True", "False": "False"}
    made = [(s.name, eval(f"lambda d: {_expression(s, 'd[{!r}]', parts)}")) for s in specs]
    return lambda dossier: [name for name, breached in made if breached(dossier)]


def rule_engine(specs: list[Spec]) -> Breaches:
    """rule-engine: one Rule for each."""
    import rule_engine as package

    made = [(s.name, package.Rule(_expression(s, "{}", _WORDS))) for s in specs]
    return lambda dossier: [name for name, rule in made if rule.matches(dossier)]


def cel_python(specs: list[Spec]) -> Breaches:
    """cel-python: one program for each, the dossier converted once."""
    import celpy

    environment = celpy.Environment()
    parts = {"not": "!", "and": "&&", "True": "true", "False": "false"}
    made = [
        (s.name, environment.program(environment.compile(_expression(s, "{}", parts))))
        for s in specs
    ]

    def breaches(dossier: dict[str, Any]) -> list[str]:
        values: Any = {
            k: celpy.json_to_cel(v if isinstance(v, (str, bool)) else float(v))
            for k, v in dossier.items()
        }
        return [name for name, program in made if program.evaluate(values)]

    return breaches


def clipspy(specs: list[Spec]) -> Breaches:
    """clipspy: one template, a defrule for each, run to the end, the fact retracted."""
    import clips

    environment = clips.Environment()
    found: list[str] = []
    environment.define_function(found.append, name="breach")
    fields = {f for s in specs for f in (*s.subject, *(s.applies or ())[:1])}
    environment.build(f"(deftemplate dossier {' '.join(f'(slot {f})' for f in sorted(fields))})")
    for spec in specs:
        environment.build(_defrule(spec))
    template = environment.find_template("dossier")

    def breaches(dossier: dict[str, Any]) -> list[str]:
        found.clear()
        slots = {
            f: clips.Symbol("TRUE" if v else "FALSE") if isinstance(v := dossier[f], bool) else v
            for f in fields
        }
        fact = template.assert_fact(**slots)
        environment.run()
        fact.retract()
        return sorted(found)

    return breaches


def _defrule(spec: Spec) -> str:
    slots = [f"({f} ?v{n})" for n, f in enumerate(spec.subject)]
    if spec.applies:
        slots.append(f'({spec.applies[0]} "{spec.applies[1]}")')
    value = "(/ ?v0 ?v1)" if len(spec.subject) == 2 else "?v0"
    if spec.op == "in":
        assert isinstance(spec.limit, tuple)
        test = f"(member$ {value} (create$ {' '.join(map(json.dumps, spec.limit))}))"
    elif isinstance(spec.limit, bool):
        test = f"(eq {value} {'TRUE' if spec.limit else 'FALSE'})"
    else:
        test = f"({_SIGNS[spec.op]} {value} {float(spec.limit)!r})"
    return (
        f"(defrule {spec.name} (dossier {' '.join(slots)}) (test (not {test})) "
        f'=> (breach "{spec.name}"))'
    )


def _zen_graph(specs: list[Spec]) -> str:
    """A decision table with a row for each rule that collects those that match.

    Measured beside an expression node with a key for each rule, which is a fifth slower.
    """
    rows = [
        {"_id": s.name, "i": _expression(s, "{}", _WORDS), "o": json.dumps(s.name)} for s in specs
    ]
    table = {
        "hitPolicy": "collect",
        "inputs": [{"id": "i", "name": "breach"}],
        "outputs": [{"id": "o", "name": "rule", "field": "rule"}],
        "rules": rows,
    }
    nodes = [
        {"id": "in", "name": "request", "type": "inputNode", "content": {}},
        {"id": "rules", "name": "rules", "type": "decisionTableNode", "content": table},
        {"id": "out", "name": "response", "type": "outputNode", "content": {}},
    ]
    edges = [
        {"id": "e1", "sourceId": "in", "targetId": "rules", "type": "edge"},
        {"id": "e2", "sourceId": "rules", "targetId": "out", "type": "edge"},
    ]
    return json.dumps({"nodes": nodes, "edges": edges})


def _zen(decision: Any) -> Breaches:
    return lambda dossier: [row["rule"] for row in decision.evaluate(dossier)["result"]]


def zen_plain(specs: list[Spec]) -> Breaches:
    """zen-engine with the decision given as JSON."""
    import zen

    return _zen(zen.ZenEngine().create_decision(_zen_graph(specs)))


def zen_precompiled(specs: list[Spec]) -> Breaches:
    """zen-engine with the decision compiled beforehand."""
    import zen

    return _zen(zen.ZenEngine().create_decision(zen.ZenDecisionContent(_zen_graph(specs))))


def zen_compiled(specs: list[Spec]) -> Breaches:
    """zen-engine's fastest form: one compiled expression, a list of all conditions."""
    import zen

    listed = ", ".join(_expression(s, "{}", _WORDS) for s in specs)
    expression, names = zen.compile_expression(f"[{listed}]"), [s.name for s in specs]
    return lambda dossier: list(compress(names, expression.evaluate(dossier)))


def cel_rust(specs: list[Spec]) -> Breaches:
    """CEL in Rust (common-expression-language): one compiled list of all conditions."""
    import cel

    parts = {"not": "!", "and": "&&", "True": "true", "False": "false"}
    listed = ", ".join(_expression(s, "{}", parts) for s in specs)
    program, names = cel.compile(f"[{listed}]"), [s.name for s in specs]

    def breaches(dossier: dict[str, Any]) -> list[str]:
        values = {k: v if isinstance(v, (str, bool)) else float(v) for k, v in dossier.items()}
        return list(compress(names, program.execute(values)))

    return breaches


PEERS: dict[str, Callable[[list[Spec]], Breaches]] = {
    "Python closures": closures,
    "zen-engine, compiled expression": zen_compiled,
    "CEL in Rust": cel_rust,
    "zen-engine, precompiled": zen_precompiled,
    "zen-engine, JSON": zen_plain,
    "clipspy": clipspy,
    "rule-engine": rule_engine,
    "cel-python": cel_python,
}
