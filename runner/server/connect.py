"""One connection to the server: reaching it, with patience, and asking it without prepared statements."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from runner import errors
from runner.server.engines import require_postgresql
from runner.server.sql import load_sql
from runner.server.wait import Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    import asyncpg

    Connection = asyncpg.Connection[asyncpg.Record]
    Tell = Callable[[str], None]

OLDEST_SERVER = 140_000
_LAST_WORDS = 1.0  # seconds
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


class ServerFacts(NamedTuple):
    """What one query tells of a server, a role and the ledger; `version` as server_version_num, 150004 for 15.4."""

    pid: int
    version: int
    version_text: str
    standby: bool
    read_only: bool
    checks_clients: bool
    pooled: bool
    user: str
    database: str
    schema_exists: bool
    ledger_exists: bool
    ledger_comment: str | None
    catalog_exists: bool

    @property
    def major(self) -> int:
        """The server's major version."""
        return self.version // 10_000


async def fetch_rows(connection: Connection, sql: str) -> list[tuple[str | None, ...]]:
    """The rows of a query as the server's own text, NULL as None.

    The query travels inside `COPY … TO STDOUT`: one message, one round trip, no prepared statement. So it works
    through every pooler and leaves nothing behind (docs/adr/0006).
    """
    chunks: list[bytes] = []

    async def collect(data: bytes) -> None:
        chunks.append(data)

    await connection.copy_from_query(sql, output=collect)
    text = b"".join(chunks).decode()
    if "\\" not in text:
        return [tuple(line.split("\t")) for line in text.split("\n")[:-1]]
    return [tuple(map(_unescape, line.split("\t"))) for line in text.split("\n")[:-1]]


def _unescape(field: str) -> str | None:
    if "\\" not in field:
        return field
    return None if field == "\\N" else _ESCAPE.sub(lambda match: _ESCAPES[match[1]], field)


async def read_facts(connection: Connection, schema: str) -> ServerFacts:
    """What the server is, in one round trip; raises TooOld or OtherEngine for one that the runner does not support."""
    require_postgresql(connection)
    [row] = await fetch_rows(connection, load_sql("server", "facts", schema=schema))
    pid, version, version_text, standby, read_only, checks, user, database, namespace, ledger, comment, catalog = row
    facts = ServerFacts(
        pid=int(pid or 0),
        version=int(version or 0),
        version_text=version_text or "",
        standby=standby == "t",
        read_only=read_only == "on",
        checks_clients=checks == "t",
        pooled=pid != str(connection.get_server_pid()),
        user=user or "",
        database=database or "",
        schema_exists=namespace == "t",
        ledger_exists=ledger == "t",
        ledger_comment=comment,
        catalog_exists=catalog == "t",
    )
    if facts.version < OLDEST_SERVER:
        raise errors.TooOld(f"the server is PostgreSQL {facts.version_text}", hint="PostgreSQL 14 or later is needed.")
    return facts


@asynccontextmanager
async def connected(
    url: str | None, *, wait_ms: int, tell: Tell, database: str | None = None, search_path: str | None = None
) -> AsyncIterator[Connection]:
    """A connection, closed at the end whatever happened; `tell` hears why it is not there yet.

    `database` is another one than the URL names, on the same server; `search_path` the session's own default, to which
    RESET leads back.

    Raises Unreachable after `wait_ms`, and other ConnectErrors at once: waiting does not mend a wrong password.
    """
    settings = {"application_name": "migrate"} | ({"search_path": search_path} if search_path else {})
    connection = await _reach(url, database, settings, wait_ms, tell)
    try:
        yield connection
    finally:
        await _close(connection)


async def _reach(
    url: str | None, database: str | None, settings: Mapping[str, str], wait_ms: int, tell: Tell
) -> Connection:
    patience = Patience(wait_ms, tell)
    while True:
        try:
            return await _connect(url, database, settings, patience.left())
        except errors.MigrateError:
            raise
        except Exception as error:
            reason = _explain(error, url)
            if not await patience.pause(f"waiting for the database: {reason}"):
                raise errors.Unreachable(
                    f"the database could not be reached in {wait_ms / 1000:g} s: {reason}",
                    hint="Is the address right and the server up? --wait or MIGRATE_WAIT allows more time.",
                ) from error


async def _connect(
    url: str | None, database: str | None, settings: Mapping[str, str], seconds_left: float
) -> Connection:
    import asyncpg

    try:
        connection = await asyncpg.connect(
            url,
            database=database,
            statement_cache_size=0,
            server_settings=dict(settings),
            timeout=max(seconds_left, 1.0),
            command_timeout=None,
        )
    except (asyncpg.ClientConfigurationError, ValueError) as error:
        raise errors.BadUrl(
            "the database URL cannot be used" if url else "the PG… environment cannot be used",
            detail=None if _quotes_secret(str(error), url) else str(error),
            hint="A URL looks like postgresql://user@host:5432/name. "
            "In a password, write % : / ? # @ as %25 %3A %2F %3F %23 %40.",
        ) from None
    _keep_alive(connection)
    return connection


