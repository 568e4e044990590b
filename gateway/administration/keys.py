"""The keys: made, changed, rotated, blocked and removed. Whether one may be used is answered in access.py."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from gateway.administration.audit import changing
from gateway.administration.entities import UNLIMITED, Edit, Entities, Limits, Queries, lock_live, turn
from gateway.client import ApiKeysRow, keys
from gateway.errors import BadValue, Taken
from gateway.requests.access import LONGEST_SECRET, hash_secret

if TYPE_CHECKING:
    import datetime as dt
    from typing import Unpack

    from gateway.administration.audit import Actor, Change
    from gateway.client.keys import GetKeyDetailsRow, GetKeyRow, ListKeysRow
    from gateway.link import Link

_PREFIX = "sk-"
_RANDOM_BYTES = 32
_SHORTEST = 20  # characters of a secret of one's own
_HINT = 10  # characters of a secret that are shown: seven random ones, of 43

KEYS: Queries[ApiKeysRow] = Queries(
    kind="key",
    lock=keys.lock_key,
    block=keys.block_key,
    unblock=keys.unblock_key,
    delete=keys.delete_key,
    restore=keys.restore_key,
    update=keys.update_key,
    editable=Edit.__optional_keys__ | {"expires_at"},
)


class Place(TypedDict, total=False):
    """Where a key hangs: at one of these, or directly under the gateway."""

    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None


class KeyEdit(Edit, total=False):
    """What may be changed of a key. What is left out stays as it is; None lifts a restriction."""

    expires_at: dt.datetime | None


class NewKey(Limits, Place, total=False):
    """How a key is made: where it hangs, whose it is, what it may do."""

    user_id: uuid.UUID | None
    kind: Literal["inference", "management", "read_only"]
    expires_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A secret, for the one and only time that it can be seen; None where the rotation was made before."""

    key_id: uuid.UUID
    hint: str
    secret: str | None = field(repr=False)


def new_secret() -> str:
    """A secret that nobody can guess: `sk-` and 256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)


def _strong(secret: str) -> str:
    """A secret of the caller's own, if it is one that can be used and that its hint does not give away."""
    if not secret.isascii() or not _SHORTEST <= len(secret) <= LONGEST_SECRET:
        raise BadValue(f"a secret must have {_SHORTEST} to {LONGEST_SECRET} characters of ASCII, and be random")
    return secret


