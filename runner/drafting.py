"""`draft` and `dump`: between the declared schema and the migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.catalog.draft import draft as draft_files
from runner.catalog.render import dump as dump_sql
from runner.catalog.render import file_text
from runner.errors import Place, Unwritable
from runner.ledger.session import Listener
from runner.migrations.folder import as_sentence, file_words, load_if_any, write_next
from runner.rebuild import declared_and_made, own_scratch, rebuild
from runner.results import Drafted, DraftResult, DumpResult

if TYPE_CHECKING:
    from pathlib import Path

    from runner.catalog.arrange import File
    from runner.config import Config

_SILENT = Listener()


async def draft(config: Config, name: str, *, listener: Listener = _SILENT) -> DraftResult:
    """Writes the next migrations, which bring the schema from what the files make to what is declared.

    Both are built on a scratch server. Nothing is written if nothing differs. Raises what building raises.
    """
    words = file_words(name)
    wanted, made = await declared_and_made(config, listener)
    files = draft_files(made, wanted)
    main = next((file for file in files if not _is_all(file, "labels")), None)
    drafted = []
    for file in files:
        title, sentence = (words, as_sentence(words)) if file is main else _title(file, words)
        path = write_next(config.folder, title, file_text(file, sentence))
        drafted.append(Drafted(path, sum(change.destroys is not None for change in file.changes)))
    return DraftResult(str(config.declared_file), tuple(drafted))


def _is_all(file: File, name: str) -> bool:
    return all(change.name == name for change in file.changes)


def _title(file: File, words: str) -> tuple[str, str]:
    """The words of the name of a file that is not the main one, and its sentence: what it does, verb first."""
    change = file.changes[0]
    relation, name = (each.strip('"').lower() for each in (change.key.relation, change.key.name))
    if file.concurrent:
        verb = "drop" if change.name == "drop" else "build"
        return f"{verb}_{name}", f"{verb.capitalize()} {change.key.name} beside the traffic"
    if _is_all(file, "labels"):
        return f"extend_{relation}", "New labels, committed before anything uses them"
    if _is_all(file, "validate"):
        return f"validate_{words}", f"{as_sentence(words)}: check the rows that were there before"
    if _is_all(file, "not null"):
        return f"require_{relation}_{name}", f"{as_sentence(words)}: the check has proved that no row lacks a value"
    return f"finish_{words}", f"{as_sentence(words)}: what had to wait for the files before"


async def dump(config: Config, *, output: Path | None, listener: Listener = _SILENT) -> DumpResult:
    """The schema that the migrations make, as one file; written to `output` if that is given. Raises Unwritable."""
    async with own_scratch(config, listener) as scratch:
        made = await rebuild(scratch, config, load_if_any(config.folder))
        empty = await rebuild(scratch, config, ())
    sql = dump_sql(made, empty)
    if output:
        _write(output, sql)
    return DumpResult(sql, output)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unwritable(f"the file cannot be written: {error.strerror}", place=Place(str(path))) from error
