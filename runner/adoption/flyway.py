"""Flyway: `flyway_schema_history`, and V1_2__words.sql with a CRC32 over the lines."""

from __future__ import annotations

import re
import zlib
from typing import TYPE_CHECKING, NamedTuple

from runner.adoption.checks import all_gone, edited, fitting, gone, half_applied
from runner.adoption.values import Theirs, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.adoption.values import File, Row
    from runner.errors import AdoptedFileEdited

_NAME = re.compile(r"([VBR])([0-9][0-9._]*)?__(.*)\.sql")
_PLACEHOLDER = re.compile(r"\$\{[^}\n]*\}")
_ALONE = re.compile(r"^\s*executeInTransaction\s*=\s*false\s*$", re.MULTILINE | re.IGNORECASE)
_LONGEST_NUMBER = 18

Version = tuple[int, ...]


class _History(NamedTuple):
    """What counts of the rows: the last one of each version and of each repeatable script, and the baseline."""

    versions: Mapping[Version, Row]
    repeatable: Mapping[str, Row]
    baseline: Version | None


def checksum(text: str) -> int:
    """CRC32 over the lines without their ends, as a signed integer of 32 bits."""
    value = zlib.crc32(re.sub(r"[\r\n]", "", text).encode())
    return value - (1 << 32) if value >= 1 << 31 else value


def version_of(text: str) -> Version:
    """A version as numbers; trailing zeros do not count."""
    parts = [int(part) for part in re.split(r"[._]", text) if part]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def read(rows: Sequence[Row], files: Sequence[File]) -> Sequence[Theirs]:
    """The scripts by version; repeatable ones after those that were there when they ran."""
    history, alone = _history(rows), {each.within for each in files if _is_alone(each)}
    scripts = [(match, each) for each in files if (match := _NAME.fullmatch(each.name))]
    versioned = {version_of(match[2]): (match, each) for match, each in scripts if match[2] and _counts(match, history)}
    repeatable = [(match, each) for match, each in scripts if match[1] == "R"]
    ordered = sorted(versioned)
    at = max(history.versions, default=())
    found = [_versioned(version, *versioned[version], history) for version in ordered]
    if not all(len(version) == 1 and len(str(version[0])) <= _LONGEST_NUMBER for version in ordered):
        found = [each._replace(label="") for each in found]
    below = sum(version <= at for version in ordered)
    others = [_repeatable(match, each, history) for match, each in sorted(repeatable, key=lambda pair: pair[1].name)]
    ran, pending = ([each for each in others if each.applied is applied] for applied in (True, False))
    ran += all_gone("Flyway", history.repeatable, {each.name for _, each in repeatable})
    found = [*_rows_alone(history, versioned), *found[:below], *ran, *found[below:], *pending]
    return [each._replace(no_transaction=bool(each.file and f"{each.file.within}.conf" in alone)) for each in found]


def _history(rows: Sequence[Row]) -> _History:
    versions: dict[Version, Row] = {}
    repeatable: dict[str, Row] = {}
    baseline = None
    for row in sorted(rows, key=lambda row: int(row["installed_rank"])):
        kind = str(row["type"])
        if not row["success"]:
            raise half_applied("Flyway", str(row["script"]), repair="flyway repair")
        if row["version"] is None:
            if kind != "SCHEMA":
                repeatable[row["script"].rpartition("/")[2]] = row
            continue
        version = version_of(row["version"])
        if kind.startswith("UNDO") or kind == "DELETE":
            versions.pop(version, None)
        elif kind == "BASELINE":
            baseline = version
        else:
            versions[version] = row
            baseline = version if kind == "SQL_BASELINE" else baseline
    return _History(versions, repeatable, baseline)


def _counts(match: re.Match[str], history: _History) -> bool:
    """Whether a script has a part in it: a baseline script only if it ran, and what it stands for then not."""
    version = version_of(match[2])
    ran = history.versions.get(version)
    if match[1] == "B":
        return ran is not None and ran["type"] == "SQL_BASELINE"
    if ran is not None:
        return bool(ran["type"] != "SQL_BASELINE")
    return history.baseline is None or version > history.baseline


def _rows_alone(history: _History, versioned: Mapping[Version, object]) -> list[Theirs]:
    """What is in the history without a script: a baseline, what Java did, and SQL whose script is gone."""
    found = []
    if history.baseline is not None and history.baseline not in history.versions:
        without = "the schema was there before Flyway, which has no SQL of it"
        found.append(Theirs("baseline", "baseline", None, None, applied=True, without=without))
    for version, row in sorted(history.versions.items()):
        if version in versioned:
            continue
        if str(row["type"]).startswith("SQL"):
            found.append(gone("Flyway", row["script"]))
            continue
        without = f"it is of the type {row['type']}, which has no SQL"
        found.append(Theirs(row["script"], fitting(row["description"]), None, None, applied=True, without=without))
    return found


def _versioned(version: Version, match: re.Match[str], file: File, history: _History) -> Theirs:
    row = history.versions.get(version)
    fault = _compared(row, file) if row else None
    found = _copied(file, file.name, match[3])
    label = match[2] if match[2].isdigit() else str(version[0])
    return found._replace(label=label, applied=row is not None, fault=fault)


def _repeatable(match: re.Match[str], file: File, history: _History) -> Theirs:
    """A repeatable script as it is now: applied, if its last run was of this text."""
    now, row = checksum(file.text), history.repeatable.get(file.name)
    found = _copied(file, f"{file.name} ({now})", match[3])
    return found._replace(applied=row is not None and row["checksum"] == now)


def _compared(row: Row, file: File) -> AdoptedFileEdited | None:
    now = checksum(file.text)
    if row["checksum"] is None or row["checksum"] == now:
        return None
    return edited("Flyway", file, by="CRC32", was=str(row["checksum"]), now=str(now))


def _copied(file: File, name: str, words: str) -> Theirs:
    text = file.text
    placeholder = _PLACEHOLDER.search(text)
    without = f"Flyway fills in {placeholder[0]} when it runs" if placeholder else ""
    return Theirs(name, fitting(words), file, None if placeholder else text, without=without)


def _is_alone(file: File) -> bool:
    return file.name.endswith(".conf") and bool(_ALONE.search(file.text))


TOOL = Tool(
    name="flyway",
    table="flyway_schema_history",
    columns=frozenset({"installed_rank", "version", "script", "checksum", "success"}),
    folders=("src/main/resources/db/migration", "sql", "db/migration", "migrations"),
    wanted=re.compile(r"(.*/)?[VBR][^/]*__[^/]*\.sql(\.conf)?"),
    read=read,
    deep=True,
    checks="the CRC32 of each applied script",
)
