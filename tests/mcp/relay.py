"""Runs a command with its input passed on, two marks in it replaced: what no JSON library would send."""

from __future__ import annotations

import subprocess
import sys

MARKS = {
    b'"@NUMBER@"': b"18.00000000000000000001",
    b'"@TWICE@"': b'{"project_id": "P1", "land_area": 1, "land_area": 2}',
}

with subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE) as process:
    assert process.stdin is not None
    for line in sys.stdin.buffer:
        for mark, instead in MARKS.items():
            line = line.replace(mark, instead)
        process.stdin.write(line)
        process.stdin.flush()
    process.stdin.close()
