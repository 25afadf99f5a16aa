"""Twenty documents of other projects and layouts than those that the lexicon was written beside."""

from __future__ import annotations

from tests.documents import third_one, third_three, third_two

DOCUMENTS = [*third_one.DOCUMENTS, *third_two.DOCUMENTS, *third_three.DOCUMENTS]
