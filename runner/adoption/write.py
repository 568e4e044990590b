"""Writing the files of an adoption: all of them or none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from runner.errors import Place, Unwritable

if TYPE_CHECKING:
    from collections.abc import Iterable


def write_all(files: Iterable[tuple[str, str]]) -> int:
    """Writes the files, path and text, and gives their number. Raises Unwritable, and then none is there."""
    written: list[Path] = []
    path = ""
    try:
        for path, text in files:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            with Path(path).open("x", encoding="utf-8", newline="\n") as file:
                written.append(Path(path))
                file.write(text)
    except OSError as error:
        for each in written:
            each.unlink(missing_ok=True)
        raise Unwritable(
            f"the file cannot be written: {error.strerror}",
            place=Place(str(error.filename or path)),
            state="No file was written, and nothing is recorded.",
        ) from error
    return len(written)
