"""Numbered SQL files for PostgreSQL, each applied exactly once.

The public API is what `__all__` names. It is loaded when it is used, so that the command's start stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.commands import baseline, new, plan, resolve, status, up
    from runner.config import Config, OnDrift
    from runner.errors import MigrateError
    from runner.generating import check_generated, generate
    from runner.ledger.resolve import Decision
    from runner.ledger.session import Listener
    from runner.migrations.folder import load_folder, packaged
    from runner.migrations.migration import Migration
    from runner.results import Against
    from runner.server.embedded import running
    from runner.verifying import verify

__version__ = "0.1.0"

_HOME = {
    "Against": "runner.results",
    "Config": "runner.config",
    "Decision": "runner.ledger.resolve",
    "Listener": "runner.ledger.session",
    "MigrateError": "runner.errors",
    "Migration": "runner.migrations.migration",
    "OnDrift": "runner.config",
    "check_generated": "runner.generating",
    "generate": "runner.generating",
    "load_folder": "runner.migrations.folder",
    "packaged": "runner.migrations.folder",
    "running": "runner.server.embedded",
    "verify": "runner.verifying",
}
__all__ = [
    "Against",
    "Config",
    "Decision",
    "Listener",
    "MigrateError",
    "Migration",
    "OnDrift",
    "__version__",
    "baseline",
    "check_generated",
    "generate",
    "load_folder",
    "new",
    "packaged",
    "plan",
    "resolve",
    "running",
    "status",
    "up",
    "verify",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'runner' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME.get(name, "runner.commands")), name)
