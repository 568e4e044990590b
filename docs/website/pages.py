"""The pages of the site from the Markdown of the repository, which stays as GitHub shows it.

`python docs/website/pages.py FOLDER` writes them. Three things change on the way: a README.md becomes its folder's
index, a link that leaves the site becomes one to the repository or plain text, and the lists of links of an index
become the navigation.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tomllib
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
_BESIDE = ("CHANGELOG.md", "CONTRIBUTING.md")
"""Pages of the repository's top that are pages of the site too."""
_FENCE = re.compile(r"^ *```", re.MULTILINE)
_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\(([^()\s]+)\)")
_LISTED = re.compile(r"^- \[[^\]]*\]\(([^()\s]+\.md)\)", re.MULTILINE)
_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)


def sources(root: Path = ROOT) -> dict[PurePosixPath, PurePosixPath]:
    """The files of the site, pages and others, by their paths in the repository: where each is on the site."""
    found = [path for path in (root / "docs").rglob("*") if path.is_file() and "website" not in path.parts]
    inside = sorted(path.relative_to(root) for path in found if path.suffix in {".md", ".json", ".svg"})
    return {PurePosixPath(path): _placed(PurePosixPath(path)) for path in [*inside, *map(Path, _BESIDE)]}


def _placed(path: PurePosixPath) -> PurePosixPath:
    place = path.relative_to("docs") if path.parts[0] == "docs" else PurePosixPath(path.name.lower())
    return place.with_name("index.md") if place.name == "README.md" else place


def page(path: PurePosixPath, text: str, places: dict[PurePosixPath, PurePosixPath], repository: str | None) -> str:
    """A page's text as the site has it; below the address `repository`, if there is one, are the other files."""

    def linked(match: re.Match[str]) -> str:
        image, words, target = match.groups()
        if "://" in target or target.startswith("#"):
            return match[0]
        name, _, anchor = target.partition("#")
        leads = PurePosixPath(os.path.normpath(path.parent / name))
        if place := places.get(leads):
            return f"{image}[{words}]({_relative(place, places[path], anchor)}){_as_file(place, image)}"
        return f"[{words}]({repository}/{leads})" if repository else words

    text = _outside_code(text, lambda part: _LINK.sub(linked, part))
    return text + _navigation(text) if path.name == "README.md" else text


def _relative(place: PurePosixPath, page: PurePosixPath, anchor: str) -> str:
    return os.path.relpath(place, page.parent) + (f"#{anchor}" if anchor else "")


def _as_file(place: PurePosixPath, image: str) -> str:
    """What tells the generator to leave a link alone that leads to no page; the file is there, at this address."""
    return "" if image or place.suffix == ".md" else "{.external}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    """The text with what is no block of code changed."""
    parts = re.split(r"(^ *```.*?^ *```$)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if _FENCE.match(part) else change(part) for part in parts)


def _navigation(text: str) -> str:
    """The navigation of an index: for each section that lists pages, those pages under its name."""
    captions = ["", *_SECTION.findall(text)]
    return "".join(map(_tree, captions, _SECTION.split(text)[::2]))


def _tree(caption: str, section: str) -> str:
    listed = _LISTED.findall(section)
    if not listed:
        return ""
    named = [f":caption: {caption}"] if caption else []
    return "\n".join(["", "```{toctree}", ":hidden:", *named, "", *listed, "```", ""])


def repository_address() -> str | None:
    """`Source` of `[project.urls]`: where a path of the repository is found when it is put behind it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Source")
    return str(address).rstrip("/") if address else None


def write(folder: Path) -> None:
    """Writes the pages into a folder, which is emptied; other files go below `_files`, at the same place."""
    shutil.rmtree(folder, ignore_errors=True)
    places, repository = sources(), repository_address()
    for source, place in places.items():
        target = folder / place if place.suffix in {".md", ".svg"} else folder / "_files" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / source).read_text(encoding="utf-8")
        target.write_text(page(source, text, places, repository) if place.suffix == ".md" else text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
