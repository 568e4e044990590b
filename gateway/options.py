"""What a gateway may choose about its store."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The choices, with defaults for a few instances; times are in seconds where the type says no more."""

    within: float = 2.0
    """How long a request, and the start, waits for the database before it goes on without."""
    pool_size: int = 10
    """Connections of this process at most, one more for notices not counted."""
    prepared: bool = True
    """Whether statements are prepared; say no behind a pooler that cannot keep them."""
    direct_url: str | None = field(default=None, repr=False)
    """The database past the pooler, for migrations and notices; None: the same as for everything else."""
    schema: str = "public"
    """Where the gateway's tables are."""
    cached_keys: int = 10_000
    """Keys kept in memory."""
    fresh_for: float = 30.0
    """How long a key in memory is not asked for again, as long as notices of changes arrive."""
    fresh_unheard: float = 1.0
    """The same while no notices arrive."""
    stale_for: float = 600.0
    """How long after it was last read a key in memory goes on while the database is away."""
    spool: Path | None = None
    """Folder on a disk of this machine, shared by its processes, where spend waits to be written; None: in memory
    alone, where it is lost with the process."""
    spool_rows: int = 1_000_000
    """Records that one spool holds at most."""
    flush_every: float = 1.0
    """How long spend waits to be written at most, while the database is there."""
    flush_rows: int = 1_000
    """Records written in one transaction at most."""
    days_ahead: int = 7
    """Days for which partitions exist ahead of time."""
    keep: Mapping[str, timedelta] = field(default_factory=dict)
    """How long rows are kept, by table: spend_logs, spend_log_payloads, daily_rollups, audit_events. One that is not
    named is kept for ever."""
    encryption_keys: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    """32 random bytes for each version of the key to the credentials; the highest version encrypts."""
    version: str = ""
    """Of the gateway, for the list of instances."""

    @property
    def search_path(self) -> str | None:
        """The schema as a setting of a session; None for the default, where the role's own setting leads."""
        if self.schema == "public":
            return None
        return '"' + self.schema.replace('"', '""') + '"'
