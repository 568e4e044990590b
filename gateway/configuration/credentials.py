"""The access to the providers: secrets that the database keeps and cannot read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from gateway.administration.audit import configuring, same
from gateway.client import models
from gateway.configuration.cipher import Sealed
from gateway.errors import BadSecret, Changed, InUse, NoEncryptionKey, NotFound

if TYPE_CHECKING:
    import datetime as dt
    import uuid
    from typing import Unpack

    from gateway.administration.audit import Actor, Change
    from gateway.client.models import (
        CreateCredentialRow,
        GetCredentialRow,
        ListCredentialsRow,
        ListCredentialsToReencryptRow,
    )
    from gateway.configuration.cipher import Cipher
    from gateway.errors import GatewayError
    from gateway.link import Link
    from gateway.shapes import CredentialMetadata


@dataclass(frozen=True, slots=True)
class Credential:
    """The access to a provider, with its secret in plain text; it does not show in a traceback or log."""

    id: uuid.UUID
    name: str
    provider: str
    secret: str = field(repr=False)
    metadata: CredentialMetadata
    updated_at: dt.datetime


class CredentialEdit(TypedDict, total=False):
    """What may be changed; what is left out stays as it is. The name cannot: the secret is bound to it."""

    provider: str
    secret: str
    metadata: CredentialMetadata


class Credentials:
    """The credentials. All that touches a secret raises NoEncryptionKey where its key is not configured."""

    def __init__(self, link: Link, cipher: Cipher) -> None:
        self._link = link
        self._cipher = cipher

    async def create(
        self,
        name: str,
        secret: str,
        *,
        provider: str,
        metadata: CredentialMetadata | None = None,
        by: Actor,
        reason: str | None = None,
    ) -> CreateCredentialRow:
        """The id and times of the new credential. Raises Taken where there is one of this name."""
        version, sealed = self._cipher.encrypt(secret, name)
        columns: dict[str, Any] = {
            "name": name,
            "provider": provider,
            "encryption_key_version": version,
            "metadata": metadata or {},
        }
        async with configuring(self._link, by, reason) as change:
            made = await models.create_credential(change.connection, secret=sealed, **columns)
            await change.note("create", "credential", made.id, None, columns)
        return made

    async def get(self, credential_id: uuid.UUID, /) -> Credential | None:
        """A credential, decrypted. Raises BadSecret where it is not what was stored."""
        async with self._link.connection() as connection:
            row = await models.get_credential(connection, id=credential_id)
        if row is None:
            return None
        secret = self._cipher.decrypt(Sealed(row.encryption_key_version, row.secret), row.name)
        return Credential(row.id, row.name, row.provider, secret, row.metadata, row.updated_at)

    async def all(self) -> list[ListCredentialsRow]:
        """All credentials by name, without their secrets, with the deployments that use each."""
        async with self._link.connection() as connection:
            return await models.list_credentials(connection)

    async def update(
        self,
        credential_id: uuid.UUID,
        /,
        *,
        if_updated_at: dt.datetime,
        by: Actor,
        reason: str | None = None,
        **edit: Unpack[CredentialEdit],
    ) -> dt.datetime:
        """When it was changed, which is now. Raises Changed where it was not last changed at `if_updated_at`."""
        async with configuring(self._link, by, reason) as change:
            before = await _credential(change, credential_id)
            if before.updated_at != if_updated_at:
                raise Changed(f"the credential {before.name} was changed at {before.updated_at}, after it was read")
            if all(name != "secret" and same(getattr(before, name), value) for name, value in edit.items()):
                return before.updated_at
            await self._write(change, before, edit)
            after = await _credential(change, credential_id)
            replaced = {"secret_replaced": True} if "secret" in edit else {}
            await change.note("update", "credential", credential_id, before, asdict(after) | replaced)
        return after.updated_at

    async def delete(self, credential_id: uuid.UUID, /, *, by: Actor, reason: str | None = None) -> None:
        """Deletes a credential. Raises InUse, naming the models, while deployments use it."""
        async with configuring(self._link, by, reason) as change:
            before = await _credential(change, credential_id)
            users = await models.list_models_of_credential(change.connection, credential_id=credential_id)
            if users:
                names = ", ".join(dict.fromkeys(model.name for model in users))
                raise InUse(f"the credential {before.name} is used by deployments of {names}")
            await models.delete_credential(change.connection, id=credential_id)
            await change.note("delete", "credential", credential_id, before, None)

    async def reencrypt(self, *, batch_size: int = 100, by: Actor) -> int:
        """How many secrets came under the highest version of the key by this.

        Each batch is one transaction, so this may end at any moment and be repeated, and several instances may do it
        at once. Raises BadSecret at the end, naming those that could not be read; all others are done then.
        """
        outcomes: list[GatewayError | None] = []
        last: uuid.UUID | None = None
        while True:
            async with configuring(self._link, by, "a new version of the encryption key") as change:
                batch = await models.list_credentials_to_reencrypt(
                    change.connection,
                    encryption_key_version=self._cipher.version,
                    after_id=last,
                    batch_size=batch_size,
                )
                outcomes += [await self._reencrypt(change, row) for row in batch]
            if len(batch) < batch_size:
                break
            last = batch[-1].id
        unread = [str(outcome) for outcome in outcomes if outcome]
        if unread:
            raise BadSecret("; ".join(unread))
        return len(outcomes)

    async def _reencrypt(self, change: Change, row: ListCredentialsToReencryptRow) -> GatewayError | None:
        old = Sealed(row.encryption_key_version, row.secret)
        try:
            new = self._cipher.encrypt(self._cipher.decrypt(old, row.name), row.name)
        except (BadSecret, NoEncryptionKey) as error:
            return error
        await models.reencrypt_credential(
            change.connection,
            secret=new.secret,
            encryption_key_version=new.version,
            id=row.id,
            read_secret=old.secret,
        )
        versions = [{"encryption_key_version": sealed.version} for sealed in (old, new)]
        await change.note("update", "credential", row.id, *versions)
        return None

    async def _write(self, change: Change, before: GetCredentialRow, edit: CredentialEdit) -> None:
        sealed = Sealed(before.encryption_key_version, before.secret)
        if "secret" in edit:
            sealed = self._cipher.encrypt(edit["secret"], before.name)
        await models.update_credential(
            change.connection,
            provider=edit.get("provider", before.provider),
            secret=sealed.secret,
            encryption_key_version=sealed.version,
            metadata=edit.get("metadata", before.metadata),
            id=before.id,
            if_updated_at=before.updated_at,
        )


async def _credential(change: Change, credential_id: uuid.UUID) -> GetCredentialRow:
    row = await models.get_credential(change.connection, id=credential_id)
    if row is None:
        raise NotFound(f"there is no credential with the id {credential_id}")
    return row
