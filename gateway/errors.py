"""What can go wrong in the store, and what the gateway can do about it."""

from __future__ import annotations

__all__ = [
    "Away",
    "BadRecord",
    "BadSecret",
    "BadValue",
    "Changed",
    "GatewayError",
    "InUse",
    "NoEncryptionKey",
    "NotAMember",
    "NotFound",
    "SchemaTooOld",
    "SpoolFull",
    "SpoolUnusable",
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


class InUse(GatewayError):
    """Something still refers to it: change that first. Nothing was written."""


class BadValue(GatewayError, ValueError):
    """A value that the schema does not allow; the message says the rule. Nothing was written."""


class NotAMember(GatewayError):
    """Only members of an organization can be in its teams: put them into it first. Nothing was written."""


class NoEncryptionKey(GatewayError):
    """The key to a secret is not among Options.encryption_keys."""


class BadSecret(GatewayError):
    """A stored secret is not as it was encrypted, stands in another's row, or was encrypted with another key."""


class BadRecord(GatewayError, ValueError):
    """A spend record with a value that no database could keep: below zero, not finite, without a time zone."""


class SpoolFull(GatewayError):
    """The spool holds as much as it may. The record was not kept: send no more requests until the database is back."""


class SpoolUnusable(GatewayError):
    """The spool's folder or file cannot be written or read; the message says which, and why. Nothing was kept."""
