"""The models that the gateway offers: deployments at the providers, their prices, and other names for them."""

from __future__ import annotations

import decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict

from gateway.administration.audit import changing, configuring, same
from gateway.administration.entities import lock_live
from gateway.administration.teams import TEAMS
from gateway.client import models
from gateway.client.settings import lock_config
from gateway.errors import BadValue, Changed, NotFound

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Mapping
    from typing import Unpack

    from gateway.administration.audit import Action, Actor, Change
    from gateway.client import ModelAliasesRow
    from gateway.client.models import GetModelRow, ListModelAliasesRow, ListModelNamesRow, ListModelsRow
    from gateway.link import Link
    from gateway.shapes import ModelParams


class ModelLimits(TypedDict, total=False):
    """How a deployment is called, what its provider grants, and what a token costs.

    Prices are exact, with ten places at most; None: as in the price list that the gateway brings along. Weight 0: only
    when the others fail.
    """

    credential_id: uuid.UUID | None
    params: ModelParams
    weight: int
    requests_per_minute: int | None
    tokens_per_minute: int | None
    prompt_token_price: decimal.Decimal | None
    completion_token_price: decimal.Decimal | None
    cached_token_price: decimal.Decimal | None


class ModelEdit(ModelLimits, total=False):
    """What may be changed; what is left out stays as it is."""

    name: str
    provider: str


_PRICES = ("prompt_token_price", "completion_token_price", "cached_token_price")
_PLAIN: Mapping[str, Any] = {
    **dict.fromkeys(ModelLimits.__optional_keys__),
    "params": {},
    "weight": 1,
}


class Models:
    """The deployments, known by their ids, and the aliases of their public names.

    A change names the version of the deployment that it has read; Changed is raised where it has another by now.
    """

    def __init__(self, link: Link) -> None:
        self._link = link

    async def create(
        self, name: str, /, *, provider: str, by: Actor, reason: str | None = None, **limits: Unpack[ModelLimits]
    ) -> GetModelRow:
        """The new deployment of a model. Raises NotFound for its credential."""
        columns: dict[str, Any] = {**_PLAIN, **_exact(limits)}
        async with configuring(self._link, by, reason) as change:
            made = await models.create_model(change.connection, name=name, provider=provider, **columns)
            row = await _model(change, made.id)
            await change.note("create", "model", row.id, None, row)
        return row

    async def get(self, model_id: uuid.UUID, /) -> GetModelRow | None:
        """A deployment, with the name of its credential."""
        async with self._link.connection() as connection:
            return await models.get_model(connection, id=model_id)

    async def page(
        self, *, after: tuple[str, uuid.UUID] | None = None, provider: str | None = None, size: int = 100
    ) -> list[ListModelsRow]:
        """A page of the deployments by name, after the last (name, id) of the page before."""
        name, model_id = after or (None, None)
        async with self._link.connection() as connection:
            return await models.list_models(
                connection, after_name=name, after_id=model_id, provider=provider, page_size=size
            )

    async def names(self) -> list[ListModelNamesRow]:
        """The public names that can be asked for now, with how many deployments serve each."""
        async with self._link.connection() as connection:
            return await models.list_model_names(connection)

    async def update(
        self, model_id: uuid.UUID, version: int, *, by: Actor, reason: str | None = None, **edit: Unpack[ModelEdit]
    ) -> GetModelRow:
        """The deployment with what is given changed."""
        async with configuring(self._link, by, reason) as change:
            before = await _as_read(change, model_id, version)
            if all(same(getattr(before, name), value) for name, value in edit.items()):
                return before
            columns = {name: getattr(before, name) for name in ModelEdit.__optional_keys__} | _exact(edit)
            written = models.update_model(change.connection, id=model_id, version=version, **columns)
            return await _turn(change, "update", before, written)

    async def block(self, model_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> GetModelRow:
        """The deployment, to which no request goes from now on. In an emergency: whatever version it has."""
        async with configuring(self._link, by, reason) as change:
            before = await _model(change, model_id)
            if before.blocked_at:
                return before
            return await _turn(change, "block", before, models.block_model(change.connection, id=model_id))

    async def unblock(self, model_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> GetModelRow:
        """The deployment, to which requests go again."""
        async with configuring(self._link, by, reason) as change:
            before = await _model(change, model_id)
            if not before.blocked_at:
                return before
            return await _turn(change, "unblock", before, models.unblock_model(change.connection, id=model_id))

    async def delete(self, model_id: uuid.UUID, version: int, *, by: Actor, reason: str | None = None) -> None:
        """Deletes a deployment. Logs and rollups keep its name."""
        async with configuring(self._link, by, reason) as change:
            before = await _as_read(change, model_id, version)
            await models.delete_model(change.connection, id=model_id, version=version)
            await change.note("delete", "model", model_id, before, None)

    async def aliases(self, team_id: uuid.UUID | None) -> list[ListModelAliasesRow]:
        """The aliases that hold for a team, or with None those for everyone alone."""
        async with self._link.connection() as connection:
            return await models.list_model_aliases(connection, team_id=team_id)

    async def set_alias(
        self, name: str, target_name: str, *, team_id: uuid.UUID | None, by: Actor, reason: str | None = None
    ) -> ModelAliasesRow:
        """The alias by which a name stands for another, for one team or, with None, for everyone."""
        async with changing(self._link, by, reason) as change:
            if team_id:
                await lock_live(change, TEAMS, team_id)
            # After the team, as where a team is purged and its aliases with it.
            await lock_config(change.connection)
            before = await models.find_model_alias(change.connection, name=name, team_id=team_id)
            if before and before.target_name == target_name:
                return before
            after = await models.set_model_alias(change.connection, team_id=team_id, name=name, target_name=target_name)
            await change.note("update" if before else "create", "model_alias", after.id, before, after)
        return after

    async def delete_alias(self, alias_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> None:
        """Lets a name stand for itself again."""
        async with configuring(self._link, by, reason) as change:
            before = await models.delete_model_alias(change.connection, id=alias_id)
            if before is None:
                raise NotFound(f"there is no alias with the id {alias_id}")
            await change.note("delete", "model_alias", alias_id, before, None)


async def _model(change: Change, model_id: uuid.UUID) -> GetModelRow:
    row = await models.get_model(change.connection, id=model_id)
    if row is None:
        raise NotFound(f"there is no deployment with the id {model_id}")
    return row


async def _as_read(change: Change, model_id: uuid.UUID, version: int) -> GetModelRow:
    row = await _model(change, model_id)
    if row.version != version:
        raise Changed(f"the deployment of {row.name} has the version {row.version} by now, and not {version}")
    return row


async def _turn(change: Change, action: Action, before: GetModelRow, written: Awaitable[int | None]) -> GetModelRow:
    """A deployment after what changes it, which is noted."""
    if await written is None:
        raise Changed(f"the deployment of {before.name} was changed meanwhile")
    after = await _model(change, before.id)
    await change.note(action, "model", before.id, before, after)
    return after


def _exact(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns, if their prices can be kept as they are: the database would round them silently, and keep a NaN."""
    for name in _PRICES:
        price = columns.get(name)
        if price is not None and not (isinstance(price, decimal.Decimal) and _fits(price)):
            raise BadValue(f"{name} must be a decimal number with at most ten places, and is {price}")
    return dict(columns)


def _fits(price: decimal.Decimal) -> bool:
    return price.is_finite() and (Fraction(price) * 10**10).denominator == 1
