# Made by migrate from sql/queries/ops.sql; do not edit (source ec32e3b0f44469f7, text e406813f5726c0d7)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""The queries of sql/queries/ops.sql."""

import datetime
from dataclasses import dataclass

from . import Database, Inet

GET_SERVER_FACTS = """\
-- name: GetServerFacts :one
SELECT
    current_setting('server_version') AS "server_version!",
    current_setting('server_version_num')::integer AS "server_version_num!",
    current_database() AS "database!",
    pg_postmaster_start_time() AS "started_at!",
    pg_is_in_recovery() AS "standby!",
    current_setting('max_connections')::integer AS "max_connections!",
    (SELECT count(*) FROM pg_stat_activity AS a WHERE a.backend_type = 'client backend') AS "connections!",
    pg_database_size(current_database()) AS "database_bytes!",
    now() AS "clock!\""""

LIST_TABLE_SIZES = """\
-- name: ListTableSizes :many
WITH RECURSIVE members (root, oid) AS (
    SELECT c.oid, c.oid
    FROM pg_class AS c
    JOIN pg_class AS home ON home.oid = 'api_keys'::regclass AND home.relnamespace = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
    UNION ALL
    SELECT m.root, i.inhrelid
    FROM members AS m
    JOIN pg_inherits AS i ON i.inhparent = m.oid
)
SELECT
    root.relname::text AS table_name,
    count(*) FILTER (WHERE c.relkind = 'r') AS heaps,
    coalesce(sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind = 'r'), 0)::bigint AS rows_estimate,
    coalesce(sum(pg_relation_size(c.oid)), 0)::bigint AS heap_bytes,
    coalesce(sum(pg_indexes_size(c.oid)), 0)::bigint AS index_bytes,
    coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint AS total_bytes,
    coalesce(sum(s.n_dead_tup), 0)::bigint AS dead_rows,
    max(greatest(s.last_vacuum, s.last_autovacuum)) AS last_vacuum_at
FROM members AS m
JOIN pg_class AS root ON root.oid = m.root
JOIN pg_class AS c ON c.oid = m.oid
LEFT JOIN pg_stat_user_tables AS s ON s.relid = m.oid
GROUP BY root.oid, root.relname
ORDER BY total_bytes DESC, table_name"""

LIST_BLOCKED = """\
-- name: ListBlocked :many
WITH RECURSIVE waits AS MATERIALIZED (
    SELECT a.pid, blocker.pid AS blocked_by
    FROM pg_stat_activity AS a
    CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS blocker (pid)
    WHERE a.datname = current_database() AND a.wait_event_type = 'Lock'
),
tree (pid, depth, chain) AS (
    SELECT DISTINCT w.blocked_by, 0, ARRAY[w.blocked_by]
    FROM waits AS w
    WHERE NOT EXISTS (SELECT FROM waits AS above WHERE above.pid = w.blocked_by)
    UNION ALL
    SELECT w.pid, t.depth + 1, t.chain || w.pid
    FROM tree AS t
    JOIN waits AS w ON w.blocked_by = t.pid
    WHERE w.pid <> ALL(t.chain)
)
SELECT
    t.pid,
    t.depth,
    t.chain,
    a.application_name,
    a.usename::text AS role_name,
    a.client_addr,
    a.state,
    a.wait_event,
    now() - a.xact_start AS transaction_age,
    now() - a.query_start AS query_age,
    left(a.query, 500) AS query_text
FROM tree AS t
LEFT JOIN pg_stat_activity AS a ON a.pid = t.pid
ORDER BY t.chain"""

LIST_LONG_TRANSACTIONS = """\
-- name: ListLongTransactions :many
SELECT
    a.pid,
    a.application_name,
    a.usename::text AS role_name,
    a.state,
    a.xact_start AS "started_at!",
    left(a.query, 500) AS query_text
FROM pg_stat_activity AS a
WHERE
    a.datname = current_database()
    AND a.pid <> pg_backend_pid()
    AND a.xact_start < now() - $1::interval
ORDER BY a.xact_start"""

LIST_INVALID_INDEXES = """\
-- name: ListInvalidIndexes :many
SELECT t.relname::text AS table_name, c.relname::text AS index_name, pg_relation_size(c.oid) AS "index_bytes!"
FROM pg_index AS x
JOIN pg_class AS c ON c.oid = x.indexrelid
JOIN pg_class AS t ON t.oid = x.indrelid
JOIN pg_class AS home ON home.oid = 'api_keys'::regclass AND home.relnamespace = t.relnamespace
WHERE NOT x.indisvalid AND c.relkind = 'i'
ORDER BY t.relname, c.relname"""


@dataclass(frozen=True, slots=True)
class GetServerFactsRow:
    """A row of GetServerFacts."""

    server_version: str
    server_version_num: int
    database: str
    started_at: datetime.datetime
    standby: bool
    max_connections: int
    connections: int
    database_bytes: int
    clock: datetime.datetime


async def get_server_facts(database: Database, /) -> GetServerFactsRow:
    """What an operator asks first: which server this is, how full it is, and whether it is a standby."""
    row = await database.fetchrow(GET_SERVER_FACTS)
    return GetServerFactsRow(*row)


@dataclass(frozen=True, slots=True)
class ListTableSizesRow:
    """A row of ListTableSizes."""

    table_name: str
    heaps: int
    rows_estimate: int
    heap_bytes: int
    index_bytes: int
    total_bytes: int
    dead_rows: int
    last_vacuum_at: datetime.datetime | None


async def list_table_sizes(database: Database, /) -> list[ListTableSizesRow]:
    """The tables of the schema that the gateway lives in, largest first, partitions added to their table.

    dead_rows and last_vacuum_at say whether vacuum keeps up.
    """
    rows = await database.fetch(LIST_TABLE_SIZES)
    return [ListTableSizesRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListBlockedRow:
    """A row of ListBlocked."""

    pid: int | None
    depth: int
    chain: list[int]
    application_name: str | None
    role_name: str | None
    client_addr: Inet | None
    state: str | None
    wait_event: str | None
    transaction_age: datetime.timedelta | None
    query_age: datetime.timedelta | None
    query_text: str | None


async def list_blocked(database: Database, /) -> list[ListBlockedRow]:
    """Who waits for whom: every waiting session below the one it waits for, from those that wait for nobody.

    depth 0 is such a session; chain holds the process ids from it down. Two that wait for each
    other are left to the server.
    """
    rows = await database.fetch(LIST_BLOCKED)
    return [ListBlockedRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListLongTransactionsRow:
    """A row of ListLongTransactions."""

    pid: int
    application_name: str | None
    role_name: str | None
    state: str | None
    started_at: datetime.datetime
    query_text: str | None


async def list_long_transactions(
    database: Database,
    /,
    *,
    longer_than: datetime.timedelta,
) -> list[ListLongTransactionsRow]:
    """The transactions of this database that have been open for longer than a time, oldest first: they keep vacuum from its work, and partitions from being detached."""
    rows = await database.fetch(LIST_LONG_TRANSACTIONS, longer_than)
    return [ListLongTransactionsRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class ListInvalidIndexesRow:
    """A row of ListInvalidIndexes."""

    table_name: str
    index_name: str
    index_bytes: int


async def list_invalid_indexes(database: Database, /) -> list[ListInvalidIndexesRow]:
    """The indexes that a broken off CREATE INDEX CONCURRENTLY left behind: none, if all is well.

    They cost writes and serve nobody.
    """
    rows = await database.fetch(LIST_INVALID_INDEXES)
    return [ListInvalidIndexesRow(*row) for row in rows]
