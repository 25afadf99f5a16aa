"""The sixth set: seven documents unlike those before, read only after the fifth had been mended.

All names and figures are made up.
"""

from __future__ import annotations

from tests.documents import sixth_one, sixth_two

DOCUMENTS = [*sixth_one.DOCUMENTS, *sixth_two.DOCUMENTS]
