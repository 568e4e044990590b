"""Where a setting comes from: its flag, then its environment variable, then `[tool.migrate]` in pyproject.toml."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.durations import parse_duration
from runner.errors import BadSetting, NoDatabase, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LIBPQ = ("PGSERVICE", "PGHOST", "PGDATABASE")
_PATHS = ("dir", "embedded-dir", "declared-file", "queries", "client")
_DURATION_HINT = "Durations are 500ms, 5s, 2min or 1h, and at most 24 days."


class OnDrift(Enum):
    """What `up` does when somebody changed the schema by hand since the last migration."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class Config(NamedTuple):
    """The settings of one command; durations in milliseconds.

    `database_url` None means libpq's own environment (PGHOST, PGSERVICE …), `embedded` the folder of a server of our
    own, `lock_wait_ms` None no limit while the holder lives, `throughput` how quickly the live server rewrites or scans
    a table, in MB a second at worst and at best, `database` another one than the URL names. `tenant`: the files are for
    the ledger's schema alone, which is the search_path; the rest of the database is that of other tenants.
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
    on_drift: OnDrift = OnDrift.WARN
    ignore: tuple[str, ...] = ()
    declared_file: Path = Path("sql/schema.sql")
    queries: Path = Path("sql/queries")
    client: Path = Path("client")
    scratch_url: str | None = None
    throughput: tuple[int, int] = (50, 500)
    database: str | None = None
    tenant: bool = False


class Origin(NamedTuple):
    """A setting's text, and the flag, variable, key or default that it comes from."""

    name: str
    value: str
    source: str


class Setting(NamedTuple):
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


def _on_drift(text: str) -> OnDrift:
    try:
        return OnDrift(text)
    except ValueError:
        raise ValueError("Say fail, warn or ignore.") from None


def _throughput(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,6})-(\d{1,6})", text)
    if not match or not 0 < int(match[1]) <= int(match[2]):
        raise ValueError("Say what the server rewrites or scans in a second, in MB at worst and at best: 50-500.")
    return int(match[1]), int(match[2])


def _patterns(text: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, text.split(","))))


SETTINGS = {
    "folder": Setting("--dir", "MIGRATE_DIR", "dir", "sql/migrations", Path),
    "schema": Setting("--schema", "MIGRATE_SCHEMA", "schema", "public"),
    "wait_ms": Setting("--wait", "MIGRATE_WAIT", "wait", "60s", _duration),
    "lock_wait_ms": Setting("--lock-wait", "MIGRATE_LOCK_WAIT", "lock-wait", None, _duration),
    "lock_timeout_ms": Setting("--lock-timeout", "MIGRATE_LOCK_TIMEOUT", "lock-timeout", "1s", _duration),
    "retry_for_ms": Setting("--retry-for", "MIGRATE_RETRY_FOR", "retry-for", "5min", _duration),
    "on_drift": Setting("--on-drift", "MIGRATE_ON_DRIFT", "on-drift", "warn", _on_drift),
    "ignore": Setting("--ignore", "MIGRATE_IGNORE", "ignore", None, _patterns),
    "declared_file": Setting("--declared-file", "MIGRATE_DECLARED_FILE", "declared-file", "sql/schema.sql", Path),
    "queries": Setting("--queries", "MIGRATE_QUERIES", "queries", "sql/queries", Path),
    "client": Setting("--client", "MIGRATE_CLIENT", "client", "client", Path),
    "scratch_url": Setting("--scratch-url", "MIGRATE_SCRATCH_URL", None, None),
    "throughput": Setting("--throughput", "MIGRATE_THROUGHPUT", "throughput", "50-500", _throughput),
}
EMBEDDED = Setting("--embedded", None, "embedded-dir", ".migrate/postgres", Path)


def load_config(flags: Mapping[str, Any], *, needs_database: bool = True) -> Config:
    """The settings for a command: `flags` by the names of Config's fields, None where a flag was not given.

    Raises BadSetting for a value that cannot be read, NoDatabase where one is needed and nothing names it.
    """
    project = _project_settings()
    values = {name: _value(setting, flags.get(name), project) for name, setting in SETTINGS.items()}
    url, embedded = _database(flags, project) if needs_database else (None, None)
    values["ignore"] = values["ignore"] or ()
    return Config(database_url=url, embedded=embedded, keep_running=bool(flags.get("keep_running")), **values)


