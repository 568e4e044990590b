"""The people and service accounts who administer the gateway or hold keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from gateway.administration.audit import changing
from gateway.administration.entities import UNLIMITED, Entities, Limits, Queries, lock_live, turn
from gateway.client import UsersRow, users
from gateway.errors import NotFound, Taken

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from collections.abc import Mapping
    from typing import Unpack

    from gateway.administration.audit import Actor, Change
    from gateway.client.users import FindUserByEmailRow, FindUserBySsoRow, GetUserRow, ListUsersRow
    from gateway.link import Link

UserRole = Literal["admin", "auditor", "member"]


class NewUser(Limits, total=False):
    """What may be said of a user who is made; without an address, a service account."""

    email: str | None
    name: str | None
    sso_subject: str | None
    role: UserRole


class UserEdit(Limits, total=False):
    """What may be changed. What is left out stays as it is; None lifts a restriction, or takes a name away."""

    email: str | None
    name: str | None
    role: UserRole


USERS: Queries[UsersRow] = Queries(
    kind="user",
    lock=users.lock_user,
    block=users.block_user,
    unblock=users.unblock_user,
    delete=users.delete_user,
    restore=users.restore_user,
    update=users.update_user,
    editable=UserEdit.__optional_keys__,
)
_NOBODY = {**UNLIMITED, "email": None, "name": None, "sso_subject": None, "role": "member"}


class Users(Entities[UsersRow]):
    """The users."""

    def __init__(self, link: Link) -> None:
        super().__init__(link, USERS)

    async def create(self, *, by: Actor, reason: str | None = None, **user: Unpack[NewUser]) -> UsersRow:
        """The new user. Raises Taken where a live one has the address or the subject."""
        columns: dict[str, Any] = {**_NOBODY, **user}
        async with changing(self._link, by, reason) as change:
            made = await users.create_user(change.connection, **columns)
            await change.note("create", "user", made.id, None, made)
        return made

    async def get(self, user_id: uuid.UUID, /) -> GetUserRow | None:
        """A user, deleted or not, with the organizations and teams that the user is in."""
        async with self._link.connection() as connection:
            return await users.get_user(connection, id=user_id)

    async def find(self, email: str) -> FindUserByEmailRow | None:
        """The live user of an address, however it is spelled."""
        async with self._link.connection() as connection:
            return await users.find_user_by_email(connection, email=email)

    async def find_by_sso(self, subject: str) -> FindUserBySsoRow | None:
        """The live user of a subject of the identity provider."""
        async with self._link.connection() as connection:
            return await users.find_user_by_sso(connection, sso_subject=subject)

    async def page(
        self,
        *,
        after: tuple[dt.datetime, uuid.UUID] | None = None,
        role: UserRole | None = None,
        email_part: str | None = None,
        size: int = 100,
    ) -> list[ListUsersRow]:
        """A page of the live users, oldest first, after the last (created_at, id) of the page before."""
        created_at, user_id = after or (None, None)
        async with self._link.connection() as connection:
            return await users.list_users(
                connection,
                after_created_at=created_at,
                after_id=user_id,
                role=role,
                email_part=email_part,
                page_size=size,
            )

    async def update(
        self,
        user_id: uuid.UUID,
        /,
        *,
        by: Actor,
        reason: str | None = None,
        if_updated_at: dt.datetime | None = None,
        **edit: Unpack[UserEdit],
    ) -> UsersRow:
        """The user with what is given changed. Raises Changed where it was not last changed at that time."""
        return await self._edit(user_id, edit, by=by, reason=reason, if_updated_at=if_updated_at)

    async def sign_in(
        self, subject: str, /, *, email: str | None, name: str | None, role: UserRole = "member", by: Actor
    ) -> UsersRow:
        """The user of a subject of the identity provider, made at the first sign-in and brought up to date at others.

        `role` is for the first time alone. What the provider does not say (None) stays as it is. Raises Taken where
        another user has the address: `link` joins the two, if the provider has verified it.
        """
        try:
            return await self._sign_in(subject, email, name, role, by)
        except Taken:
            # The same first sign-in may have come twice at once, and the address been seen before the subject.
            if await self.find_by_sso(subject) is None:
                raise
            return await self._sign_in(subject, email, name, role, by)

    async def link(self, email: str, subject: str, *, by: Actor, reason: str | None = None) -> UsersRow:
        """The user of an address, who from now on signs in through the identity provider.

        Only for an address that the provider has verified. Raises Taken where user or subject is linked already.
        """
        async with changing(self._link, by, reason) as change:
            user_id = await users.lock_user_by_email(change.connection, email=email)
            if user_id is None:
                raise NotFound(f"there is no user with the address {email}")
            before = await lock_live(change, USERS, user_id)
            if before.sso_subject == subject:
                return before
            if before.sso_subject:
                raise Taken(f"the user with the address {email} signs in with another subject")
            query = partial(users.link_user_to_sso, sso_subject=subject)
            return await turn(change, USERS, "update", before=before, query=query)

    async def _sign_in(self, subject: str, email: str | None, name: str | None, role: UserRole, by: Actor) -> UsersRow:
        said: dict[str, Any] = {"email": email, "name": name}
        async with changing(self._link, by) as change:
            known = await users.lock_user_by_sso(change.connection, sso_subject=subject)
            if known is None:
                made = await users.add_user_by_sso(change.connection, sso_subject=subject, role=role, **said)
                if made:
                    await change.note("create", "user", made.id, None, made)
                    return made
                known = await users.lock_user_by_sso(change.connection, sso_subject=subject)
            if known is None:
                raise NotFound(f"the user with the subject {subject} was deleted at this moment")
            return await _bring_up_to_date(change, known, said)


async def _bring_up_to_date(change: Change, user_id: uuid.UUID, said: Mapping[str, Any]) -> UsersRow:
    before = await lock_live(change, USERS, user_id)
    fresh = {column: value for column, value in said.items() if value not in (None, getattr(before, column))}
    if not fresh:
        return before
    columns = {column: getattr(before, column) for column in USERS.editable} | fresh
    query = partial(users.update_user, if_updated_at=None)
    return await turn(change, USERS, "update", before=before, query=query, **columns)
