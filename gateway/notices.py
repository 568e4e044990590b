"""The notices by which the database tells every instance what has changed."""

from __future__ import annotations

import asyncio
import logging
import uuid
from typing import TYPE_CHECKING, Any

from gateway.faults import is_away
from gateway.link import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import asyncpg

    from gateway.link import Link
    from gateway.options import Options

    Listening = asyncpg.Connection[asyncpg.Record]

_log = logging.getLogger("gateway")
_ACCESS, _CONFIG = "access_changes", "config_changes"
_LOOK_EVERY = 2.0  # seconds between looks at whether the connection still lives
_PAUSE = 0.5


class Notices:
    """A connection that listens, for as long as the store is open; it is made again when it is lost.

    `on_access` hears the id of what has changed, or None where anything may have: after each time that nothing could
    be heard. `on_config` hears that there may be a new revision of the configuration.
    """

    def __init__(
        self,
        link: Link,
        options: Options,
        *,
        on_access: Callable[[uuid.UUID | None], None],
        on_config: Callable[[], Awaitable[None]],
    ) -> None:
        self._link = link
        self._options = options
        self._on_access = on_access
        self._on_config = on_config
        self._config_changed = asyncio.Event()
        self._lost = asyncio.Event()
        self._echo: asyncio.Future[None] | None = None
        self._token = f"echo:{uuid.uuid4()}"
        self.heard = False

    async def run(self) -> None:
        """Listens until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_config())
            while True:
                await self._link.until_ready()
                try:
                    await self._listen()
                except Exception as error:  # noqa: BLE001  # nothing may end the listening
                    if not is_away(error):
                        _log.exception("notices of changes are not heard")
                await asyncio.sleep(_PAUSE)

    async def _listen(self) -> None:
        connection = await self._link.connect()
        try:
            self._lost.clear()
            connection.add_termination_listener(lambda _: self._lost.set())
            await connection.add_listener(_ACCESS, self._take)
            await connection.add_listener(_CONFIG, self._take)
            await self._check()
            self._on_access(None)
            self._config_changed.set()
            self.heard = True
            while not self._lost.is_set() and self._link.state is State.READY:
                await self._still_there(connection)
        finally:
            self.heard = False
            connection.terminate()

    async def _still_there(self, connection: Listening) -> None:
        try:
            async with asyncio.timeout(_LOOK_EVERY):
                await self._lost.wait()
        except TimeoutError:
            async with asyncio.timeout(self._options.within):
                await connection.execute("SELECT 1")

    async def _check(self) -> None:
        """Sends a notice through the pool and waits for it here: behind some poolers none would ever arrive."""
        self._echo = asyncio.get_running_loop().create_future()
        async with self._link.connection(self._options.within) as connection:
            await connection.execute("SELECT pg_notify($1, $2)", _ACCESS, self._token)
        try:
            async with asyncio.timeout(self._options.within):
                await self._echo
        except TimeoutError:
            _log.warning(
                "notices of changes do not arrive, as behind a pooler: keys are read again every %g s; "
                "Options.direct_url names the database itself",
                self._options.fresh_unheard,
            )
            raise

    def _take(self, _connection: Any, _pid: int, channel: str, payload: object) -> None:
        text = str(payload)
        if text == self._token:
            if self._echo and not self._echo.done():
                self._echo.set_result(None)
            return
        schema, _, rest = text.partition(":")
        if schema != self._options.schema:
            return
        if channel == _CONFIG:
            self._config_changed.set()
        else:
            self._on_access(uuid.UUID(rest))

    async def _follow_config(self) -> None:
        """Hands changes of the configuration on one after the other; many in a row are one. Looks by itself, too."""
        while True:
            try:
                async with asyncio.timeout(self._options.fresh_for):
                    await self._config_changed.wait()
            except TimeoutError:
                pass
            self._config_changed.clear()
            try:
                await self._on_config()
            except Exception:  # noqa: BLE001  # nothing may end the following
                _log.exception("the configuration could not be read")
                await asyncio.sleep(_PAUSE)
                self._config_changed.set()