class Keys(Entities[ApiKeysRow]):
    """The keys. Every change is heard by all instances at once."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, KEYS)

    async def create(
        self,
        name: str | None = None,
        /,
        *,
        by: Actor,
        secret: str | None = None,
        reason: str | None = None,
        **columns: Unpack[NewKey],
    ) -> Issued:
        """A new key with its secret, which is shown here and never again.

        A `secret` of one's own must be long and random. Raises Taken where a live key of this name is in this place,
        so a set-up by file may run at every start; BadValue, NotFound for the place, Away.
        """
        secret = _strong(secret) if secret is not None else new_secret()
        unset = dict.fromkeys((*Place.__optional_keys__, "user_id", "expires_at"))
        given: dict[str, Any] = {**UNLIMITED, **unset, "kind": "inference", **columns}
        async with changing(self._link, by, reason) as change:
            made = await keys.create_key(
                change.connection,
                id=uuid.uuid4(),
                name=name,
                hint=secret[:_HINT],
                created_by=str(by),
                hash=hash_secret(secret),
                **given,
            )
            if made is None:
                raise Taken(f"there is a key with the name {name} in this place")
            await change.note("create", "key", made.id, None, await keys.lock_key(change.connection, id=made.id))
        return Issued(made.id, made.hint, secret)

    async def rotate(
        self,
        key_id: uuid.UUID,
        rotation_id: uuid.UUID,
        *,
        grace: dt.timedelta,
        by: Actor,
        secret: str | None = None,
        reason: str | None = None,
    ) -> Issued:
        """A new secret for a key, which stays the same key; older secrets go on until the grace is over.

        `rotation_id` is the caller's: asking again with the same one changes nothing and gives the secret only if the
        caller brought it. Raises NotFound, Taken for the rotation of another key, Away.
        """
        issued = _strong(secret) if secret is not None else new_secret()
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, KEYS, key_id)
            rotated = await keys.rotate_key(
                change.connection,
                key_id=key_id,
                rotation_id=rotation_id,
                grace=grace,
                rotated_by=str(by),
                hash=hash_secret(issued),
                hint=issued[:_HINT],
            )
            if rotated is None:
                return await self._repeated(change, rotation_id, before, secret)
            after = {"hint": issued[:_HINT], "grace_ends_at": rotated.grace_ends_at}
            await change.note("rotate", "key", key_id, {"hint": before.hint}, after)
        return Issued(key_id, issued[:_HINT], issued)

    async def _repeated(self, change: Change, rotation_id: uuid.UUID, key: ApiKeysRow, brought: str | None) -> Issued:
        made = await keys.get_key_rotation(change.connection, rotation_id=rotation_id)
        if made is None or made.key_id != key.id:
            raise Taken(f"the rotation {rotation_id} was made for another key")
        found = await keys.authorize_key(change.connection, hash=hash_secret(brought or ""))
        known = found is not None and found.key_id == key.id
        return Issued(key.id, key.hint, brought if known else None)

    async def end_grace(self, key_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> int:
        """How many older secrets of a key are refused from now on; the present one stays."""
        async with changing(self._link, by, reason) as change:
            await lock_live(change, KEYS, key_id)
            ended = await keys.end_grace(change.connection, key_id=key_id)
            if ended:
                await change.note("rotate", "key", key_id, {"grace": "open"}, {"grace": "ended"})
            return ended

    async def update(
        self,
        key_id: uuid.UUID,
        /,
        *,
        by: Actor,
        reason: str | None = None,
        if_updated_at: dt.datetime | None = None,
        **edit: Unpack[KeyEdit],
    ) -> ApiKeysRow:
        """The key with what is given changed. Raises Changed where it was not last changed at that time."""
        return await self._edit(key_id, edit, by=by, reason=reason, if_updated_at=if_updated_at)

    async def move(
        self, key_id: uuid.UUID, /, *, by: Actor, reason: str | None = None, **place: Unpack[Place]
    ) -> ApiKeysRow:
        """The key in another place: an organization, team or project, or none. Its spend stays where it was counted."""
        where: dict[str, Any] = {**dict.fromkeys(Place.__optional_keys__), **place}
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, KEYS, key_id)
            return await turn(change, KEYS, "update", before=before, query=partial(keys.move_key, **where))

    async def expire(
        self, key_id: uuid.UUID, at: dt.datetime | None = None, *, by: Actor, reason: str | None = None
    ) -> ApiKeysRow:
        """The key, refused from a time on, or from now; an earlier end stays."""
        async with changing(self._link, by, reason) as change:
            before = await lock_live(change, KEYS, key_id)
            return await turn(change, KEYS, "update", before=before, query=partial(keys.expire_key, expires_at=at))

    async def get(self, key_id: uuid.UUID, /) -> GetKeyRow | None:
        """A key, deleted or not, with where it hangs and when it was last used."""
        async with self._link.connection() as connection:
            return await keys.get_key(connection, id=key_id)

    async def details(self, key_id: uuid.UUID, /) -> GetKeyDetailsRow | None:
        """A key with its owner, budgets, secrets (their times alone) and rotations."""
        async with self._link.connection() as connection:
            return await keys.get_key_details(connection, id=key_id)

    async def page(
        self,
        *,
        after: ListKeysRow | None = None,
        size: int = 100,
        kind: str | None = None,
        blocked: bool | None = None,
        name_part: str | None = None,
    ) -> list[ListKeysRow]:
        """A page of the live keys, oldest first, after the last one of the page before."""
        async with self._link.connection() as connection:
            return await keys.list_keys(
                connection,
                after_created_at=after.created_at if after else None,
                after_id=after.id if after else None,
                kind=kind,
                blocked=blocked,
                name_part=name_part,
                page_size=size,
            )
