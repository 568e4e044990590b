"""The pages say what is so: commands, errors, links, and the terminal session of the README."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runner
from runner import errors
from runner.cli import main
from runner.config import EMBEDDED, SETTINGS
from runner.ledger.integrity import Standing

if TYPE_CHECKING:
    from tests.conftest import Project

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in ROOT.glob("**/*.md")
    if not any(part.startswith(".") or part == "build" for part in path.relative_to(ROOT).parts)
)

WORDS = (
    *("migration", "version", "header", "directive", "checksum", "statement", "ledger", "entry", "pending", "applied"),
    *(
        "started",
        "baseline",
        "plan",
        "step",
        "apply",
        "verify",
        "edited",
        "file gone",
        "out of order",
        "ahead",
        "catalog",
    ),
    *("snapshot", "fingerprint", "difference", "drift", "scratch database", "resolve", "lock mode", "rule", "finding"),
    *("review", "query", "command"),
)
"""Words that the project uses in one meaning each."""


def named_errors(kind: type[errors.MigrateError] = errors.MigrateError) -> list[type[errors.MigrateError]]:
    """Every error with a name of its own."""
    own = [kind] if "name" in vars(kind) and kind is not errors.MigrateError else []
    return own + [found for child in kind.__subclasses__() for found in named_errors(child)]


def test_every_error_has_its_section_and_every_section_its_error() -> None:
    page = (ROOT / "docs/errors.md").read_text()
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))

    assert sorted(sections) == sorted({error.name for error in named_errors()})
    for error in named_errors():
        assert f"Exit status: {int(error.status)}" in sections[error.name]


def test_every_error_is_raised_somewhere() -> None:
    code = "\n".join(path.read_text() for path in (ROOT / "runner").rglob("*.py") if path.name != "errors.py")

    assert [error.__name__ for error in named_errors() if not re.search(rf"\b{error.__name__}\b", code)] == []


def test_the_page_of_commands_is_fresh() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "docs.make", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()

    assert [name for name in main.commands if f"`migrate {name}" not in readme] == []


def test_every_setting_is_on_its_page() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text()

    for setting in (*SETTINGS.values(), EMBEDDED):
        for name in (setting.flag, setting.environment, setting.key, setting.default):
            assert name is None or f"`{name}" in page


def test_every_public_name_is_on_the_page_of_the_library() -> None:
    page = (ROOT / "docs/how-to/library.md").read_text()

    assert [name for name in runner.__all__ if not re.search(rf"\b{name}\b", page)] == []


@pytest.mark.parametrize("folder", ["docs", "docs/adr"])
def test_every_page_is_listed(folder: str) -> None:
    index = ROOT / folder / "README.md"
    listed = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#]+\.md)", index.read_text())}
    pages = {page for page in PAGES if page.is_relative_to(index.parent) and page.name != "README.md"}
    elsewhere = {page for page in pages if page.parent.name == "adr"} if folder == "docs" else set()

    assert pages - elsewhere - listed == set()


def test_every_word_that_has_one_meaning_is_in_the_glossary() -> None:
    glossary = set(re.findall(r"^\*\*([^*]+)\*\*:", (ROOT / "docs/glossary.md").read_text(), re.MULTILINE))

    assert [word for word in WORDS if word not in glossary] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        headings = re.findall(r"^#+ (.*)$", linked.read_text(), re.MULTILINE)
        slugs = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in slugs, target


def test_every_standing_is_in_the_schema_of_the_json() -> None:
    schema = (ROOT / "docs/reference/json.schema.json").read_text()

    assert [standing.value for standing in Standing if f'"{standing.value}"' not in schema] == []


def test_the_terminal_session_of_the_readme_is_real(project: Project) -> None:
    readme = (ROOT / "README.md").read_text()
    [session] = re.findall(r"```console\n(.*?)```", readme, re.DOTALL)
    folder = str(Path(sys.executable).parent)
    environment = {**project.variables(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    shown = []
    for command in re.findall(r"^\$ (.*)$", session, re.MULTILINE):
        run = subprocess.run(
            ["sh", "-c", f"{command} 2>&1"],
            cwd=project.root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        shown.append(f"$ {command}\n{run.stdout}")

    def timeless(text: str) -> str:
        return re.sub(r" +\d+(\.\d+)? m?s\b", " N ms", text)

    assert timeless("".join(shown)) == timeless(session)
