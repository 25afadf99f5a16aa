"""All in-process measurements; writes the chapter of docs/benchmarks.md between its marks.

    python -m benchmarks.run [--seconds 3] [--out docs/benchmarks.md]

Needs the dependency group ``bench``; a peer that is not installed is left out and said so.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path

from benchmarks.peers import PEERS
from benchmarks.rulebooks import SPECS, dossier, forty_rules, plain_dossier, ruleset
from benchmarks.soak_durable import variants
from benchmarks.timing import Spread, interleaved, machine, resident_mb
from evaluator.cases.book import read_cases
from evaluator.dossier.dossier import Profile
from evaluator.engine.durable.engine import DurableEngine
from evaluator.engine.reference.engine import ReferenceEngine
from evaluator.judgement.evaluate import Evaluator
from evaluator.judgement.explain import Finding, explain
from evaluator.judgement.result import canonical_bytes, result
from evaluator.rulebook.ast import Ruleset
from evaluator.rulebook.checks import check_directory
from evaluator.rulebook.load import load_directory
from evaluator.rulebook.verdict import Status

ROOT = Path(__file__).resolve().parent.parent
DAY = dt.date(2024, 6, 3)
KINDS = {"few": "3 条不符合", "all": "40 条全部不符合"}
OURS = "本项目 durable 引擎"
REFERENCE = "本项目 reference 引擎"
EVALUATE = "本项目 两个引擎互核并留痕"
REASONS = "本项目 评估并写出理由"


def number(microseconds: float) -> str:
    """A duration for reading."""
    if microseconds < 1000:
        return f"{microseconds:.1f} 微秒"
    if microseconds < 1_000_000:
        return f"{microseconds / 1000:.2f} 毫秒"
    return f"{microseconds / 1_000_000:.2f} 秒"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


# --- one dossier, beside others ------------------------------------------------------------------


def compare(seconds: float) -> str:
    """40 rules on one dossier in every engine; each must find the same breaches."""
    rules = forty_rules()
    durable, reference, both = DurableEngine(rules), ReferenceEngine(rules), Evaluator(rules)
    made: dict[str, Callable[[dict[str, object]], list[str]]] = {}
    missing: list[str] = []
    for name, make in PEERS.items():
        try:
            made[name] = make(SPECS)
        except ImportError:
            missing.append(name)
    parts: list[str] = []
    for kind, title in KINDS.items():
        profile, plain = dossier(rules, kind), plain_dossier(kind)
        expected = sorted(
            i.removeprefix("positive.")
            for i, status in reference.statuses(profile, DAY).items()
            if status is Status.VIOLATED
        )
        for name, breaches in made.items():
            if sorted(breaches(plain)) != expected:
                raise SystemExit(f"{name}: not the same breaches, so not the same work")
        subjects: dict[str, Callable[[], object]] = {
            OURS: partial(durable.statuses, profile, DAY),
            REFERENCE: partial(reference.statuses, profile, DAY),
            EVALUATE: partial(both.evaluate, profile, DAY),
            REASONS: partial(_with_reasons, both, profile),
            **{name: partial(breaches, plain) for name, breaches in made.items()},
        }
        parts.append(f"### {title}\n\n{_ranked(interleaved(subjects, seconds))}")
    durable.close()
    both.close()
    if missing:
        parts.append(f"未安装、未测：{'、'.join(missing)}。")
    return "\n\n".join(parts)


def _with_reasons(evaluator: Evaluator, profile: Profile) -> list[Finding]:
    """Judge, and word every finding that stands in the way."""
    evaluation = evaluator.evaluate(profile, DAY)
    return [explain(evaluation, rule_id) for rule_id in evaluation.blocking]


def _ranked(found: Mapping[str, Spread]) -> str:
    base = found[OURS].median
    rows = [
        [
            f"**{name}**" if name == OURS else name,
            number(s.median),
            number(s.p99),
            number(s.cpu),
            "1" if name == OURS else f"{s.median / base:.2f}",
            str(s.count),
        ]
        for name, s in sorted(found.items(), key=lambda pair: pair[1].median)
    ]
    return table(["引擎", "中位数", "p99", "处理器时间", "与 durable 之比", "次数"], rows)


# --- the rest ------------------------------------------------------------------------------------


def shipped(seconds: float) -> str:
    """The shipped rulebook: loading, compiling, one complete dossier judged."""
    rules = load_directory(ROOT)
    example = _example(rules)
    evaluator = Evaluator(rules)
    reference = ReferenceEngine(rules)
    engine = evaluator.engine

    def compiled() -> None:
        DurableEngine(rules).close()

    def canonical() -> bytes:
        return canonical_bytes(result(evaluator.evaluate(example)))

    found = interleaved(
        {
            "读取规则集（YAML）": lambda: load_directory(ROOT),
            "读取规则集并做全部检查": lambda: check_directory(ROOT),
            "编译 durable 引擎": compiled,
            "durable：全部单项结论": lambda: engine.statuses(example, example.submitted_on),
            "reference：全部单项结论和留痕": lambda: reference.assess(
                example, example.submitted_on
            ),
            "评估：两个引擎互核并留痕": lambda: evaluator.evaluate(example),
            "评估并写出理由、整改途径和规范结果": canonical,
        },
        seconds,
        rounds=3,
    )
    evaluator.close()
    rows = [[name, number(s.median), number(s.p99)] for name, s in found.items()]
    shown = table(["做什么", "中位数", "p99"], rows)
    return f"{len(rules.rules)} 条规则，示例 d01（材料完整）。\n\n{shown}"


def _example(rules: Ruleset) -> Profile:
    return next(c.profile for c in read_cases(rules, [], ROOT).dossiers if c.profile.id == "D01")


def linearity(seconds: float) -> str:
    """Time for one dossier against the number of rules."""
    rows: list[list[str]] = []
    for count in (64, 250, 500, 1000):
        rules = ruleset(count)
        started = time.process_time()
        engine = DurableEngine(rules)
        compiled = time.process_time() - started
        profiles = {kind: dossier(rules, kind) for kind in KINDS}
        calls = {kind: partial(engine.statuses, p, DAY) for kind, p in profiles.items()}
        found = interleaved(calls, seconds / 2, rounds=3)
        engine.close()
        few, all_ = found["few"].cpu, found["all"].cpu
        rows.append(
            [
                str(count),
                number(few),
                f"{few / count:.2f} 微秒",
                number(all_),
                f"{all_ / count:.2f} 微秒",
                number(compiled * 1e6),
            ]
        )
    head = ["规则数", "少数不符合", "每条", "多数不符合", "每条", "编译"]
    return table(head, rows)


def memory(dossiers: int = 200_000) -> str:
    """Resident memory over many different dossiers in one engine."""
    rules = forty_rules()
    profiles = variants(dossier(rules, "few"))
    engine = DurableEngine(rules)
    for profile in profiles:
        engine.statuses(profile, DAY)
    gc.collect()
    before = resident_mb()
    started = time.perf_counter()
    for n in range(dossiers):
        engine.statuses(profiles[n % len(profiles)], DAY)
    seconds = time.perf_counter() - started
    after = resident_mb()
    engine.close()
    return (
        f"同一引擎连续评估 {dossiers:,} 份不同的材料（{len(profiles)} 种缺项和数值）：{seconds:.1f} 秒，"
        f"每秒 {dossiers / seconds:,.0f} 份；常驻内存由 {before:.1f} MB 变为 {after:.1f} MB。"
        "8 个线程的同样试验见 `python -m benchmarks.soak_durable`，每一份都与 reference 核对。"
    )


START, END = "<!-- engines -->", "<!-- end of engines -->"
INTRO = """- 机器：{machine}
- 日期：{date}，开始时系统负载 {load:.2f}
- 命令：`{command}`
- 版本：durable-rules {durable}{versions}

