"""What is released: the same bytes each time, all that belongs in it, and a command that works once installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import runner
from release.dist import build
from tests.conftest import ON_ONE_SERVER

if TYPE_CHECKING:
    from tests.conftest import Database, Project

ROOT = Path(__file__).parents[2]
EPOCH = 1_700_000_000
_LEFT_OUT = shutil.ignore_patterns("__pycache__")


def copy_tree(into: Path) -> Path:
    """What the wheel is built from, as it is now, in a folder of its own."""
    for name in ("runner", "gateway", "sql"):
        shutil.copytree(ROOT / name, into / name, ignore=_LEFT_OUT)
    (into / "docs/reference").mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE", "docs/reference/migrate.1"):
        shutil.copy(ROOT / name, into / name)
    return into


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel and an sdist of the tree."""
    folder = tmp_path_factory.mktemp("built")
    build(copy_tree(folder / "tree"), folder / "dist", epoch=EPOCH)
    return folder / "dist"


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it."""
    place = tmp_path_factory.mktemp("installed") / "venv"
    install(wheel_of(built), place)
    return place


def wheel_of(built: Path) -> Path:
    [wheel] = built.glob("*.whl")
    return wheel


def install(wheel: Path, place: Path) -> None:
    """Makes an environment with the wheel, which finds its dependencies where ours are."""
    venv.create(place, with_pip=False)
    python = str(place / "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
    # The line of a .pth file is a folder to search, and the .pth files in that folder do not count: not our own tree.
    [packages] = place.glob("lib/python*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"))


def test_two_builds_give_the_same_bytes(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = copy_tree(tmp_path / "another/tree")
    for path in tree.rglob("*"):
        os.utime(path, (EPOCH + 12345, EPOCH + 12345))
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    monkeypatch.setenv("PYTHONHASHSEED", "12345")

    again = build(tree, tmp_path / "dist", epoch=EPOCH)

    assert [path.name.rpartition(".")[2] for path in again] == ["whl", "gz"]
    for path in again:
        assert path.read_bytes() == (built / path.name).read_bytes(), path.name


def test_the_wheel_has_all_that_is_read_at_run_time(built: Path) -> None:
    read = {
        str(path.relative_to(ROOT))
        for top in ("runner", "gateway")
        for path in (ROOT / top).rglob("*")
        if path.suffix in {".py", ".sql", ".typed"} or path.parent.name == "assets"
    }
    schema = {f"gateway/{path.relative_to(ROOT)}" for path in (ROOT / "sql").rglob("*.sql")}
    page = f"migrate_runner-{runner.__version__}.data/data/share/man/man1/migrate.1"

    there = set(zipfile.ZipFile(wheel_of(built)).namelist())

    assert (read | schema | {page}) - there == set()
    assert {name for name in there if ".dist-info/" not in name} == read | schema | {page}


@ON_ONE_SERVER
def test_the_installed_command_does_the_first_steps(installed: Path, project: Project, database: Database) -> None:
    def migrate(*arguments: str) -> str:
        run = subprocess.run(
            [installed / "bin/migrate", *arguments],
            cwd=project.root,
            env=project.variables(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert migrate("--version") == f"migrate, version {runner.__version__}\n"
    written = migrate("new", "create", "users").strip()
    assert written == "sql/migrations/0001_create_users.sql"
    (project.root / written).write_text("CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);\n")
    assert "1 migration to apply" in migrate("plan")
    assert "applied 1 migration" in migrate("up")
    assert "nothing pending" in migrate("status")
    assert "the live schema is what the last migration left" in migrate("verify")
    assert database.ledger() == [(1, "applied")]


def test_the_installed_packages_are_the_wheels_own_and_the_manual_page_is_there(
    installed: Path, tmp_path: Path
) -> None:
    code = (
        "import runner, gateway; from importlib.resources import files\n"
        "print(runner.__file__, gateway.__file__, sorted(each.name for each in files('gateway.sql').iterdir()))"
    )

    command = [str(installed / "bin/python"), "-c", code]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout

    assert out.count(str(installed)) == 2
    assert "['citus', 'migrations', 'queries', 'schema.sql']" in out
    assert (installed / "share/man/man1/migrate.1").read_text() == (ROOT / "docs/reference/migrate.1").read_text()


@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not on this machine")
def test_groff_has_nothing_to_say_of_the_manual_page() -> None:
    page = ROOT / "docs/reference/migrate.1"

    run = subprocess.run(["groff", "-man", "-ww", "-z", page], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")


def test_the_version_stands_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    code = [path for top in ("runner", "gateway", "release", "docs", "deploy") for path in (ROOT / top).rglob("*.*")]
    places = [*code, *(ROOT / name for name in ("pyproject.toml", "Makefile", "Dockerfile", "README.md"))]
    quoted = re.compile(rf'["\' =v]{re.escape(runner.__version__)}["\' ]')

    named = [
        str(path.relative_to(ROOT))
        for path in places
        if path.suffix in {".py", ".toml", ".1", ".yaml", ".service", "", ".sh"} and quoted.search(path.read_text())
    ]

    assert project["project"]["dynamic"] == ["version"]
    assert named == ["runner/__init__.py"]
