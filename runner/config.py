"""Where a setting comes from: its flag, then its environment variable, then `[tool.migrate]` in pyproject.toml."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.durations import parse_duration
from runner.errors import BadSetting, NoDatabase, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIBPQ = ("PGSERVICE", "PGHOST", "PGDATABASE")
_DURATION_HINT = "Durations are 500ms, 5s, 2min or 1h."


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one command; durations in milliseconds.

    `database_url` None means libpq's own environment (PGHOST, PGSERVICE …), `embedded` the folder of a server of our
    own, `lock_wait_ms` None no limit while the holder lives.
    """

    folder: Path = Path("sql/migrations")
    schema: str = "public"
    database_url: str | None = None
    embedded: Path | None = None
    keep_running: bool = False
    wait_ms: int = 60_000
    lock_wait_ms: int | None = None
    lock_timeout_ms: int = 1_000
    retry_for_ms: int = 300_000


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the contract's table: where a value may come from, and how its text is read."""

    flag: str
    environment: str | None
    key: str | None
    default: str | None
    read: Callable[[str], Any] = str


def _duration(text: str) -> int:
    duration = parse_duration(text)
    if duration is None:
        raise ValueError(_DURATION_HINT)
    return duration


SETTINGS = {
    "folder": Setting("--dir", "MIGRATE_DIR", "dir", "sql/migrations", Path),
    "schema": Setting("--schema", "MIGRATE_SCHEMA", "schema", "public"),
    "wait_ms": Setting("--wait", "MIGRATE_WAIT", "wait", "60s", _duration),
    "lock_wait_ms": Setting("--lock-wait", "MIGRATE_LOCK_WAIT", "lock-wait", None, _duration),
    "lock_timeout_ms": Setting("--lock-timeout", "MIGRATE_LOCK_TIMEOUT", "lock-timeout", "1s", _duration),
    "retry_for_ms": Setting("--retry-for", "MIGRATE_RETRY_FOR", "retry-for", "5min", _duration),
}
EMBEDDED = Setting("--embedded", None, "embedded-dir", ".migrate/postgres", Path)


def load_config(flags: Mapping[str, Any], *, needs_database: bool = True) -> Config:
    """The settings for a command: `flags` by the names of Config's fields, None where a flag was not given.

    Raises BadSetting for a value that cannot be read, NoDatabase where one is needed and nothing names it.
    """
    project, origin = _project_settings()
    values = {name: _value(setting, flags.get(name), project, origin) for name, setting in SETTINGS.items()}
    values["folder"] = (
        _beside(origin, values["folder"]) if _from_project(SETTINGS["folder"], flags, project) else values["folder"]
    )
    url, embedded = _database(flags, project, origin) if needs_database else (None, None)
    return Config(database_url=url, embedded=embedded, keep_running=bool(flags.get("keep_running")), **values)


def _value(setting: Setting, flag: str | None, project: Mapping[str, Any], origin: Path | None) -> Any:
    """The first of flag, environment, pyproject and default that is there, read; errors name where it stood."""
    sources = (
        (flag, setting.flag),
        (os.environ.get(setting.environment or ""), setting.environment),
        (project.get(setting.key or ""), f"{setting.key} in [tool.migrate] of {origin}"),
        (setting.default, "the default"),
    )
    for text, source in sources:
        if text is None or text == "":
            continue
        try:
            return setting.read(str(text))
        except ValueError as error:
            raise BadSetting(f'{source} is "{text}", which cannot be read', hint=str(error)) from None
    return None


def _from_project(setting: Setting, flags: Mapping[str, Any], project: Mapping[str, Any]) -> bool:
    return flags.get("folder") is None and not os.environ.get(setting.environment or "") and setting.key in project


def _beside(origin: Path | None, folder: Path) -> Path:
    """A folder that pyproject.toml names is relative to that file, wherever the command was started."""
    return folder if origin is None or origin.parent == Path() else origin.parent / folder


def _database(
    flags: Mapping[str, Any], project: Mapping[str, Any], origin: Path | None
) -> tuple[str | None, Path | None]:
    """The URL, or the folder of the embedded server, or neither: then libpq's environment names the database."""
    url, embedded = flags.get("database_url"), flags.get("embedded")
    if url and embedded is not None:
        raise BadSetting("--database-url and --embedded are both given", hint="Name one database.")
    if embedded is None:
        url = url or os.environ.get("MIGRATE_DATABASE_URL") or os.environ.get("DATABASE_URL")
        if url and url.startswith("embedded:"):
            embedded = url.removeprefix("embedded:")
    if embedded is not None:
        return None, _value(EMBEDDED, str(embedded), project, origin)
    if not url and not any(os.environ.get(name) for name in _LIBPQ):
        raise NoDatabase(
            "no database is named",
            hint="Give --database-url postgresql://user@host/name, or set MIGRATE_DATABASE_URL or DATABASE_URL, "
            "or libpq's PGHOST, PGDATABASE or PGSERVICE. For a private server in .migrate/postgres: --embedded",
        )
    return url or None, None


def _project_settings() -> tuple[Mapping[str, Any], Path | None]:
    """`[tool.migrate]` of the nearest pyproject.toml that has one, and that file's path."""
    here = Path()
    for folder in (here, *here.absolute().parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            settings = _read_project(path)
            if settings:
                return settings, path
    return {}, None


def _read_project(path: Path) -> Mapping[str, Any]:
    text = path.read_text(encoding="utf-8")
    if "tool.migrate" not in text:
        return {}
    import tomllib

    try:
        settings = tomllib.loads(text).get("tool", {}).get("migrate", {})
    except tomllib.TOMLDecodeError as error:
        raise BadSetting(f"the file is not TOML: {error}", place=Place(str(path))) from None
    known = {setting.key for setting in (*SETTINGS.values(), EMBEDDED)}
    for key in settings:
        if key not in known:
            hint = (
                "A URL holds a secret; keep it in the environment."
                if "url" in key
                else f"Known: {', '.join(sorted(map(str, known)))}."
            )
            raise BadSetting(f'[tool.migrate] has no setting "{key}"', place=Place(str(path)), hint=hint)
    return settings if isinstance(settings, dict) else {}
