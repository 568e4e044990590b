"""Writes the pages that are made from the code; `make check` fails while they are not what this writes."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from runner.cli import main

COMMANDS = Path(__file__).parent / "reference/commands.md"
_HEAD = """\
# Commands

Made from the commands' own `--help` by `make docs`. Where each setting comes from: [settings](settings.md). What the
exit statuses ask of you: [exit status](exit-status.md).

Shell completion is one line in the start-up file of your shell:

```sh
eval "$(_MIGRATE_COMPLETE=bash_source migrate)"    # ~/.bashrc
eval "$(_MIGRATE_COMPLETE=zsh_source migrate)"     # ~/.zshrc
_MIGRATE_COMPLETE=fish_source migrate | source     # ~/.config/fish/config.fish
```
"""


def commands_page() -> str:
    """The page of commands, in the order in which they are defined."""
    parts = [_HEAD, _section("migrate", main, None)]
    for name, command in main.commands.items():
        parts.append(_section(f"migrate {name}", command, main))
    return "\n".join(parts)


def _section(title: str, command: click.Command, parent: click.Command | None) -> str:
    above = click.Context(parent, info_name="migrate") if parent else None
    name = title.rsplit(maxsplit=1)[-1]
    context = click.Context(command, info_name=name, parent=above, terminal_width=100, max_content_width=100)
    return f"## {title}\n\n```\n{command.get_help(context)}\n```\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if COMMANDS.read_text() == commands_page() else f"{COMMANDS} is stale: make docs")
    COMMANDS.write_text(commands_page())
