"""A command group whose heavy subcommands are imported only when they are asked for.

``admission evaluate`` must not wait for the solver, the column engine or the database layer.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from evaluator.cli.helps import help_of


class LazyGroup(TyperGroup):
    """``sources`` maps a command's name to ``module:typer_app`` or ``module:typer_app#command``."""

    sources: ClassVar[dict[str, str]] = {}
    _listing = False

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help, the commands by what they say of themselves in their sources."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self._listing = False

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, the imported ones first."""
        return [*super().list_commands(ctx), *self.sources]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, imported if need be."""
        source = self.sources.get(cmd_name)
        if source is None:
            return super().get_command(ctx, cmd_name)
        if self._listing and (said := help_of(source)):
            return TyperCommand(cmd_name, help=said)
        path, _, inner = source.partition("#")
        module, _, attribute = path.partition(":")
        command: Any = get_command(getattr(import_module(module), attribute))
        if inner:
            command = command.commands[inner]
        command.name = cmd_name
        return command


def lazy_group(sources: dict[str, str]) -> type[LazyGroup]:
    """A group class of its own with these subcommands."""
    return type("LazyCommands", (LazyGroup,), {"sources": sources})
