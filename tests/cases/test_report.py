"""The report on the quality of cases."""

from __future__ import annotations

from html.parser import HTMLParser

from evaluator.cases.book import read_cases
from evaluator.cases.coverage import coverage
from evaluator.cases.mutation import mutate
from evaluator.cases.report import quality_html
from evaluator.problems.errors import Problems
from evaluator.rulebook.load import load_directory
from tests.support import ROOT


def test_the_html_report_is_well_formed_and_escaped() -> None:
    ruleset = load_directory(ROOT)
    problems = Problems()
    cases = read_cases(ruleset, problems, ROOT)
    page = quality_html("标准 <甲>", coverage(ruleset, cases), mutate(ruleset, cases))
    assert "标准 &lt;甲&gt;：案例质量" in page

    class Balance(HTMLParser):
        open: list[str]

        def handle_starttag(self, tag: str, attrs: object) -> None:
            del attrs
            if tag != "meta":
                self.open.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Balance()
    parser.open = []
    parser.feed(page)
    assert parser.open == []
