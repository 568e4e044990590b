"""What a first request needs, made once however often and however many instances start."""

from __future__ import annotations

import os
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING

import click

from gateway import Actor
from gateway.errors import Away, Taken

if TYPE_CHECKING:
    from gateway import Store

_ME = Actor("system", "first-steps")
_TRY = """\
export KEY={key}
curl {here}/v1/chat/completions -H "Authorization: Bearer $KEY" \\
    -d '{{"model": "echo", "messages": [{{"role": "user", "content": "Hello there"}}]}}'
curl {here}/admin/keys -H "Authorization: Bearer $KEY" -d '{{"name": "me", "requests_per_minute": 9}}'
curl {here}/admin/spend/gateway/00000000-0000-0000-0000-000000000000 -H "Authorization: Bearer $KEY"
"""


async def first_steps(store: Store, here: str, *, demo: bool) -> None:
    """Waits for the database, sees that there is a management key and for a `demo` a model, and says how to go on."""
    while True:
        await store.link.until_ready()
        with suppress(Away):  # as soon as it is back, once more
            key = await _management_key(store)
            if demo:
                await _model(store)
            await store.routing.refresh()
            click.echo(_TRY.format(here=here, key=key))
            return


async def _management_key(store: Store) -> str:
    """What stands for the key in a shell: itself the one time that it is made here, never one that was brought."""
    given = os.environ.get("GATEWAY_ADMIN_KEY")
    with suppress(Taken):
        issued = await store.keys.create("admin", by=_ME, secret=given, kind="management")
        if not given:
            return f"{issued.secret}  # it manages the gateway, and is shown this once"
    return "$GATEWAY_ADMIN_KEY" if given else "...  # as it was shown at the first start"


async def _model(store: Store) -> None:
    with suppress(Taken):
        credential = await store.credentials.create("fake", "sk-fake", provider="fake", by=_ME)
        await store.models.create(
            "echo",
            provider="fake",
            by=_ME,
            credential_id=credential.id,
            prompt_token_price=Decimal("0.0000015"),
            completion_token_price=Decimal("0.000006"),
        )