def _keep_alive(connection: Connection) -> None:
    """Lets this end notice, too, that the other's host has vanished: within a minute, instead of never."""
    import socket

    transport = getattr(connection, "_transport", None)
    end = transport.get_extra_info("socket") if transport else None
    if end is None or end.family == socket.AF_UNIX:
        return
    end.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000)):
        if hasattr(socket, name):
            end.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _quotes_secret(text: str, url: str | None) -> bool:
    """Whether the driver's words may show a part of the password: a wrong URL is cut in the wrong places."""
    secrets = re.findall(r"//[^:@/]*:(.*)@|password=([^&]*)", url or "")
    pieces = {piece for secret in secrets for part in secret for piece in re.split(r"\W+", part) if piece}
    return any(piece in text for piece in pieces)


def _explain(error: Exception, url: str | None) -> str:  # noqa: C901  # a case each kind of failure
    """A reason to wait, in a few words; raises the ConnectError that no waiting mends."""
    import asyncpg

    where = redacted(url)
    match error:
        case asyncpg.InvalidPasswordError() | asyncpg.InvalidAuthorizationSpecificationError():
            raise errors.AuthenticationRefused(
                f"{where}: {error.args[0]}",
                sqlstate=error.sqlstate,
                hint="Check the user, the password and pg_hba.conf.",
            ) from None
        case asyncpg.InvalidCatalogNameError():
            raise errors.NoSuchDatabase(
                f"{where}: {error.args[0]}", sqlstate=error.sqlstate, hint="Create it first, or name another."
            ) from None
        case asyncpg.TargetServerAttributeNotMatched():
            return f"no host is what target_session_attrs asks for, of {where}"
        case asyncpg.CannotConnectNowError() | asyncpg.TooManyConnectionsError():
            return f"{error.args[0]} (SQLSTATE {error.sqlstate})"
        case asyncpg.PostgresConnectionError():
            return f"the connection was cut ({error.args[0]})"
        case asyncpg.PostgresError():
            raise errors.ConnectionRefused(
                f"{where}: {error.args[0]}", sqlstate=error.sqlstate, hint=error.hint
            ) from None
        case TimeoutError():
            return f"no answer from {where}"
        case OSError():
            _raise_if_tls(error, where)
            return f"{_os_reason(error)} at {where}"
        case _:
            raise errors.ConnectionRefused(f"{where}: {error.args[0]}") from error


def _raise_if_tls(error: OSError, where: str) -> None:
    import ssl

    if isinstance(error, ssl.SSLError) or "SSL" in str(error):
        raise errors.TlsRefused(
            f"{where}: TLS could not be agreed on: {error.strerror or error}",
            hint="Check sslmode and the certificates.",
        ) from None


def _os_reason(error: OSError) -> str:
    import errno
    import socket

    if isinstance(error, socket.gaierror):
        return f"the host name does not resolve ({error.strerror})"
    names = {
        errno.ECONNREFUSED: "connection refused",
        errno.ENOENT: "no socket there",
        errno.ECONNRESET: "connection reset",
    }
    return names.get(error.errno or 0, str(error.strerror or error))


def redacted(url: str | None) -> str:
    """The URL without its password, fit to be printed."""
    if url is None:
        return "the database of the PG… environment"
    shown = re.sub(r"//([^:@/]*):.*@", r"//\1@", url)
    return re.sub(r"(password=)[^&]*", r"\1…", shown)


def is_lost(error: BaseException) -> bool:
    """Whether an error of the driver means that the connection is gone, and not that a statement is wrong."""
    import asyncpg

    if isinstance(error, asyncpg.PostgresError):
        # An error that the driver made itself has no severity; one of a statement may have any SQLSTATE, 08 too.
        severity = getattr(error, "severity_en", None)
        return severity in ("FATAL", "PANIC") or (severity is None and (error.sqlstate or "").startswith("08"))
    return isinstance(error, ConnectionError | TimeoutError | asyncpg.InterfaceError)


@contextmanager
def translated() -> Iterator[None]:
    """Turns what the driver raises into errors of ours; those that are ours already pass."""
    try:
        yield
    except errors.MigrateError:
        raise
    except Exception as error:
        if is_lost(error):
            raise errors.ConnectionLost(
                f"the connection to the server was lost: {error}",
                hint="Run migrate up again: it reads the ledger and goes on where it stopped.",
            ) from error
        sqlstate = getattr(error, "sqlstate", None)
        if sqlstate is None:
            raise
        kind = errors.NoRight if sqlstate == "42501" else errors.LedgerRefused
        hint = "Grant it to the role that migrates, or use another role." if sqlstate == "42501" else None
        raise kind(str(error.args[0]), sqlstate=sqlstate, hint=getattr(error, "hint", None) or hint) from error


async def last_words(connection: Connection, sql: str) -> None:
    """Says what ends the work after an error, which is the one to report; a server that hangs is not waited for."""
    import asyncio

    with suppress(Exception):
        async with asyncio.timeout(_LAST_WORDS):
            await connection.execute(sql)


async def _close(connection: Connection) -> None:
    """Says goodbye; a statement that still runs is cancelled by asyncpg first, and a dead peer is not waited for."""
    try:
        await connection.close(timeout=2)
    except Exception:  # noqa: BLE001  # whatever went wrong, the first error is the one to report
        connection.terminate()
