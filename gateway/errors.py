"""What can go wrong in the store, and what the gateway can do about it."""

from __future__ import annotations

__all__ = [
    "Away",
    "BadRecord",
    "Changed",
    "GatewayError",
    "NotFound",
    "SchemaTooOld",
    "SpoolFull",
    "StaleClient",
    "Taken",
]


class GatewayError(Exception):
    """One failure of the store; the message says what to do."""


class Away(GatewayError):
    """The database cannot be asked at this moment. Try again later, or go on without it."""


class StaleClient(GatewayError):
    """The generated client is not of these queries and this schema: run `migrate generate` and deploy the result."""


class SchemaTooOld(GatewayError):
    """The database has not all the migrations that this build knows: run `migrate up`, or use setup_database."""


class NotFound(GatewayError):
    """What was to be changed is not there, or is deleted."""


class Changed(GatewayError):
    """Somebody else changed it since it was read: read it again and decide anew. Nothing was written."""


class Taken(GatewayError):
    """The name, address or place is in use by another. Nothing was written."""


class BadRecord(GatewayError, ValueError):
    """A spend record with a value that no database could keep: below zero, not finite, without a time zone."""


class SpoolFull(GatewayError):
    """The spool holds as much as it may. The record was not kept: send no more requests until the database is back."""
