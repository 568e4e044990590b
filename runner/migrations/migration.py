"""What a migration is: one SQL file, applied at most once and never edited afterwards."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"


class Mode(Enum):
    """How a file runs: all of it in one transaction, or each statement on its own."""

    TRANSACTION = "transaction"
    NO_TRANSACTION = "no-transaction"


@dataclass(frozen=True, slots=True)
class Header:
    """The directives of a file's leading comment block; durations in milliseconds, `allowed` as (rule, reason)."""

    mode: Mode = Mode.TRANSACTION
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None
    allowed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Migration:
    """A file as the folder shows it; its text stays on disk until it is needed (`script.read_script`)."""

    version: int
    label: str
    name: str
    path: Path
    checksum: str
    header: Header

    @property
    def title(self) -> str:
        """The file's name without `.sql`, as people speak of it."""
        return self.path.stem


def normalize(raw: bytes) -> bytes:
    """The bytes that count: no byte-order mark, LF line ends, no white space at the end (contract, section 2)."""
    raw = raw.removeprefix(_BOM)
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return raw.rstrip(b" \t\n\v\f")


def checksum(normalized: bytes) -> str:
    """`sha256:` and the hex digest; the name of the algorithm is part of the value, so it can change one day."""
    return "sha256:" + hashlib.sha256(normalized).hexdigest()
