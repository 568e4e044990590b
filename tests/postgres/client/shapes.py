"""The JSON of the tests' schema."""

from typing import NotRequired, TypedDict


class Settings(TypedDict):
    """What an author has set."""

    theme: str
    fonts: NotRequired[list[str]]
