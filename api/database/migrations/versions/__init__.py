"""Alembic migrations, run from the program (``Database.migrate``) or by ``admission db``."""
