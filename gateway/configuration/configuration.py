"""The configuration of the gateway at one revision, as a value: deployments, aliases, credentials, settings."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from gateway.client import models, settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from gateway.client import ConfigChangesRow, Database, SettingsRow
    from gateway.client.models import LoadCredentialsRow, LoadModelAliasesRow, LoadModelsRow


class _HasId(Protocol):
    @property
    def id(self) -> uuid.UUID: ...


Row = TypeVar("Row", bound=_HasId)
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Configuration:
    """All that an instance needs for routing, from one snapshot of the database."""

    revision: int
    deployments: Mapping[uuid.UUID, LoadModelsRow]
    aliases: Mapping[uuid.UUID, LoadModelAliasesRow]
    credentials: Mapping[uuid.UUID, LoadCredentialsRow]
    settings: Mapping[str, SettingsRow]
    _serving: Mapping[str, tuple[LoadModelsRow, ...]] = field(init=False, repr=False, compare=False)
    _targets: Mapping[tuple[uuid.UUID | None, str], str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        serving = defaultdict(list)
        for deployment in self.deployments.values():
            if deployment.blocked_at is None:
                serving[deployment.name].append(deployment)
        targets = {(alias.team_id, alias.name): alias.target_name for alias in self.aliases.values()}
        object.__setattr__(self, "_serving", {name: tuple(found) for name, found in serving.items()})
        object.__setattr__(self, "_targets", targets)

    def serving(self, name: str, team_id: uuid.UUID | None) -> tuple[LoadModelsRow, ...]:
        """The unblocked deployments that a name stands for, in no order."""
        return self._serving.get(self.target(name, team_id), ())

    def target(self, name: str, team_id: uuid.UUID | None) -> str:
        """The public name that a name stands for: by the alias of the team, else by that for everyone, else itself.

        Aliases are followed once.
        """
        for owner in (team_id, None):
            if (owner, name) in self._targets:
                return self._targets[owner, name]
        return name

    def names(self, team_id: uuid.UUID | None) -> list[str]:
        """The names that a team, or somebody in none, can ask for now: those of deployments, and aliases of them."""
        called = set(self._serving) | {name for owner, name in self._targets if owner in (None, team_id)}
        return sorted(name for name in called if self.serving(name, team_id))


async def read(database: Database, known: Configuration | None) -> Configuration:
    """The configuration as it is now: what changed since `known`, or everything where the feed does not go back so far.

    To be called in a REPEATABLE READ transaction.
    """
    now = await settings.get_config_revision(database)
    changes = None
    if known and (now.oldest_revision or 1) - 1 <= known.revision <= now.revision:
        changes = await settings.list_config_changes(database, revision=known.revision)
    old = known or Configuration(0, {}, {}, {}, {})
    return Configuration(
        revision=now.revision,
        deployments=await _renewed(old.deployments, _ids(changes, "model"), partial(models.load_models, database)),
        aliases=await _renewed(old.aliases, _ids(changes, "model_alias"), partial(models.load_model_aliases, database)),
        credentials=await _renewed(
            old.credentials, _ids(changes, "credential"), partial(models.load_credentials, database)
        ),
        settings=await _renewed_settings(database, old.settings, _touched(changes, "setting")),
    )


async def _renewed(
    old: Mapping[uuid.UUID, Row], ids: list[uuid.UUID] | None, load: Callable[..., Awaitable[list[Row]]]
) -> Mapping[uuid.UUID, Row]:
    """The rows with those of the ids read again; an id that does not come back is gone. None: all of them."""
    if ids == []:
        return old
    kept = {} if ids is None else _without(old, ids)
    return kept | {row.id: row for row in await load(ids=ids)}


async def _renewed_settings(
    database: Database, old: Mapping[str, SettingsRow], keys: list[str] | None
) -> Mapping[str, SettingsRow]:
    if keys == []:
        return old
    kept = {} if keys is None else _without(old, keys)
    return kept | {row.key: row for row in await settings.load_settings(database, keys=keys)}


def _ids(changes: Sequence[ConfigChangesRow] | None, kind: str) -> list[uuid.UUID] | None:
    touched = _touched(changes, kind)
    return None if touched is None else [uuid.UUID(object_id) for object_id in touched]


def _touched(changes: Sequence[ConfigChangesRow] | None, kind: str) -> list[str] | None:
    """What of a kind changed; None: that is not known."""
    return None if changes is None else [change.object_id for change in changes if change.object_kind == kind]


def _without(old: Mapping[Key, Value], touched: Sequence[Key]) -> dict[Key, Value]:
    gone = set(touched)
    return {key: row for key, row in old.items() if key not in gone}
