"""From files to a ruleset: reading a directory, layering profiles, and the ruleset's identity.

A rulebook directory holds ``criteria.yaml`` and ``rules/``, and may hold ``fields.yaml`` with
additional fields. A profile directory may ``extend`` another: its criteria and rules then replace
those of the same id, the rest is kept. What was read is kept as layers of text, so that a stored
ruleset loads again to the same identity.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType

from evaluator.criteria import Criterion, Hit, Kind, lookup
from evaluator.errors import Problem, RulebookError
from evaluator.fields import Registry, base_registry, base_text, parse_registry
from evaluator.numbers import exact_text
from evaluator.rulebook.ast import Label, Rule, Ruleset
from evaluator.rulebook.criteria_file import parse_criteria, parse_sources
from evaluator.rulebook.names import Names
from evaluator.rulebook.parse import parse_labels, parse_metrics, parse_rule
from evaluator.source import Place, SourceText
from evaluator.yamlio import Node, Reader, YList, YMap, YScalar, plain, read_yaml

__all__ = ["Layers", "case_files", "load_directory", "load_layers", "read_directory"]

Layers = tuple[tuple[str, Mapping[str, str]], ...]
LANGUAGE = 1
MAX_FILE_BYTES = 20_000_000


def read_directory(directory: Path) -> Layers:
    """The texts of a rulebook directory, under those of the profiles it extends.

    Raises RulebookError where a file is missing or not UTF-8.
    """
    layers: list[tuple[str, Mapping[str, str]]] = []
    seen: set[Path] = set()
    current: Path | None = directory
    while current is not None:
        current = current.resolve()
        if current in seen or not (current / "criteria.yaml").is_file():
            what = "profile 的 extends 绕回了自己" if current in seen else "目录里没有 criteria.yaml"
            raise RulebookError([Problem("E701", what, Place(SourceText(str(current), "")))])
        seen.add(current)
        files = _read_files(current)
        layers.append((current.name or "rulebook", files))
        current = _extends(current, files["criteria.yaml"])
    # The innermost base is called "base": its directory name is an accident of the checkout.
    layers[-1] = ("base", layers[-1][1])
    return tuple(reversed(layers))


def _read_files(directory: Path) -> dict[str, str]:
    paths = [directory / "criteria.yaml"]
    if (directory / "fields.yaml").is_file():
        paths.append(directory / "fields.yaml")
    paths += sorted((directory / "rules").rglob("*.yaml"))
    files: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(directory).as_posix()
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                raise ValueError("文件过大")
            files[name] = path.read_text("utf-8")
        except (UnicodeDecodeError, OSError, ValueError) as error:
            what = "不是 UTF-8 文本" if isinstance(error, UnicodeDecodeError) else str(error)
            raise RulebookError([Problem("E701", what, Place(SourceText(name, "")))]) from None
    return files


def _extends(directory: Path, text: str) -> Path | None:
    node = read_yaml("criteria.yaml", text, [])
    profile = node.get("profile") if isinstance(node, YMap) else None
    target = profile.get("extends") if isinstance(profile, YMap) else None
    return directory / target.text if isinstance(target, YScalar) else None


def load_directory(directory: Path) -> Ruleset:
    """Read and check a rulebook directory. Raises RulebookError with every problem found."""
    return load_layers(read_directory(directory))


def load_layers(layers: Layers) -> Ruleset:
    """Read and check a rulebook given as text. Raises RulebookError with every problem found."""
    problems: list[Problem] = []
    ruleset = _Loader(layers, problems).load()
    errors = [p for p in problems if p.severity == "error"]
    if errors or ruleset is None:
        raise RulebookError(problems)
    return ruleset


def case_files(ruleset: Ruleset) -> dict[str, str]:
    """The texts of the case files, by name, of all layers."""
    return {
        (name if layer == "base" else f"{layer}/{name}"): text
        for layer, files in ruleset.layers
        for name, text in files.items()
        if name.endswith(".cases.yaml")
    }


class _Loader:
    def __init__(self, layers: Layers, problems: list[Problem]) -> None:
        self.layers = layers
        self.problems = problems
        self.raw: dict[str, dict[str, object]] = {}

    def load(self) -> Ruleset | None:
        registry = self._registry()
        names = Names(registry, self.problems)
        title = profile_id = ""
        docs = {layer: self._documents(layer, files) for layer, files in self.layers}
        for layer, files in docs.items():
            profile_id, title = self._criteria(layer, files, names)
        metric_nodes = [n for f in docs.values() for k, n in f.items() if _is(k, "metrics.yaml")]
        parse_metrics(metric_nodes, names)
        for node in metric_nodes:
            self._keep("metrics", node)
        dimensions: dict[str, str] = {}
        labels: list[Label] = []
        for files in docs.values():
            for name, node in files.items():
                if _is(name, "labels.yaml"):
                    more, found = parse_labels(node, names)
                    dimensions |= more
                    labels += found
                    self.raw.setdefault("labels", {})[name] = plain(node)
        rules = self._rules(docs, names, dimensions)
        if not profile_id:
            return None
        return Ruleset(
            identity=self._identity(),
            profile_id=profile_id,
            title=title,
            registry=registry,
            sources=MappingProxyType(names.sources),
            criteria=MappingProxyType(names.criteria),
            metrics=MappingProxyType(names.metrics),
            rules=MappingProxyType(dict(sorted(rules.items()))),
            labels=tuple(labels),
            dimensions=MappingProxyType(dimensions),
            layers=self.layers,
        )

    def _registry(self) -> Registry:
        registry = base_registry()
        self._keep("fields", read_yaml("fields.yaml", base_text(), []), "name", "fields")
        for layer, files in self.layers:
            if "fields.yaml" in files:
                name = _shown(layer, "fields.yaml")
                registry = parse_registry(name, files["fields.yaml"], self.problems, registry) or registry
                self._keep("fields", read_yaml(name, files["fields.yaml"], []), "name", "fields")
        return registry

    def _documents(self, layer: str, files: Mapping[str, str]) -> dict[str, Node]:
        out: dict[str, Node] = {}
        for name, text in files.items():
            if name == "fields.yaml" or name.endswith(".cases.yaml"):
                continue
            node = read_yaml(_shown(layer, name), text, self.problems)
            if node is not None:
                out[name] = node
        return out

    def _criteria(self, layer: str, files: Mapping[str, Node], names: Names) -> tuple[str, str]:
        node = files.get("criteria.yaml")
        name = _shown(layer, "criteria.yaml")
        if not isinstance(node, YMap):
            names.report("E701", "criteria.yaml 应是键值表", Place(SourceText(name, ""), 1))
            return "", ""
        r = Reader(node, self.problems, "criteria.yaml")
        language = r.integer("language", required=True)
        if language not in (None, LANGUAGE):
            names.report("E702", f"规则语言版本 {language} 读不了，应为 {LANGUAGE}", node.place)
        profile = r.mapping("profile", required=True)
        id_, title = "", ""
        if profile:
            p = Reader(profile, self.problems, "profile")
            id_, title = p.text("id", required=True) or "", p.text("title", required=True) or ""
            p.text("extends")
            p.text("note")
            p.finish()
            self.raw["profile"] = {"id": id_, "title": title, "language": LANGUAGE}
        parse_sources(r.mapping("sources"), names)
        base = dict(names.criteria)
        criteria = r.mapping("criteria")
        parse_criteria(criteria, names)
        for kind in ("sources", "criteria"):
            table = node.get(kind)
            if isinstance(table, YMap):
                self.raw.setdefault(kind, {}).update({k: plain(v) for k, v in table})
        r.finish()
        for key, _ in criteria.entries if criteria else ():
            if key.text in base and key.text in names.criteria:
                _check_tightened(base[key.text], names.criteria[key.text], names)
        return id_, title

    def _rules(
        self, docs: Mapping[str, Mapping[str, Node]], names: Names, dimensions: dict[str, str]
    ) -> dict[str, Rule]:
        rules: dict[str, Rule] = {}
        for files in docs.values():
            own: dict[str, Rule] = {}
            for name, node in files.items():
                if not name.startswith("rules/") or _is(name, "metrics.yaml", "labels.yaml"):
                    continue
                if not isinstance(node, YList):
                    names.report("E202", "规则文件应是列表，每条以“- id:”开头", node.place)
                    continue
                self._keep("rules", node)
                for item in node.items:
                    rule = parse_rule(item, names, dimensions)
                    if rule is None:
                        continue
                    if rule.id in own:
                        self.problems.append(
                            Problem("E302", f"规则编号“{rule.id}”重复", rule.place, None,
                                    (("第一处", own[rule.id].place),))
                        )  # fmt: skip
                        continue
                    own[rule.id] = rule
            rules |= own
        return rules

    def _keep(self, kind: str, node: Node | None, key: str = "id", within: str | None = None) -> None:
        if within and isinstance(node, YMap):
            node = node.get(within)
        for item in node.items if isinstance(node, YList) else ():
            name = item.get(key) if isinstance(item, YMap) else None
            if isinstance(name, YScalar):
                self.raw.setdefault(kind, {})[name.text] = plain(item)

    def _identity(self) -> str:
        text = json.dumps(_canonical(self.raw), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_canonical(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    # A number and its text differ in kind: 20 and 20.0 are one number, "20" is a word.
    return {"n": exact_text(Fraction(value))} if isinstance(value, (int, Decimal)) else str(value)


def _is(path: str, *names: str) -> bool:
    return path.rsplit("/", 1)[-1] in names


def _shown(layer: str, name: str) -> str:
    return name if layer == "base" else f"{layer}/{name}"


def _check_tightened(base: Criterion, local: Criterion, names: Names) -> None:
    """A local profile may tighten a national value, never loosen it (E508)."""
    if not base.tighten_only or base.kind not in (Kind.FLOOR, Kind.CEILING):
        return
    for period in local.periods:
        for row in period.rows:
            keys: dict[str, object] = {k: v[0] for k, v in row.keys.items()}
            hit = lookup(base, keys, period.start, period.start, {k: str(v) for k, v in keys.items()})
            if not isinstance(hit, Hit) or row.unit is None or hit.row.unit is None:
                continue
            if not row.unit.same_kind(hit.row.unit):
                continue
            limit = hit.row.value * hit.row.unit.factor_to(row.unit)
            loose = row.value < limit if base.kind is Kind.FLOOR else row.value > limit
            if loose:
                names.report(
                    "E508",
                    f"“{local.title}”不能比国家标准宽：{exact_text(row.value)}，"
                    f"国家标准为 {exact_text(limit)} {row.unit.name}",
                    row.place, f"依据 {hit.row.provenance.source.citation(hit.row.provenance.clause)}",
                )  # fmt: skip
