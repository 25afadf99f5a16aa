"""A rulebook as text on the way between a directory and a service, letter by letter.

``read_text`` takes a directory with the profiles it extends and the dossier files that its cases
name (``materials``); ``write_text`` puts the same files back so that reading them gives the same.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from evaluator.problems.errors import Problem, Problems, RulebookError
from evaluator.problems.source import Place, SourceText
from evaluator.reading.yaml.scan import YList, YMap, YScalar, read_kept
from evaluator.rulebook.files import (
    BASE,
    Layers,
    is_case_file,
    layer_paths,
    read_directory,
    shown_name,
)

# What the service does to a proposal, in this order.
STAGES = {
    "check": "检查写法",
    "cases": "跑案例",
    "diff": "比较差别",
    "impact": "算影响",
    "proof": "证明底线（不变式）",
}
MAX_MATERIAL = 2_000_000
_FILLER = "profiles"


def safe_path(path: str) -> bool:
    """Whether a relative path stays below its directory and is written in one way only."""
    parts = PurePosixPath(path).parts
    plain = all(p not in ("", ".", "..") for p in parts) and "\\" not in path and "\0" not in path
    return bool(parts) and plain and not path.startswith("/") and posixpath.normpath(path) == path


def materials_in(layers: Layers, root: Path) -> dict[str, str]:
    """The texts of the dossier files that the cases name; what is not there is left out.

    A file is looked for as ``cases.book`` does, in the layer of the case and in those below it, and is
    named like a file of the layer that has it (``shown_name``).
    """
    try:
        paths = layer_paths(root) if len(layers) > 1 else {layers[0][0]: root}
    except RulebookError:
        paths = {}  # A directory that is broken since has nothing to give.
    order = [name for name, _ in layers]
    out: dict[str, str] = {}
    for layer, name in dict.fromkeys(_named(layers)):
        for below in reversed(order[: order.index(layer) + 1]):
            path = paths[below] / name if below in paths else None
            try:
                if path is None or not path.is_file() or path.stat().st_size > MAX_MATERIAL:
                    continue
                out[shown_name(below, name)] = _exact(path)
            except (OSError, UnicodeDecodeError):
                pass  # The case that names it then says that it cannot be found.
            break
    return out


def _named(layers: Layers) -> Iterator[tuple[str, str]]:
    """The layer of each case that names a dossier file, and the name."""
    for layer, files in layers:
        for name, text in files.items():
            node = (
                read_kept(name, text, Problems())
                if is_case_file(name) and "file:" in text
                else None
            )
            for item in node.items if isinstance(node, YList) else ():
                file = item.get("file") if isinstance(item, YMap) else None
                if isinstance(file, YScalar) and safe_path(file.text):
                    yield layer, file.text


def read_text(directory: Path) -> tuple[Layers, dict[str, str]]:
    """A rulebook directory as layers and materials. Raises RulebookError."""
    layers = read_directory(directory)
    return layers, materials_in(layers, directory)


def _exact(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


def write_text(layers: Layers, materials: Mapping[str, str], out: Path) -> Path:
    """Write a rulebook below ``out``; the directory to give to the other commands.

    A rulebook of one layer stands in ``out`` itself; one that extends others is laid out so that
    its own ``extends`` leads to them. Raises RulebookError where that would leave ``out``.
    """
    places = _places(layers)
    for place, (_, files) in zip(places, layers, strict=True):
        for name, text in files.items():
            if not safe_path(name):
                raise _refused(name)
            _write(out / place / name, text)
    at = {name: out / place for place, (name, _) in zip(places, layers, strict=True)}
    for name, text in materials.items():
        if not safe_path(name):
            raise _refused(name)
        layer, _, rest = name.partition("/")
        if layer in at and layer != BASE and rest:
            _write(at[layer] / rest, text)
        else:
            _write(out / places[0] / name, text)
    return out / places[-1]


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def _refused(name: str) -> RulebookError:
    return RulebookError([Problem("E701", "文件名不能用", Place(SourceText(name, "")))])


def _places(layers: Layers) -> list[str]:
    """Where each layer goes, relative to a common directory, base first."""
    # The top stands deep enough in an imagined tree for every "..": what is not needed is cut off.
    own = layers[-1][0] if layers[-1][0] != BASE else ""
    at = [posixpath.join("/", *[_FILLER] * 16, own)]
    for name, files in reversed(layers[1:]):
        node = read_kept("criteria.yaml", files["criteria.yaml"], Problems())
        profile = node.get("profile") if isinstance(node, YMap) else None
        target = profile.get("extends") if isinstance(profile, YMap) else None
        if not isinstance(target, YScalar) or target.text.startswith("/"):
            raise _refused(f"{name}/criteria.yaml")
        at.append(posixpath.normpath(posixpath.join(at[-1], target.text)))
    common = posixpath.commonpath(at)
    return [posixpath.relpath(p, common) for p in reversed(at)]
