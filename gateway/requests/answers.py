"""What the store answers where a request waits for it: yes, no with the reason, or that it cannot be known now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from gateway.client.keys import AuthorizeKeyRow

if TYPE_CHECKING:
    import uuid

Key: TypeAlias = AuthorizeKeyRow
"""All that a request needs to know of its key, as AuthorizeKey gives it."""


class Refusal(StrEnum):
    """Why a request is refused; the first ones are AuthorizeKey's own words."""

    UNKNOWN_KEY = "unknown_key"
    KEY_DELETED = "key_deleted"
    SECRET_EXPIRED = "secret_expired"  # noqa: S105  # a word, no password
    KEY_EXPIRED = "key_expired"
    KEY_BLOCKED = "key_blocked"
    PROJECT_DELETED = "project_deleted"
    PROJECT_BLOCKED = "project_blocked"
    TEAM_DELETED = "team_deleted"
    TEAM_BLOCKED = "team_blocked"
    ORGANIZATION_DELETED = "organization_deleted"
    ORGANIZATION_BLOCKED = "organization_blocked"
    USER_DELETED = "user_deleted"
    USER_BLOCKED = "user_blocked"
    OVER_BUDGET = "over_budget"
    READ_ONLY_KEY = "read_only_key"
    MODEL_NOT_ALLOWED = "model_not_allowed"
    END_USER_BLOCKED = "end_user_blocked"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_TOKENS = "too_many_tokens"
    TOO_MANY_AT_ONCE = "too_many_at_once"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The key may be used; `age` is how many seconds ago the database said so."""

    key: Key
    age: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """No, and why; `retry_after` seconds may mend it, None: only a change will.

    `key` is None for an unknown one; `request_id` is that of the row in the logs, where the refusal is recorded.
    """

    why: Refusal
    detail: str
    key: Key | None = None
    retry_after: float | None = None
    request_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """It cannot be known now, as the database is away. Never a reason to call a key invalid."""

    reason: str


Answer: TypeAlias = Accepted | Refused | Unknown
