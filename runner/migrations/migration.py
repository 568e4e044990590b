"""What a migration is: one SQL file, applied at most once and never edited afterwards."""

from __future__ import annotations

import hashlib
from enum import Enum
from typing import NamedTuple

from runner.errors import Place, Unreadable

_BOM = b"\xef\xbb\xbf"
SPACE = b" \t\n\v\f"


class Mode(Enum):
    """How a file runs: all of it in one transaction, or each statement on its own."""

    TRANSACTION = "transaction"
    NO_TRANSACTION = "no-transaction"


class Header(NamedTuple):
    """The directives of a file's leading comment block; durations in milliseconds, `allowed` as (rule, reason)."""

    mode: Mode = Mode.TRANSACTION
    lock_timeout_ms: int | None = None
    statement_timeout_ms: int | None = None
    allowed: tuple[tuple[str, str], ...] = ()


class Migration(NamedTuple):
    """A file as the folder shows it; its text stays on disk until it is needed (`script.read_script`).

    `label` is the version as the file's name writes it, `path` a string: thousands of Path objects take their time.
    """

    version: int
    label: str
    name: str
    path: str
    checksum: str
    header: Header

    @property
    def title(self) -> str:
        """The file's name without `.sql`, as people speak of it."""
        return f"{self.label}_{self.name}"


def read_bytes(path: str) -> bytes:
    """The bytes of a file, normalized. Raises Unreadable."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # the quickest way, thousands of times
            return normalize(file.read())
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}", place=Place(path)) from error


def normalize(raw: bytes) -> bytes:
    """The bytes without a byte-order mark and with LF line ends (contract, section 2)."""
    raw = raw.removeprefix(_BOM)
    return raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw


def checksum(normalized: bytes) -> str:
    """`sha256:` and the hex digest of the bytes without the white space at their end.

    The name of the algorithm is part of the value, so it can change one day.
    """
    end = len(normalized)
    while end and normalized[end - 1] in SPACE:
        end -= 1
    return "sha256:" + hashlib.sha256(memoryview(normalized)[:end]).hexdigest()
