"""Engines that speak PostgreSQL's protocol and do not keep what the runner's promises stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.errors import OtherEngine

if TYPE_CHECKING:
    from runner.server.connect import Connection


class Engine(NamedTuple):
    """An engine, and what it lacks."""

    name: str
    lacks: str


_COCKROACH = Engine(
    "CockroachDB",
    "Its pg_try_advisory_lock says that it has a lock, and has none. A change of a table goes on after COMMIT, and may "
    "fail then.",
)
_YUGABYTE = Engine(
    "YugabyteDB",
    "Unless a flag is set, a DDL statement is a transaction of its own there: a file that fails would leave a part.",
)
_AURORA_DSQL = Engine(
    "Aurora DSQL", "It has no advisory locks, and one DDL statement a transaction: no file with its row."
)


def require_postgresql(connection: Connection) -> None:
    """Raises OtherEngine for a server that is not PostgreSQL: nothing is begun there."""
    if engine := _engine(connection):
        raise OtherEngine(
            f"the server is {engine.name}, where a file could not be applied exactly once",
            detail=engine.lacks,
            hint="See docs/compatibility.md for what else can be done.",
        )


def _engine(connection: Connection) -> Engine | None:
    """The engine that a server's first words, or its address, show; None for PostgreSQL itself."""
    settings, host = connection.get_settings(), str(getattr(connection, "_addr", ("",))[0])
    if hasattr(settings, "crdb_version"):
        return _COCKROACH
    if "-YB-" in settings.server_version:
        return _YUGABYTE
    return _AURORA_DSQL if ".dsql." in host and host.endswith(".on.aws") else None
