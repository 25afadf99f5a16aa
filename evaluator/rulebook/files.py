"""From a directory to texts: the files of a rulebook and of the profiles it extends.

A rulebook directory holds ``criteria.yaml`` and ``rules/``, and may hold ``fields.yaml`` with
additional fields. What was read is kept as layers of text, so that a stored ruleset loads again
without its directory.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from evaluator.problems.errors import Problem, Problems, RulebookError
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.scan import YMap, YScalar, read_kept

Layers = tuple[tuple[str, Mapping[str, str]], ...]
MAX_FILE_BYTES = 20_000_000
MAX_LAYERS = 8
BASE = "base"


def shown_name(layer: str, name: str) -> str:
    """A file's name as problems show it."""
    return name if layer == BASE else f"{layer}/{name}"


_COPY = re.compile(r"副本|复制|\bcopy\b|\(\d+\)|（\d+）|拷贝", re.I)


def is_copy(name: str) -> bool:
    """Whether a file's name is one that computers give to copies."""
    return _COPY.search(name.rsplit("/", 1)[-1]) is not None


def is_case_file(name: str) -> bool:
    """Whether a file holds cases and no rules."""
    return name.endswith(".cases.yaml")


def read_directory(directory: Path, edited: Mapping[Path, str] | None = None) -> Layers:
    """The texts of a rulebook directory, under those of the profiles it extends.

    ``edited`` gives, by resolved path, texts that an editor has not saved yet. Raises RulebookError
    where a file is missing, misnamed or not UTF-8.
    """
    return tuple((name, files) for name, _, files in _walk(directory, edited or {}))


def layer_paths(directory: Path, edited: Mapping[Path, str] | None = None) -> dict[str, Path]:
    """The directory of each layer of ``read_directory``, resolved."""
    return {name: path for name, path, _ in _walk(directory, edited or {})}


def _walk(directory: Path, edited: Mapping[Path, str]) -> list[tuple[str, Path, Mapping[str, str]]]:
    """Name, directory and texts of each layer, the innermost base first."""
    layers: list[tuple[str, Path, Mapping[str, str]]] = []
    seen: set[Path] = set()
    current: Path | None = directory
    below: YScalar | None = None  # Where ``extends`` is written that led to ``current``.
    while current is not None:
        try:
            current = current.resolve()
            here = current / "criteria.yaml" in edited or (current / "criteria.yaml").is_file()
        except (OSError, ValueError, RuntimeError):  # No possible path, or links in a circle.
            here = False
        if below is not None and current in seen:
            raise _wrong_extends(below, "绕回了自己", "去掉其中一个 extends")
        if below is not None and len(seen) == MAX_LAYERS:
            raise _wrong_extends(below, f"一共超过 {MAX_LAYERS} 层", "少套几层")
        if not here and below is not None:
            raise _wrong_extends(
                below,
                f"指到的目录“{below.text[:60]}”里没有 criteria.yaml",
                "写相对于本文件所在目录的路径，如 ../..",
            )
        if not here:
            hint = "写规则集的目录，也就是 criteria.yaml 所在的目录"
            raise _unreadable(str(directory), "这里没有 criteria.yaml", hint)
        seen.add(current)
        files = _read_files(current, edited)
        layers.append((_layer_name(current, [name for name, _, _ in layers]), current, files))
        below = _extends(shown_name(layers[-1][0], "criteria.yaml"), files["criteria.yaml"])
        current = current / below.text if below is not None else None
    # The innermost base is called "base": its directory name is an accident of the checkout.
    layers[-1] = (BASE, *layers[-1][1:])
    return layers[::-1]


def _layer_name(directory: Path, taken: list[str]) -> str:
    name = directory.name or "rulebook"
    name = f"{name}-profile" if name == BASE else name
    number = 2
    unique = name
    while unique in taken:
        unique, number = f"{name}-{number}", number + 1
    return unique


