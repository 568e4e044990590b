"""What a request costs, exactly."""

from __future__ import annotations

import decimal
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.client.models import LoadModelsRow

_PLACES = Decimal("1e-10")  # as numeric(20,10) has them


@dataclass(frozen=True, slots=True)
class Prices:
    """For one token each; None: not known, which costs nothing, but a cached token then costs as any of the prompt."""

    prompt: Decimal | None = None
    completion: Decimal | None = None
    cached: Decimal | None = None


UNKNOWN = Prices()


def cost(
    deployment: LoadModelsRow,
    *,
    prompt_tokens: int,
    completion_tokens: int,
    cached_tokens: int = 0,
    otherwise: Prices = UNKNOWN,
) -> Decimal:
    """What tokens cost at a deployment, to ten places, half a place away from zero as in PostgreSQL.

    `cached_tokens` are part of `prompt_tokens`. `otherwise` are the prices of the list that the gateway brings along,
    for what the deployment has no price of its own.
    """
    prompt = _first(deployment.prompt_token_price, otherwise.prompt, Decimal(0))
    completion = _first(deployment.completion_token_price, otherwise.completion, Decimal(0))
    cached = _first(deployment.cached_token_price, otherwise.cached, prompt)
    cached_tokens = min(cached_tokens, prompt_tokens)
    # More digits than any cost has, whatever the context of the caller is: nothing may be rounded on the way.
    with decimal.localcontext(decimal.Context(prec=60)):
        exact = (prompt_tokens - cached_tokens) * prompt + cached_tokens * cached + completion_tokens * completion
        return exact.quantize(_PLACES, decimal.ROUND_HALF_UP)


def _first(own: Decimal | None, listed: Decimal | None, last: Decimal) -> Decimal:
    if own is not None:
        return own
    return last if listed is None else listed
