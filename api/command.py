"""The whole ``admission`` command: the evaluator's own and the service's, those loaded on demand."""

from __future__ import annotations

from evaluator.cli import SUBCOMMANDS, app

__all__ = ["app"]

SUBCOMMANDS.update(
    {
        "accounts": "api.cli:accounts_app",
        "audit": "api.cli:audit_app",
        "db": "api.cli:db_app",
        "backup": "api.cli:db_app#backup",
        "restore": "api.cli:db_app#restore",
    }
)
