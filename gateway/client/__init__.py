# Made by migrate from sql/queries, schema at 0030_index_idle_end_users; do not edit (source a0a66bc1e3bb08aa, text 8f185580bd1c592c)
# fmt: off
# ruff: noqa: A002, E501, E741, ICN001, N803, N815, PLR0913, RUF100, TC003
"""What the modules of this client share."""

import datetime
import decimal
import ipaddress
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

Inet: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address | ipaddress.IPv4Interface | ipaddress.IPv6Interface

JsonValue: TypeAlias = Mapping[str, Any] | Sequence[Any] | str | int | float | bool
"""What a json or jsonb parameter is, where no query says more; None is SQL's NULL."""

Json: TypeAlias = JsonValue | None
"""What a json or jsonb column is: SQL's NULL and JSON's null are both None."""


class Database(Protocol):
    """A connection of asyncpg, in a transaction or not, or a pool."""

    async def execute(self, query: str, /, *args: Any) -> str: ...

    async def executemany(self, command: str, /, args: Any) -> None: ...

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...

    async def fetchval(self, query: str, /, *args: Any) -> Any: ...

    async def copy_records_to_table(
        self,
        table_name: str,
        /,
        *,
        records: Any,
        columns: Any,
        schema_name: Any,
    ) -> str: ...


class Connection(Database, Protocol):
    """A connection of asyncpg; a cursor needs one, as a pool has many."""

    def transaction(self) -> Any: ...

    def cursor(self, query: str, /, *args: Any, prefetch: int) -> Any: ...


async def init(connection: Any) -> None:
    """Teaches a connection the types of this client: `asyncpg.create_pool(…, init=init)`."""
    for name, version in (("json", b""), ("jsonb", b"\x01")):
        await connection.set_type_codec(
            name,
            schema="pg_catalog",
            format="binary",
            encoder=lambda value, version=version: version + json.dumps(value).encode(),
            decoder=lambda data, version=version: json.loads(data[len(version) :]),
        )


@dataclass(frozen=True, slots=True)
class AuditEventsRow:
    """A row of audit_events."""

    occurred_at: datetime.datetime
    id: uuid.UUID
    actor_kind: str
    actor_id: str
    action: str
    object_kind: str
    object_id: str
    before: Json
    after: Json
    reason: str | None
    client_address: Inet | None


@dataclass(frozen=True, slots=True)
class BudgetsRow:
    """A row of budgets."""

    id: uuid.UUID
    entity_kind: str
    entity_id: uuid.UUID
    period: str
    anchor_at: datetime.datetime
    max_amount: decimal.Decimal | None
    soft_amount: decimal.Decimal | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class InstancesRow:
    """A row of instances."""

    id: uuid.UUID
    host: str
    version: str
    schema_version: int
    started_at: datetime.datetime
    last_seen_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class ApiKeysRow:
    """A row of api_keys."""

    id: uuid.UUID
    name: str | None
    hint: str
    kind: str
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Json
    expires_at: datetime.datetime | None
    blocked_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    created_by: str
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class UsersRow:
    """A row of users."""

    id: uuid.UUID
    email: str | None
    name: str | None
    sso_subject: str | None
    role: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Json
    blocked_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class KeyRotationsRow:
    """A row of key_rotations."""

    id: uuid.UUID
    key_id: uuid.UUID
    grace_ends_at: datetime.datetime
    rotated_by: str
    rotated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class OrganizationsRow:
    """A row of organizations."""

    id: uuid.UUID
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Json
    blocked_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class ProjectsRow:
    """A row of projects."""

    id: uuid.UUID
    team_id: uuid.UUID
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Json
    blocked_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class TeamsRow:
    """A row of teams."""

    id: uuid.UUID
    organization_id: uuid.UUID | None
    name: str
    allowed_models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    max_parallel: int | None
    metadata: Json
    blocked_at: datetime.datetime | None
    deleted_at: datetime.datetime | None
    created_at: datetime.datetime
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class SettingsRow:
    """A row of settings."""

    key: str
    value: Json
    version: int
    updated_by: str
    updated_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class ConfigChangesRow:
    """A row of config_changes."""

    revision: int
    object_kind: str
    object_id: str
    operation: str
    changed_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class SpendLogsRow:
    """A row of spend_logs."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    key_id: uuid.UUID | None
    organization_id: uuid.UUID | None
    team_id: uuid.UUID | None
    project_id: uuid.UUID | None
    user_id: uuid.UUID | None
    end_user_id: uuid.UUID | None
    model_id: uuid.UUID | None
    model_name: str
    provider: str
    provider_response_id: str | None
    endpoint: str
    status: str
    error_code: str | None
    cache_hit: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    total_tokens: int | None
    cost: decimal.Decimal
    duration_ms: int
    first_token_ms: int | None
    session_id: str | None
    tags: list[str]
    metadata: Json


@dataclass(frozen=True, slots=True)
class SpendLogPayloadsRow:
    """A row of spend_log_payloads."""

    started_at: datetime.datetime
    request_id: uuid.UUID
    request: Json
    response: Json


@dataclass(frozen=True, slots=True)
class DeadLettersRow:
    """A row of dead_letters."""

    id: int
    flush_id: uuid.UUID
    target: str
    payload: bytes
    sqlstate: str
    error: str
    failed_at: datetime.datetime