def _found(setting: Setting, flag: str | None, project: Mapping[str, str]) -> tuple[str, str] | None:
    """The first of flag, environment, pyproject and default that is there, and which of them it is."""
    sources = (
        (flag, setting.flag),
        (os.environ.get(setting.environment or ""), setting.environment),
        (project.get(setting.key or ""), f"{setting.key} in [tool.migrate] of pyproject.toml"),
        (setting.default, "the default"),
    )
    return next(((text, source or "") for text, source in sources if text), None)


def _value(setting: Setting, flag: str | None, project: Mapping[str, str]) -> Any:
    """The setting, read, from the first place that has it; errors name where it stood."""
    found = _found(setting, flag, project)
    if found is None:
        return None
    text, source = found
    try:
        return setting.read(text)
    except ValueError as error:
        raise BadSetting(f'{source} is "{text}", which cannot be read', hint=str(error)) from None


def origins(flags: Mapping[str, Any]) -> tuple[Origin, ...]:
    """Where each setting comes from that is set; the database first, its URL as it is."""
    project = _project_settings()
    settings = [
        Origin(setting.flag.removeprefix("--"), *found)
        for name, setting in SETTINGS.items()
        if (found := _found(setting, flags.get(name), project))
    ]
    return (_database_origin(flags), *settings)


def _database_origin(flags: Mapping[str, Any]) -> Origin:
    if flags.get("embedded") is not None:
        return Origin("database", "embedded", "--embedded")
    if url := flags.get("database_url"):
        return Origin("database", url, "--database-url")
    for name in ("MIGRATE_DATABASE_URL", "DATABASE_URL"):
        if url := os.environ.get(name):
            return Origin("database", url, name)
    named = [name for name in _LIBPQ if os.environ.get(name)]
    return Origin("database", "of libpq's environment" if named else "none", ", ".join(named) or "nothing names one")


def _database(flags: Mapping[str, Any], project: Mapping[str, str]) -> tuple[str | None, Path | None]:
    """The URL, or the folder of the embedded server, or neither: then libpq's environment names the database."""
    url, embedded = flags.get("database_url"), flags.get("embedded")
    if url and embedded is not None:
        raise BadSetting("--database-url and --embedded are both given", hint="Name one database.")
    if embedded is None:
        url = url or os.environ.get("MIGRATE_DATABASE_URL") or os.environ.get("DATABASE_URL")
        if url and url.startswith("embedded:"):
            embedded = url.removeprefix("embedded:")
    if embedded is not None:
        return None, _value(EMBEDDED, embedded, project)
    if not url and not any(os.environ.get(name) for name in _LIBPQ):
        raise NoDatabase(
            "no database is named",
            hint="Give --database-url postgresql://user@host/name, or set MIGRATE_DATABASE_URL or DATABASE_URL, "
            "or libpq's PGHOST, PGDATABASE or PGSERVICE. For a private server in .migrate/postgres: --embedded",
        )
    return url or None, None


def _project_settings() -> Mapping[str, str]:
    """`[tool.migrate]` of the nearest pyproject.toml that has one; its paths are relative to that file."""
    here = Path()
    for folder in (here, *here.absolute().parents):
        path = folder / "pyproject.toml"
        if path.is_file() and (settings := _read_project(path)):
            return {key: _as_text(key, value, folder) for key, value in settings.items()}
    return {}


def _as_text(key: str, value: object, folder: Path) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(folder / str(value)) if key in _PATHS else str(value)


def _read_project(path: Path) -> Mapping[str, Any]:
    place = Place(str(path))
    try:
        text = path.read_text(encoding="utf-8")
        if "tool.migrate" not in text:
            return {}
        import tomllib

        settings = tomllib.loads(text)["tool"]["migrate"]
    except (OSError, ValueError) as error:
        raise BadSetting(f"the file cannot be read as TOML: {error}", place=place) from None
    except KeyError:
        return {}
    if not isinstance(settings, dict):
        raise BadSetting(
            "tool.migrate is not a table", place=place, hint="Write [tool.migrate], then one setting a line."
        )
    known = sorted(setting.key for setting in (*SETTINGS.values(), EMBEDDED) if setting.key)
    for key in settings.keys() - set(known):
        hint = f"Known: {', '.join(known)}."
        if "url" in key:
            hint = "A URL holds a secret; keep it in the environment."
        raise BadSetting(f'[tool.migrate] has no setting "{key}"', place=place, hint=hint)
    return settings
