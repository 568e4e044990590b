"""A file as it may have been when a tool took its checksum: with LF line ends or with CRLF."""

from __future__ import annotations


def variants(raw: bytes) -> tuple[bytes, bytes, bytes]:
    """The bytes as they are, with LF line ends, and with CRLF."""
    lines = raw.replace(b"\r\n", b"\n")
    return raw, lines, lines.replace(b"\n", b"\r\n")
