"""The store: all that a gateway gets from its database, with the work that goes on in the background."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

from gateway.administration.audit import Audit
from gateway.administration.end_users import EndUsers
from gateway.administration.keys import Keys
from gateway.administration.organizations import Organizations
from gateway.administration.projects import Projects
from gateway.administration.teams import Teams
from gateway.administration.users import Users
from gateway.client import jobs, ops
from gateway.configuration.cipher import Cipher
from gateway.configuration.credentials import Credentials
from gateway.configuration.models import Models
from gateway.configuration.routing import Routing
from gateway.configuration.settings import Settings
from gateway.errors import Away
from gateway.link import Link, Standing, State
from gateway.notices import Notices
from gateway.requests.access import Access
from gateway.requests.admission import Admission
from gateway.requests.budgets import Budgets
from gateway.requests.limits import ParallelLimits, RateLimits
from gateway.spending.reports import Reports
from gateway.spending.spend import Spend, Tally
from gateway.spending.spool import open_spool
from gateway.upkeep.chores import chores
from gateway.upkeep.jobs import Jobs
from gateway.upkeep.retention import Retention

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from gateway.link import Connection
    from gateway.options import Options
    from gateway.requests.admission import Admitted
    from gateway.requests.answers import Answer
    from gateway.requests.request import Asked

_log = logging.getLogger("gateway")
_ALIVE = timedelta(seconds=15)  # since an instance was seen last
_DRAIN = 10.0  # seconds for the spend that waits when the store is closed


class Health(NamedTuple):
    """How the store is: what it can do and why, whether notices are heard, and the spend of this process."""

    standing: Standing
    hears: bool
    spend: Tally


class Store:
    """All that a gateway gets from its database. `async with` closes it, as does `close`."""

    def __init__(
        self, url: str | None, options: Options, *, prepare: Callable[[], Awaitable[None]], schema_version: int
    ) -> None:
        self.options = options
        self.link = link = Link(url, options, prepare)
        cipher = Cipher(options.encryption_keys)
        self.access = Access(link, options, hears=lambda: self._notices.heard)
        self.routing = Routing(link, cipher)
        self.keys, self.organizations, self.teams = Keys(link), Organizations(link), Teams(link)
        self.projects, self.users, self.end_users = Projects(link), Users(link), EndUsers(link)
        self.budgets, self.rates = Budgets(link), RateLimits(link)
        self.parallel = ParallelLimits(link)
        self.models, self.credentials = Models(link), Credentials(link, cipher)
        self.settings, self.audit = Settings(link), Audit(link)
        self.retention = Retention(link, options)
        self.spend = Spend(link, open_spool(options.spool, options.spool_rows), options)
        self.jobs = Jobs(
            link, chores(link, self.retention), version=options.version or "unknown", schema_version=schema_version
        )
        self.reports = Reports(link)
        self._door = Admission(
            access=self.access,
            rates=self.rates,
            parallel=self.parallel,
            budgets=self.budgets,
            end_users=self.end_users,
            spend=self.spend,
        )
        self._notices = Notices(link, options, on_access=self.access.changed, on_config=self._refresh)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> Self:
        """The store, with the database or after `within` seconds without; raises what waiting does not mend."""
        try:
            await self.link.open()
            if self.link.state is State.READY:
                await self._refresh()
        except BaseException:
            await self.close()
            raise
        work = (self._notices.run(), self.spend.run(), self.jobs.run(), self._announce())
        self._tasks = [asyncio.create_task(each) for each in work]
        return self

    async def close(self) -> None:
        """Ends the background's work, writes the spend that waits, as far as a few seconds allow, and leaves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ready = self.link.state is State.READY
        try:
            await self.spend.close(_DRAIN if ready else 0)
            if ready and self._tasks:
                await self.jobs.close()
        finally:
            await self.link.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def authorize(self, secret: str, *, model: str | None = None) -> Answer:
        """Whether a key may be used: Accepted, Refused, or Unknown while the database is away."""
        return await self.access.authorize(secret, model=model)

    async def admit(self, asked: Asked) -> Admitted:
        """A request with its key, limits and budgets: a Request that may go on, Refused, or Unknown."""
        return await self._door.admit(asked)

    def connection(self) -> AbstractAsyncContextManager[Connection]:
        """A connection of the pool, for the queries of gateway.client. Raises Away."""
        return self.link.connection()

    async def until_ready(self) -> None:
        """Returns when the database can be asked."""
        await self.link.until_ready()

    @property
    def state(self) -> State:
        """What the store can do right now."""
        return self.link.state

    @property
    def health(self) -> Health:
        """How it is, for people and monitors."""
        return Health(self.link.standing, self._notices.heard, self.spend.tally)

    @property
    def live(self) -> bool:
        """Whether this process works. A database that is away is no reason to kill it."""
        return self.link.kept and not any(task.done() for task in self._tasks[:-1])

    def ready(self, *, without_database: bool = True) -> bool:
        """Whether requests should come here; `without_database`: also while the database is away.

        Never where it is there and cannot be used: somebody has to mend that first.
        """
        return self.state is State.READY or (without_database and self.state is not State.BROKEN)

    async def _refresh(self) -> None:
        with suppress(Away):
            await self.routing.refresh()

    async def _announce(self) -> None:
        """Says once how many connections all instances may take of those that the server has."""
        await self.link.until_ready()
        with suppress(Away):
            async with self.link.connection(self.options.within) as connection:
                facts = await ops.get_server_facts(connection)
                instances = len(await jobs.list_live_instances(connection, within=_ALIVE)) or 1
            each = self.options.pool_size + 1
            level = logging.WARNING if each * instances > facts.max_connections else logging.INFO
            _log.log(
                level,
                "connections: up to %d for each of %d instances, %d of the server's %d",
                each,
                instances,
                each * instances,
                facts.max_connections,
            )
