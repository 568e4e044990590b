"""What an LLM gateway gets from its database: keys, budgets, spend, limits, models, audit.

`setup_database` migrates, connects and returns a Store, which goes on without the database while that is away;
`connect` does the same without migrating.
"""

from gateway.admission import Asked, Outcome, Request
from gateway.answers import Accepted, Answer, Key, Refusal, Refused, Unknown
from gateway.audit import Actor
from gateway.errors import GatewayError
from gateway.link import State
from gateway.options import Options
from gateway.prices import Prices, cost
from gateway.records import SpendRecord
from gateway.setup import connect, setup_database
from gateway.store import Health, Store

__all__ = [
    "Accepted",
    "Actor",
    "Answer",
    "Asked",
    "GatewayError",
    "Health",
    "Key",
    "Options",
    "Outcome",
    "Prices",
    "Refusal",
    "Refused",
    "Request",
    "SpendRecord",
    "State",
    "Store",
    "Unknown",
    "connect",
    "cost",
    "setup_database",
]
