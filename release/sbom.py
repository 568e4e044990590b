"""Writes dist/*.cdx.json: the CycloneDX bill of materials of the wheel in dist/ and of what it needs at run time.

The wheel is installed into an environment of its own, with what pip finds for it today, and that is written down. Run
by the Python of an environment that has cyclonedx-bom: `make sbom` makes it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
_OPTIONS = ("--mc-type", "library", "--output-reproducible", "--of", "JSON")


def write(wheel: Path, bill: Path, *, epoch: int) -> None:
    """Writes the bill of a wheel; `epoch` is the time that stands in it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=False)
        python = str(place / "venv/bin/python")
        _run("pip", "--python", python, "install", "--quiet", "--disable-pip-version-check", str(wheel))
        (place / "pyproject.toml").write_text(_with_version(wheel.name.split("-")[1]))
        project = ("--pyproject", str(place / "pyproject.toml"))
        _run("cyclonedx_py", "environment", *_OPTIONS, *project, "-o", str(bill), python, epoch=epoch)


def _with_version(version: str) -> str:
    """Our pyproject.toml as if the version stood in it: cyclonedx-py knows no other place."""
    return (ROOT / "pyproject.toml").read_text().replace('dynamic = ["version"]', f'version = "{version}"')


def _run(module: str, *arguments: str, epoch: int = 0) -> None:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(epoch)}
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, env=environment)  # noqa: S603


def main() -> None:
    """Writes the bill beside the wheel."""
    [wheel] = (ROOT / "dist").glob("*.whl")
    time = subprocess.check_output(["git", "-C", ROOT, "log", "-1", "--format=%ct"])  # noqa: S603, S607
    bill = wheel.with_name("-".join(wheel.name.split("-")[:2]) + ".cdx.json")
    write(wheel, bill, epoch=int(time))
    print(f"dist/{bill.name}")  # noqa: T201


if __name__ == "__main__":
    main()
