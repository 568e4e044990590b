"""The yardstick: the least that a Python script with asyncpg can do.

bare.py URL FOLDER          connect, read the ledger, hash the files, compare
bare.py URL FOLDER apply    connect, send the one file of the folder in one message
bare.py URL FOLDER race     connect, ask for a lock until it is had, apply what is not in the ledger
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import asyncpg


async def main(url: str, folder: str, mode: str = "compare") -> None:
    connection = await asyncpg.connect(url)
    match mode:
        case "apply":
            await connection.execute(next(Path(folder).iterdir()).read_text())
        case "race":
            await race(connection, folder)
        case _:
            await compare(connection, folder)
    await connection.close()


async def compare(connection: asyncpg.Connection[asyncpg.Record], folder: str) -> None:
    rows = await connection.fetch("SELECT version, checksum FROM _migrations")
    known = {row["version"]: row["checksum"] for row in rows}
    for name in sorted(os.listdir(folder)):
        text = Path(folder, name).read_bytes().rstrip()
        if known.get(int(name.split("_")[0])) != "sha256:" + hashlib.sha256(text).hexdigest():
            sys.exit(f"{name} is not what was applied")


async def race(connection: asyncpg.Connection[asyncpg.Record], folder: str) -> None:
    while not await connection.fetchval("SELECT pg_try_advisory_lock(1)"):  # another process
        await asyncio.sleep(0.1)
    await connection.execute("CREATE TABLE IF NOT EXISTS ledger (name text PRIMARY KEY)")
    known = {row["name"] for row in await connection.fetch("SELECT name FROM ledger")}
    for path in sorted(Path(folder).iterdir()):
        if path.name not in known:
            async with connection.transaction():
                await connection.execute(path.read_text())
                await connection.execute("INSERT INTO ledger VALUES ($1)", path.name)


asyncio.run(main(*sys.argv[1:]))
