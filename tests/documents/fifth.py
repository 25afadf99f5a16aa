"""The fifth set: ten documents of their own projects and layouts; the truth was written first.

All names and figures are made up.
"""

from __future__ import annotations

from tests.documents import fifth_one, fifth_two

DOCUMENTS = [*fifth_one.DOCUMENTS, *fifth_two.DOCUMENTS]
