"""Light files: they only make and describe new, empty things, so each takes about a millisecond.

What then costs is the round trips. So some files travel in one message, each with its own BEGIN, lock, look at the
ledger, entry and COMMIT: what `transaction` does in five messages. If anything goes wrong, the file is rolled back and
applied again the careful way, which waits for locks and names the statement that failed (docs/adr/0009).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from runner.ledger.entry import Ledger, State
from runner.ledger.ledger import record_sql, write
from runner.ledger.lock import lock_key, settings_sql
from runner.migrations.migration import Header
from runner.migrations.statements import essence
from runner.server.connect import is_lost
from runner.server.sql import load_sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.ledger.session import Session
    from runner.migrations.migration import Migration
    from runner.migrations.script import Script

LONGEST_TEXT = 8 * 1024
MOST_FILES = 20
_BEGAN = "pg_catalog.current_setting('migrate.began')::timestamptz"
# A table that is filled as it is made, or that goes with the session.
_HEAVY = frozenset({"select", "values", "execute", "temp", "temporary", "pg_temp", "exists"})


def is_light(migration: Migration, script: Script) -> bool:
    """Whether every statement makes or describes something new and empty, and the file asks for nothing special."""
    if migration.header != Header() or len(script.text) > LONGEST_TEXT:
        return False
    tables: set[str] = set()
    return all(_is_light(_tokens(script.sql(each)), tables) for each in script.statements)


def _tokens(sql: str) -> list[str]:
    """Words in lower case; quoted names and everything else as they are."""
    return [token.lower() if token.isidentifier() else token for token in essence(sql)]


def _is_light(tokens: list[str], tables: set[str]) -> bool:
    match tokens:
        case ["create", "table", *rest]:
            tables.add(_name(rest))
            copies = any(after == "as" and before not in ("always", "default") for before, after in pairwise(rest))
            return _HEAVY.isdisjoint(rest) and not copies
        case ["create", "index" | "unique", *rest] if "on" in rest and "concurrently" not in rest:
            return _name(rest[rest.index("on") + 1 :]) in tables
        case ["create", "schema", _]:
            return True
        case ["create", "type" | "domain" | "sequence" | "view" | "function", *rest]:
            return "exists" not in rest and "pg_temp" not in rest
        case ["comment", "on", *_]:
            return True
        case _:
            return False


def _name(tokens: list[str]) -> str:
    """The name that the tokens begin with, with its schema if that is written."""
    return "".join(tokens[:3] if tokens[1:2] == ["."] else tokens[:1])


async def apply_light(
    session: Session, pieces: Sequence[tuple[Migration, Script]], ledger: Ledger, then: str = ""
) -> bool:
    """Whether all of the files are applied, the last with `then` after it; if not, those before the one that failed."""
    import asyncpg

    known = Ledger(ledger)
    last = pieces[-1]
    transactions = [_transaction(session, *piece, known, durability="off") for piece in pieces[:-1]]
    transactions.append(_transaction(session, *last, known, then=then))
    session.listener.began(pieces[0][0])
    try:
        await session.connection.execute("\n".join(transactions))
    except asyncpg.PostgresError as error:
        if is_lost(error):
            raise
        await write(session, "settle")
        return False
    return True


def _transaction(
    session: Session,
    migration: Migration,
    script: Script,
    known: Ledger,
    *,
    durability: str = "DEFAULT",
    then: str = "",
) -> str:
    """One file's transaction. Only the last of a message waits for the disk, and so for all before it."""
    entry = known.entry_for(migration, State.APPLIED, statements_done=script.count, applied_by=session.applied_by)
    as_planned = load_sql("ledger", "last_history", schema=session.schema, history=known.history)
    known.put(entry)
    return load_sql(
        "ledger",
        "light",
        schema=session.schema,
        key=lock_key(session.schema),
        settings=settings_sql(session, migration, scope="LOCAL", brief=True),
        durability=durability,
        text=script.text,
        record=record_sql(session.schema, migration, entry, script.source, began=_BEGAN, condition=as_planned),
        then=f"{then};" if then else "",
    )
