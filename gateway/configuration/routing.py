"""Where requests go: the configuration in the memory of an instance, kept up to date."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING, Any

from gateway.client import settings
from gateway.client.models import LoadModelsRow as Deployment
from gateway.configuration.cipher import Sealed
from gateway.configuration.configuration import Configuration, read
from gateway.errors import Away, NotFound

if TYPE_CHECKING:
    import uuid

    from gateway.configuration.cipher import Cipher
    from gateway.link import Link

_WITHIN = 10.0  # seconds for reading it all

__all__ = ["Configuration", "Deployment", "Routing"]


class Routing:
    """The last configuration that was read, which stays while the database is away.

    Until the first one is read, all that needs it raises Away: no name is unknown then.
    """

    def __init__(self, link: Link, cipher: Cipher, *, chance: random.Random | None = None) -> None:
        self._link = link
        self._cipher = cipher
        self._chance = chance or random.Random()  # noqa: S311  # spreads requests, hides nothing
        self._configuration: Configuration | None = None
        self._reading = asyncio.Lock()
        self._asked = self._answered = 0

    @property
    def configuration(self) -> Configuration:
        """The configuration, a value that never changes. Raises Away where none was read yet."""
        if self._configuration is None:
            raise Away("the configuration has not been read yet")
        return self._configuration

    async def refresh(self) -> Configuration:
        """The configuration, at least as new as this call. Raises Away, and leaves the last one, if it cannot be read.

        One look at the revision where nothing has changed. Calls while one is reading share the next reading: what
        they were called for may have come after the present one began.
        """
        self._asked = ticket = self._asked + 1
        async with self._reading:
            if self._answered < ticket:
                answering = self._asked
                self._configuration = await self._read()
                self._answered = answering
        return self.configuration

    def resolve(self, name: str, team_id: uuid.UUID | None = None) -> tuple[Deployment, ...]:
        """The deployments to try for a name, in order: by chance, the heavier the earlier, those of weight 0 last.

        Empty: the name stands for nothing, or for nothing that is not blocked.
        """
        return tuple(sorted(self.configuration.serving(name, team_id), key=self._place))

    def names(self, team_id: uuid.UUID | None = None) -> list[str]:
        """The names for which `resolve` finds something, aliases among them, in their order."""
        return self.configuration.names(team_id)

    def secret(self, deployment: Deployment) -> str | None:
        """The secret to call a deployment with; None: it needs none. Raises BadSecret and NoEncryptionKey.

        NotFound: the credential has been deleted since the deployment was resolved.
        """
        if deployment.credential_id is None:
            return None
        credential = self.configuration.credentials.get(deployment.credential_id)
        if credential is None:
            raise NotFound(f"the credential of this deployment of {deployment.name} is gone")
        return self._cipher.decrypt(Sealed(credential.encryption_key_version, credential.secret), credential.name)

    def setting(self, key: str, default: Any = None) -> Any:
        """The value of a setting, or the default."""
        row = self.configuration.settings.get(key)
        return default if row is None else row.value

    async def _read(self) -> Configuration:
        known = self._configuration
        async with self._link.connection(_WITHIN) as connection:
            if known and (await settings.get_config_revision(connection)).revision == known.revision:
                return known
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                return await read(connection, known)

    def _place(self, deployment: Deployment) -> tuple[bool, float]:
        # The first of exponential times with the weights as rates is each with the probability of its weight's share
        # (Efraimidis, Spirakis 2006), and so on for the second among the rest.
        return deployment.weight == 0, self._chance.expovariate(deployment.weight or 1)
