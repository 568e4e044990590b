"""What has to be done now and then, by every instance or by one of them at a time."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from gateway.client import jobs
from gateway.errors import Away, GatewayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from gateway.link import Link

_log = logging.getLogger("gateway")
_BEAT = 5.0  # seconds
_NEARLY = 0.9  # of its time, a lease is kept: it has ended when the job is due again
_HOLD = 60.0  # seconds after which another instance goes on with the job of one that died
_LOOK_AGAIN = 60.0  # seconds, at most, before another look at a job that somebody else has done
_AFTER_AWAY = 1.0  # seconds
_AFTER_FAILURE = 10.0  # seconds, at most
_WITHIN = 60.0  # seconds for one statement


class Who(Enum):
    """Who does a job."""

    EVERYONE = "everyone"
    ONE = "one"
    """One instance at a time, under a lease, and once in its time however many there are."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done every so many seconds; `work` returns how much there was to do."""

    name: str
    every: float
    work: Callable[[], Awaitable[int]]
    who: Who = Who.ONE


class LeaseLost(GatewayError):
    """Another instance has taken the job over, as this one was silent for too long."""


class Jobs:
    """Does jobs, each in its own rhythm, and says every few seconds that this instance is alive.

    `schema_version` is the highest migration that this build knows. A lease spares work and is no lock: what a job does
    may be broken off, and be done twice at once.
    """

    def __init__(self, link: Link, table: Iterable[Job], *, version: str, schema_version: int) -> None:
        self.instance = uuid.uuid4()
        self._link = link
        self._version = version
        self._schema_version = schema_version
        beat = Job("instance", _BEAT, self._beat, Who.EVERYONE)
        self._jobs = {job.name: job for job in (beat, *table)}

    async def run(self) -> None:
        """Does all jobs, for ever, whenever they are due and the database is there."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs.values():
                group.create_task(self._repeat(job))

    async def do(self, name: str) -> int | None:
        """Does a job now, and returns how much there was to do; None: another instance does it, or did just now.

        Raises Away, and what the job raises.
        """
        job = self._jobs[name]
        if job.who is Who.EVERYONE:
            return await job.work()
        term = await self._acquire(job)
        if term is None:
            return None
        try:
            done = await self._work(job, term)
            await self._renew(job, term, job.every * _NEARLY)  # nobody needs to do it again before
        except BaseException:
            await self._release(job, term)
            raise
        return done

    async def close(self) -> None:
        """Takes this instance off the list. `run` must have ended, and has given back the leases that it held."""
        with suppress(Away):
            async with self._link.connection(_WITHIN) as connection:
                await jobs.remove_instance(connection, id=self.instance)

    async def _repeat(self, job: Job) -> None:
        while True:
            await self._link.until_ready()
            try:
                done = await self.do(job.name)
                pause = job.every if done is not None else min(job.every, _LOOK_AGAIN)
            except Away:
                pause = _AFTER_AWAY
            except Exception:  # noqa: BLE001  # no failure may end a job for good
                _log.exception("the job %s failed; it is tried again", job.name)
                pause = min(job.every, _AFTER_FAILURE)
            await asyncio.sleep(pause * random.uniform(0.95, 1.05))  # noqa: S311  # spreads instances

    async def _work(self, job: Job, term: int) -> int:
        """What the job returns; its lease is kept meanwhile. Raises LeaseLost."""
        work = asyncio.ensure_future(job.work())
        try:
            while not (await asyncio.wait({work}, timeout=_hold(job) / 3))[0]:
                await self._renew(job, term, _hold(job))
        finally:
            work.cancel()
            await asyncio.wait({work})
        return work.result()

    async def _beat(self) -> int:
        async with self._link.connection(_WITHIN) as connection:
            await jobs.beat_instance(
                connection,
                id=self.instance,
                host=f"{socket.gethostname()}:{os.getpid()}",
                version=self._version,
                schema_version=self._schema_version,
            )
        return 1

    async def _acquire(self, job: Job) -> int | None:
        ttl = timedelta(seconds=_hold(job))
        async with self._link.connection(_WITHIN) as connection:
            lease = await jobs.acquire_lease(connection, job=job.name, instance_id=self.instance, ttl=ttl)
        return lease.term if lease else None

    async def _renew(self, job: Job, term: int, seconds: float) -> None:
        ttl = timedelta(seconds=seconds)
        async with self._link.connection(_WITHIN) as connection:
            until = await jobs.renew_lease(connection, job=job.name, instance_id=self.instance, term=term, ttl=ttl)
        if until is None:
            raise LeaseLost(f"another instance has taken over the job {job.name}")

    async def _release(self, job: Job, term: int) -> None:
        with suppress(Exception):  # it ends by itself
            async with self._link.connection(_WITHIN) as connection:
                await jobs.release_lease(connection, job=job.name, instance_id=self.instance, term=term)


def _hold(job: Job) -> float:
    return min(job.every * _NEARLY, _HOLD)
