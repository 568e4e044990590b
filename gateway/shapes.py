"""The shapes of the JSON columns that the gateway reads itself; the generated client names them."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["CredentialMetadata", "ModelParams"]


class ModelParams(TypedDict, total=False):
    """How to call the provider of one deployment; nothing secret. What is left out is the provider's default."""

    model: str
    """The provider's own name of the model."""
    base_url: str
    api_version: str
    timeout_seconds: float
    max_retries: int
    headers: dict[str, str]


class CredentialMetadata(TypedDict, total=False):
    """What is not secret about the access to a provider."""

    region: str
    project: str
    account: str
