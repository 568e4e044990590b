"""The yardstick: the least that a Python script with asyncpg can do.

bare.py URL FOLDER          connect, read the ledger, hash the files, compare
bare.py URL FOLDER apply    connect, send the one file of the folder in one message
"""

import asyncio
import hashlib
import os
import sys
from pathlib import Path

import asyncpg


async def main(url: str, folder: str, *mode: str) -> None:
    connection = await asyncpg.connect(url)
    if mode == ("apply",):
        await connection.execute(next(Path(folder).iterdir()).read_text())
    else:
        rows = await connection.fetch("SELECT version, checksum FROM _migrations")
        known = {row["version"]: row["checksum"] for row in rows}
        for name in sorted(os.listdir(folder)):
            text = Path(folder, name).read_bytes().rstrip()
            if known.get(int(name.split("_")[0])) != "sha256:" + hashlib.sha256(text).hexdigest():
                sys.exit(f"{name} is not what was applied")
    await connection.close()


asyncio.run(main(*sys.argv[1:]))
