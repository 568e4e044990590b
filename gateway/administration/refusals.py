"""What the database says when it refuses a change, as an error of the store."""

from __future__ import annotations

import asyncpg

from gateway.errors import BadValue, GatewayError, InUse, NotFound, Taken

_TAKEN = {
    "organizations_name_idx": "another organization has this name",
    "teams_name_organization_id_idx": "another team of the organization has this name",
    "projects_name_team_id_idx": "another project of the team has this name",
    "users_email_idx": "another user has this address",
    "users_sso_subject_idx": "another user signs in with this subject",
    "credentials_name_key": "another credential has this name",
    "api_keys_name_place_idx": "another key there has this name",
    "api_key_hashes_pkey": "another key has this secret",
}
_STILL = (
    "is still referenced"  # before PostgreSQL 18 only these words, if it speaks English, tell the one from the other
)
_RULES = {
    "name": "must not be empty",
    "provider": "must not be empty",
    "email": "must be an address, with an @ in it",
    "sso_subject": "must not be empty",
    "external_id": "must have 1 to 256 characters",
    "key": "must be a dotted name such as retention.spend_logs: lower-case letters, digits, _ and dots",
    "role": "must be admin, auditor or member; in a team, admin or member",
    "kind": "must be inference, management or read_only",
    "allowed_models": "must be names, or nothing at all for all models",
    "requests_per_minute": "must be above zero, or nothing for no limit",
    "tokens_per_minute": "must be above zero, or nothing for no limit",
    "max_parallel": "must be above zero, or nothing for no limit",
    "period": "must be hour, day, week, month or total",
    "max_amount": "must not be below zero",
    "soft_amount": "must not be below zero",
    "soft_amount_max_amount": "must not let the warning come after the limit",
    "amounts": "must be named: max_amount, soft_amount or both",
    "weight": "must not be below zero",
    "prompt_token_price": "must not be below zero",
    "completion_token_price": "must not be below zero",
    "cached_token_price": "must not be below zero",
    "target_name": "must not be empty, nor the alias itself",
    "metadata": "must be a JSON object",
    "params": "must be a JSON object",
    "before": "must be a JSON object",
    "after": "must be a JSON object",
}


def refusal(error: BaseException) -> GatewayError | None:
    """The error of the store for what a constraint or a type of the schema refuses; None: it says something else."""
    match error:
        case asyncpg.UniqueViolationError():
            return Taken(_TAKEN.get(error.constraint_name or "") or f"in use already: {error.detail or error}")
        case asyncpg.ForeignKeyViolationError() if _STILL not in (error.detail or ""):
            return NotFound(f"there is no {_subject(error, '_id_fkey').replace('_', ' ')} with this id")
        case asyncpg.ForeignKeyViolationError() | asyncpg.RestrictViolationError():
            return InUse(f"still in use: {error.detail or error}")
        case asyncpg.NotNullViolationError() | asyncpg.CheckViolationError() | asyncpg.DataError():
            return _bad_value(error)
        case _:
            return None


def _bad_value(error: asyncpg.PostgresError) -> BadValue | None:
    match error:
        case asyncpg.NotNullViolationError():
            return BadValue(f"{error.column_name} must not be left empty")
        case asyncpg.CheckViolationError():
            # Without a constraint it is a row for which there is no partition, and no fault of the value.
            return BadValue(_rule(error)) if error.constraint_name else None
        case _:
            return BadValue(f"a value cannot be kept: {error}")


def _rule(error: asyncpg.CheckViolationError) -> str:
    column = _subject(error, "_check")
    rule = _RULES.get(column)
    return f"{column} {rule}" if rule else f"a value breaks the rule {error.constraint_name}"


def _subject(error: asyncpg.PostgresError, suffix: str) -> str:
    """What is left of a constraint's name: the column that it is about."""
    return (error.constraint_name or "").removeprefix(f"{error.table_name}_").removesuffix(suffix)
