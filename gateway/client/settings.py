# Made by migrate from sql/queries/settings.sql; do not edit (source cbe38f0ce1f44823, text 1ee9294ee1a31512)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/settings.sql."""

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

from . import ConfigChangesRow, Database, JsonValue, SettingsRow

GET_SETTING = """\
-- name: GetSetting :one
SELECT s.key, s.value, s.version, s.updated_by, s.updated_at
FROM settings AS s
WHERE s.key = $1"""

LOAD_SETTINGS = """\
-- name: LoadSettings :many
SELECT s.key, s.value, s.version, s.updated_by, s.updated_at
FROM settings AS s
WHERE $1::text[] IS NULL OR s.key = ANY($1)
ORDER BY s.key"""

SET_SETTING = """\
-- name: SetSetting :one
WITH changed AS (
    UPDATE settings AS s
    SET value = $1, version = s.version + 1, updated_by = $2, updated_at = now()
    WHERE s.key = $3 AND s.version = $4
    RETURNING s.version
),
added AS (
    INSERT INTO settings (key, value, updated_by)
    SELECT $3, $1, $2
    WHERE $4::integer IS NULL
    ON CONFLICT (key) DO NOTHING
    RETURNING version
)
SELECT changed.version
FROM changed
UNION ALL
SELECT added.version
FROM added"""

DELETE_SETTING = """\
-- name: DeleteSetting :execrows
DELETE FROM settings
WHERE key = $1 AND version = $2"""

LOCK_CONFIG = """\
-- name: LockConfig :exec
LOCK TABLE config_changes IN SHARE ROW EXCLUSIVE MODE"""

GET_CONFIG_REVISION = """\
-- name: GetConfigRevision :one
SELECT coalesce(max(c.revision), 0) AS revision, min(c.revision) AS oldest_revision
FROM config_changes AS c"""

LIST_CONFIG_CHANGES = """\
-- name: ListConfigChanges :many
SELECT latest.revision, latest.object_kind, latest.object_id, latest.operation, latest.changed_at
FROM (
    SELECT DISTINCT ON (c.object_kind, c.object_id)
        c.revision,
        c.object_kind,
        c.object_id,
        c.operation,
        c.changed_at
    FROM config_changes AS c
    WHERE c.revision > $1
    ORDER BY c.object_kind, c.object_id, c.revision DESC
) AS latest
ORDER BY latest.revision"""

PURGE_CONFIG_CHANGES = """\
-- name: PurgeConfigChanges :execrows
DELETE FROM config_changes
WHERE changed_at < $1 AND revision < (SELECT max(c.revision) FROM config_changes AS c)"""


async def get_setting(database: Database, /, *, key: str) -> SettingsRow | None:
    """One setting, if it differs from the gateway's default."""
    row = await database.fetchrow(GET_SETTING, key)
    if row is None:
        return None
    return SettingsRow(*row)


async def load_settings(database: Database, /, *, keys: Sequence[str] | None) -> list[SettingsRow]:
    """The settings of the keys given, or with NULL all of them.

    A key that does not come back has its default.
    """
    rows = await database.fetch(LOAD_SETTINGS, keys)
    return [SettingsRow(*row) for row in rows]


async def set_setting(
    database: Database,
    /,
    *,
    value: JsonValue,
    updated_by: str,
    key: str,
    version: int | None,
) -> int | None:
    """Sets a setting, if it still has the version that was read, and returns the next one; version NULL: if it is not set.

    No row: changed meanwhile.
    """
    value_: int | None = await database.fetchval(SET_SETTING, value, updated_by, key, version)
    return value_


async def delete_setting(database: Database, /, *, key: str, version: int) -> int:
    """Gives a setting its default back, if it still has the version that was read."""
    status = await database.execute(DELETE_SETTING, key, version)
    return int(status.rpartition(" ")[2])


async def lock_config(database: Database, /) -> None:
    """The first statement of a transaction that changes settings, models, aliases or credentials more than once: the trigger would take this lock at the first change, and two such transactions could then wait for each other's rows."""
    await database.execute(LOCK_CONFIG)


@dataclass(frozen=True, slots=True)
class GetConfigRevisionRow:
    """A row of GetConfigRevision."""

    revision: int
    oldest_revision: int | None


async def get_config_revision(database: Database, /) -> GetConfigRevisionRow:
    """The revision of the configuration, 0 before the first change, with the oldest change that is still listed: whoever has seen less than the one before that reads everything anew."""
    row = await database.fetchrow(GET_CONFIG_REVISION)
    return GetConfigRevisionRow(*row)


async def list_config_changes(database: Database, /, *, revision: int) -> list[ConfigChangesRow]:
    """The changes after a revision in their order, one line an object however often it changed: the last one tells whether it is to be read again or forgotten."""
    rows = await database.fetch(LIST_CONFIG_CHANGES, revision)
    return [ConfigChangesRow(*row) for row in rows]


async def purge_config_changes(database: Database, /, *, changed_before: datetime.datetime) -> int:
    """Deletes the changes before a time, the last one excepted, which is the revision."""
    status = await database.execute(PURGE_CONFIG_CHANGES, changed_before)
    return int(status.rpartition(" ")[2])
