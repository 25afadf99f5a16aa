"""Judging many dossiers at once: reading, judging, comparing, reporting."""
