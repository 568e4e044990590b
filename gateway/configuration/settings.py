"""The settings that all instances share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.administration.audit import configuring, same
from gateway.client import settings
from gateway.errors import Changed, NotFound

if TYPE_CHECKING:
    from gateway.administration.audit import Actor, Change
    from gateway.client import JsonValue, SettingsRow
    from gateway.link import Link


class Settings:
    """The settings that differ from the gateway's defaults. A change names the version that it has read."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def get(self, key: str, default: Any = None) -> Any:
        """The value of a setting, as it is in the database at this moment. Routing has it in memory."""
        row = await self.find(key)
        return default if row is None else row.value

    async def find(self, key: str) -> SettingsRow | None:
        """A setting with its version, and who changed it last."""
        async with self._link.connection() as connection:
            return await settings.get_setting(connection, key=key)

    async def all(self) -> list[SettingsRow]:
        """All settings by key."""
        async with self._link.connection() as connection:
            return await settings.load_settings(connection, keys=None)

    async def set(
        self, key: str, value: JsonValue, *, version: int | None, by: Actor, reason: str | None = None
    ) -> int:
        """The new version. Raises Changed where the setting has another than `version`; None: where it is set."""
        async with configuring(self._link, by, reason) as change:
            before = await _as_read(change, key, version)
            if before and same(before.value, value):
                return before.version
            after = await settings.set_setting(
                change.connection, key=key, value=value, version=version, updated_by=str(by)
            )
            if after is None:
                raise Changed(f"the setting {key} was changed meanwhile")
            old = {"value": before.value} if before else None
            await change.note("update" if before else "create", "setting", key, old, {"value": value})
        return after

    async def delete(self, key: str, *, version: int, by: Actor, reason: str | None = None) -> None:
        """Gives a setting its default back. Raises Changed where it has another version, NotFound where it has none."""
        async with configuring(self._link, by, reason) as change:
            before = await _as_read(change, key, version)
            if before is None:
                raise NotFound(f"the setting {key} has its default")
            await settings.delete_setting(change.connection, key=key, version=version)
            await change.note("delete", "setting", key, {"value": before.value}, None)


async def _as_read(change: Change, key: str, version: int | None) -> SettingsRow | None:
    row = await settings.get_setting(change.connection, key=key)
    current = row.version if row else None
    if row and current != version:
        raise Changed(f"the setting {key} has the version {current}, set by {row.updated_by}, and not {version}")
    return row
