"""The folder of migrations: what it holds, and what it may not hold."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.errors import BadFileName, BadName, EmptyFolder, NoFolder, NotUtf8, NulByte, Place, SameVersion, Unwritable
from runner.migrations.migration import Header, Migration, checksum, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAME = re.compile(r"([0-9]{1,18})_([A-Za-z0-9_.-]+)\.sql")
_NO_DIRECTIVES = Header()


def load_folder(folder: Path | str) -> tuple[Migration, ...]:
    """The migrations of a folder, in the order of their versions.

    Raises a FileError that names the file or files: the folder is not there or holds no migration, a `.sql` file has
    another kind of name, two files have one version, a file is not UTF-8 or holds a NUL byte, a directive is wrong.
    """
    folder = str(folder)
    migrations: dict[int, Migration] = {}
    hint = "Name the folder with --dir or MIGRATE_DIR, or write the first file with: migrate new create_users"
    for name in sql_files(folder, hint):
        migration = _load(folder, name)
        if other := migrations.get(migration.version):
            raise SameVersion(
                f"{other.title}.sql and {name} both have version {migration.version}",
                place=Place(folder),
                hint="Give the newer one the next free number.",
            )
        migrations[migration.version] = migration
    if not migrations:
        raise EmptyFolder(
            "the folder holds no migration",
            place=Place(folder),
            hint="Write the first one with: migrate new create_users",
        )
    return tuple(migrations[version] for version in sorted(migrations))


def sql_files(folder: str, hint: str) -> list[str]:
    """The names of a folder's `.sql` files, sorted; hidden ones are editors' own. Raises NoFolder with the hint."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  # see Migration
        return sorted(name for name in names if name.endswith(".sql") and name[0] != ".")
    except FileNotFoundError:
        raise NoFolder("there is no such folder", place=Place(folder), hint=hint) from None
    except OSError as error:
        raise NoFolder(f"the folder cannot be read: {error.strerror}", place=Place(folder)) from error


def _load(folder: str, name: str) -> Migration:
    path = f"{folder}/{name}"
    match = _NAME.fullmatch(name)
    if not match:
        raise BadFileName(
            "the name is not NNNN_name.sql",
            place=Place(path),
            hint="A number of 1 to 18 digits, an underscore, then letters, digits, _ - or . as in 0007_add_email.sql",
        )
    return load_file(path, version=int(match[1]), label=match[1], name=match[2])


def load_file(path: str, *, version: int, label: str, name: str) -> Migration:
    """The migration of one file, whatever its name. Raises a FileError for a text that cannot be one."""
    normalized = read_bytes(path)
    return Migration(version, label, name, path, checksum(normalized), _header(normalized, path))


def _header(normalized: bytes, path: str) -> Header:
    text = decode(normalized, path)
    if "migrate:" not in text:
        return _NO_DIRECTIVES
    from runner.migrations.header import parse_header

    return parse_header(text, path)


def decode(normalized: bytes, path: str) -> str:
    """The text of a file's bytes. Raises NulByte or NotUtf8."""
    if b"\0" in normalized:
        raise NulByte("the file holds a NUL byte", place=_place(normalized, normalized.index(b"\0"), path))
    try:
        return normalized.decode()
    except UnicodeDecodeError as error:
        raise NotUtf8(
            f"the file is not UTF-8 (byte 0x{normalized[error.start]:02x})",
            place=_place(normalized, error.start, path),
            hint="Save it as UTF-8, with or without a byte-order mark.",
        ) from None


def _place(normalized: bytes, offset: int, path: str) -> Place:
    return Place(path, normalized.count(b"\n", 0, offset) + 1)


def file_words(name: str) -> str:
    """The words of a new file's name, from what a person typed. Raises BadName."""
    words = re.sub(r"[\s-]+", "_", name.strip().removesuffix(".sql")).lower()
    if not re.fullmatch(r"[a-z0-9_.]+", words):
        raise BadName(
            f'"{name}" cannot be a part of a file\'s name',
            hint="Letters, digits and _ say it best, verb first: migrate new add_email_to_users",
        )
    return words


def as_sentence(words: str) -> str:
    """The words of a file's name, as its first line says them."""
    return words.replace("_", " ").strip().capitalize()


def write_next(folder: Path, words: str, text: str) -> Path:
    """Writes the next numbered file and gives its path. Raises Unwritable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        migrations = load_if_any(folder)
        last = migrations[-1] if migrations else None
        number = str(last.version + 1 if last else 1).zfill(len(last.label) if last else 4)
        path = folder / f"{number}_{words}.sql"
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Unwritable(
            f"the file cannot be written: {error.strerror}", place=Place(str(error.filename or folder))
        ) from error
    return path


def load_if_any(folder: Path) -> tuple[Migration, ...]:
    """The migrations of a folder; none if it is not there, or holds none yet."""
    return load_folder(folder) if any(folder.glob("*.sql")) else ()


@contextmanager
def packaged(package: str, folder: str = "migrations") -> Iterator[Path]:
    """The folder of a package that holds its migrations, on disk as long as it is needed.

    `with packaged("shop.db") as folder: await up(Config(folder=folder, …))`. A package that is imported from a zip file
    has its `.sql` files written into a temporary folder meanwhile. Raises ModuleNotFoundError.
    """
    import tempfile
    from importlib.resources import files
    from pathlib import Path

    source = files(package).joinpath(folder)
    if isinstance(source, Path):
        yield source
        return
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / folder
        copy.mkdir(parents=True)
        for each in source.iterdir() if source.is_dir() else ():
            if each.is_file() and each.name.endswith(".sql"):
                (copy / each.name).write_bytes(each.read_bytes())
        yield copy
