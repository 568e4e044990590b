"""Writes the pages that are made from the code; `make check` fails while they are not what this writes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from docs.man import man_page
from runner.cli import main
from runner.review.rules import RULES

if TYPE_CHECKING:
    from runner.review.rules.rule import Rule

REFERENCE = Path(__file__).parent / "reference"
_HEAD = """\
# Commands

Made from the commands' own `--help` by `make docs`. Where each setting comes from: [settings](settings.md). What the
exit statuses ask of you: [exit status](exit-status.md).

Shell completion is one line in the start-up file of your shell:

```sh
eval "$(migrate completion bash)"      # ~/.bashrc
eval "$(migrate completion zsh)"       # ~/.zshrc
migrate completion fish | source       # ~/.config/fish/config.fish
```
"""
_RULES_HEAD = """\
# Rules

What [`migrate review`](../how-to/review.md) looks for. Each rule is one file in `runner/review/rules/`, and `make docs`
makes this page from those files. The tests run every example here on real servers: the rule finds the first one, and
finds nothing worse than a note in the second.

A finding is a **note**, a **warning** or an **error**. For what locks, rewrites and scans, that depends on three
things: whether the lock holds up readers, writers or neither; whether the statement rewrites or scans the table while
it holds the lock, or is done in a moment; and how large the table is on the live database, where a table of unknown
size counts as large. What existed before the file is all that counts: nobody waits for a table that the file itself
makes.

A file says that it knows what it does with a directive in its leading comment. The reason is printed in every report:

```sql
-- migrate: allow drop-column-or-table nobody has read it since release 2.1
```

| rule | it finds |
|---|---|
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


def rules_page() -> str:
    """The page of rules, in the order in which they are asked."""
    table = "".join(f"| [{rule.name}](#{rule.name}) | {rule.summary} |\n" for rule in RULES)
    return "\n".join([_RULES_HEAD + table, *map(_rule, RULES)])


def _rule(rule: Rule) -> str:
    good = "\n".join(_sql(text) for text in rule.good)
    return f"""## {rule.name}

{rule.summary}

**When.** {rule.condition.strip()}

**What happens.** {rule.effect.strip()}

**The safe shape.** {rule.safe.strip()}

Found in:

{_sql(rule.bad)}
Not found in:

{good}"""


def _sql(text: str) -> str:
    return f"```sql\n{text.strip()}\n```\n"


def pages() -> dict[Path, str]:
    """The pages that are made, by path."""
    return {
        REFERENCE / "commands.md": commands_page(),
        REFERENCE / "rules.md": rules_page(),
        REFERENCE / "migrate.1": man_page(REFERENCE / "exit-status.md"),
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        stale = [str(path) for path, text in pages().items() if not path.exists() or path.read_text() != text]
        sys.exit(f"{', '.join(stale)}: stale; make docs" if stale else 0)
    for path, text in pages().items():
        path.write_text(text)