def _unreadable(name: str, message: str, hint: str) -> RulebookError:
    return RulebookError([Problem("E701", message, Place(SourceText(name, "")), hint)])


def _wrong_extends(node: YScalar, message: str, hint: str) -> RulebookError:
    return RulebookError([Problem("E701", f"extends {message}", node.place, hint)])


def _read_files(directory: Path, edited: Mapping[Path, str]) -> dict[str, str]:
    paths = [directory / "criteria.yaml"]
    if directory / "fields.yaml" in edited or (directory / "fields.yaml").is_file():
        paths.append(directory / "fields.yaml")
    rules = directory / "rules"
    unsaved = {p for p in edited if p.is_relative_to(rules)}
    below = sorted({p for p in rules.rglob("*") if p.is_file()} | unsaved)
    paths += [p for p in below if p.suffix == ".yaml"]
    problems = Problems()
    for p in below:
        if p.suffix != ".yaml" and p.suffix.lower() in (".yaml", ".yml"):
            hint = f"改名为 {p.stem}.yaml"
            problems.report("E703", "规则文件的扩展名应是 .yaml", _at(directory, p), hint)
        elif p.suffix == ".txt" and Path(p.stem).suffix in (".yaml", ".yml"):
            hint = f"要用就改名为 {Path(p.stem).stem}.yaml；不用就移到 rules 之外"
            problems.report(
                "E703", "名字以 .txt 结尾，不会读，多半是另存时加上的", _at(directory, p), hint
            )
        elif p.name.endswith(NEARLY_CASES):
            hint = f"改名为 {p.name.partition('.')[0]}.cases.yaml"
            what = "名字像是案例文件，却会当作规则读；案例文件以 .cases.yaml 结尾"
            problems.report("E703", what, _at(directory, p), hint)
    for p in sorted(directory.glob("*.yaml")):
        if p.name not in READ_AT_TOP and _holds_rules(p):
            hint = "移到 rules 目录里"
            problems.report(
                "E703", "这个规则文件不在 rules 目录里，不会读", _at(directory, p), hint
            )
    files: dict[str, str] = {}
    for path in paths:
        name = path.relative_to(directory).as_posix()
        if path in edited:
            files[name] = edited[path]
            continue
        try:
            if path.stat().st_size > MAX_FILE_BYTES:
                problems.report("E701", "文件过大", _at(directory, path), "把文件分开")
                continue
            files[name] = path.read_text("utf-8")
        except UnicodeDecodeError:
            hint = "在编辑器里另存为 UTF-8 编码"
            problems.report("E701", "文件不是 UTF-8 文本", _at(directory, path), hint)
        except OSError:
            problems.report("E701", "文件读不了", _at(directory, path), "检查文件的权限")
    if problems:
        raise RulebookError(problems)
    return files


NEARLY_CASES = (".case.yaml", ".test.yaml", ".tests.yaml", "_cases.yaml", "-cases.yaml")
READ_AT_TOP = ("criteria.yaml", "fields.yaml")
_RULE = re.compile(r"^- id:|^- \{id:|^- rule:|^- \{rule:", re.M)


def _holds_rules(path: Path) -> bool:
    """Whether a file beside criteria.yaml looks like rules or cases that were put there by mistake."""
    try:
        return path.stat().st_size <= MAX_FILE_BYTES and bool(_RULE.search(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError):
        return False


def _at(directory: Path, path: Path) -> Place:
    return Place(SourceText(path.relative_to(directory).as_posix(), ""))


def _extends(name: str, text: str) -> YScalar | None:
    # Nearly every rulebook extends none, and its text need not be parsed twice to see that. The word
    # can only be written otherwise by an escape.
    if "extends" not in text and "\\" not in text:
        return None
    node = read_kept(name, text, Problems())
    profile = node.get("profile") if isinstance(node, YMap) else None
    target = profile.get("extends") if isinstance(profile, YMap) else None
    return target if isinstance(target, YScalar) and target.text else None
