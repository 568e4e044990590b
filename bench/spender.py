"""A process that records spend until it is killed, and writes down the id of each record that it was promised.

python bench/spender.py URL SPOOL FILE
"""

from __future__ import annotations

import asyncio
import datetime as dt
import sys
import uuid
from decimal import Decimal
from pathlib import Path

from gateway import Options, SpendRecord, setup_database


async def main(url: str, spool: Path, kept: Path) -> None:
    """Records in small portions, so that flushes run all the while."""
    options = Options(within=60, spool=spool, flush_every=0.01, flush_rows=100)
    async with await setup_database(url, options) as store:
        with kept.open("a", buffering=1) as promised:
            while True:
                for _ in range(20):
                    request = uuid.uuid4()
                    store.spend.record(
                        SpendRecord(
                            started_at=dt.datetime.now(dt.UTC),
                            request_id=request,
                            model_name="small",
                            endpoint="/v1/chat",
                            status="success",
                            duration_ms=9,
                            cost=Decimal("0.0000015"),
                        )
                    )
                    promised.write(f"{request}\n")
                await asyncio.sleep(0.002)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
