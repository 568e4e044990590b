"""What an LLM gateway gets from its database: keys, budgets, spend, limits, models, audit.

`setup_database` migrates, connects and returns a Store, which goes on without the database while that is away;
`connect` does the same without migrating.
"""

from gateway.administration.audit import Actor
from gateway.configuration.prices import Prices, cost
from gateway.errors import GatewayError
from gateway.link import State
from gateway.options import Options
from gateway.requests.access import is_allowed
from gateway.requests.answers import Accepted, Answer, Key, Refusal, Refused, Unknown
from gateway.requests.request import Asked, Outcome, Request
from gateway.setup import connect, setup_database
from gateway.spending.records import SpendRecord
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
    "is_allowed",
    "setup_database",
]