## 一份材料，40 条规则，与同类引擎比较

同一进程、预热后、逐份评估，各引擎轮流计时；中位数和 p99 按钟表时间，受机器上其他进程影响，处理器时间（每次的平均）不受。规则和材料见 `benchmarks/rulebooks.py`，各引擎的写法见 `benchmarks/peers.py`；开始前先核对各引擎找出的不符合项完全相同。

两边的工作量不同：本项目每条规则给出四种结论之一，缺项不当作符合，数值精确，按日期取标准；其他引擎只做浮点的真假判断，给出不符合的规则名。"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0, help="per engine and dossier")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    options = parser.parse_args()
    intro = INTRO.format(
        machine=machine(),
        command=" ".join(["python -m benchmarks.run", *sys.argv[1:]]),
        date=dt.date.today().isoformat(),
        load=os.getloadavg()[0],
        durable=version("durable-rules"),
        versions="".join(f"，{p} {v}" for p, v in _versions()),
    )
    text = "\n\n".join(
        [
            intro,
            compare(options.seconds),
            "## 本项目自带的规则集",
            shipped(options.seconds),
            "## 规则数增加",
            "40 条规则的表换不同的界限重复到所需条数；每 20 条规则一个 durable-rules 规则集。均为处理器时间。",
            linearity(options.seconds),
            "## 内存",
            memory(),
        ]
    )
    before, _, rest = options.out.read_text("utf-8").partition(START)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{options.out} has no {START} … {END}")
    # Its headings stand below that of the chapter.
    below = re.sub("^#", "##", text, flags=re.M)
    options.out.write_text(f"{before}{START}\n\n{below}\n\n{END}{after}", "utf-8")
    print(text)


def _versions() -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for package in ("zen-engine", "clipspy", "rule-engine", "cel-python"):
        try:
            found.append((package, version(package)))
        except ImportError:
            continue
    return found


if __name__ == "__main__":
    main()
