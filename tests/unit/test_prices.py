"""A request costs what its tokens cost, to the last place."""

from __future__ import annotations

import decimal
import uuid
from decimal import Decimal
from typing import Any

import pytest

from gateway.client.models import LoadModelsRow
from gateway.configuration.prices import Prices, cost


def deployment(prompt: str | None = None, completion: str | None = None, cached: str | None = None) -> LoadModelsRow:
    return LoadModelsRow(
        id=uuid.uuid4(),
        name="small",
        provider="acme",
        credential_id=None,
        params={},
        weight=1,
        requests_per_minute=None,
        tokens_per_minute=None,
        prompt_token_price=Decimal(prompt) if prompt else None,
        completion_token_price=Decimal(completion) if completion else None,
        cached_token_price=Decimal(cached) if cached else None,
        blocked_at=None,
        version=1,
    )


OWN = deployment("0.0000015", "0.000006", "0.00000015")
PROMPT = deployment("0.0000015")
LISTED = Prices(prompt=Decimal(1), completion=Decimal("0.00000000005"))


@pytest.mark.parametrize(
    ("priced", "tokens", "expected"),
    [
        pytest.param(OWN, {"prompt_tokens": 1_000_000}, "1.5", id="a million that float8 makes 1.4999999999887617"),
        pytest.param(OWN, {"prompt_tokens": 1000, "completion_tokens": 10, "cached_tokens": 400}, "0.00102", id="all"),
        pytest.param(OWN, {"prompt_tokens": 10, "cached_tokens": 400}, "0.0000015", id="more cached than there were"),
        pytest.param(OWN, {"prompt_tokens": 10**18}, "1500000000000", id="more digits than a context has"),
        pytest.param(OWN, {}, "0", id="nothing"),
        pytest.param(deployment(), {"prompt_tokens": 9, "completion_tokens": 9}, "0", id="no price at all"),
        pytest.param(PROMPT, {"prompt_tokens": 10, "cached_tokens": 4}, "0.000015", id="cached as any other"),
        pytest.param(PROMPT, {"prompt_tokens": 2, "otherwise": LISTED}, "0.000003", id="its own before the list's"),
        pytest.param(PROMPT, {"completion_tokens": 1, "otherwise": LISTED}, "0.0000000001", id="half a place, up"),
        pytest.param(PROMPT, {"completion_tokens": 3, "otherwise": LISTED}, "0.0000000002", id="and a half, up"),
        pytest.param(deployment("0"), {"prompt_tokens": 5, "otherwise": LISTED}, "0", id="free is a price"),
    ],
)
def test_a_request_costs_its_tokens_exactly(priced: LoadModelsRow, tokens: dict[str, Any], expected: str) -> None:
    with decimal.localcontext(prec=3):
        exact = cost(priced, **{"prompt_tokens": 0, "completion_tokens": 0} | tokens)

    assert exact == Decimal(expected)
    assert exact.as_tuple().exponent == -10
