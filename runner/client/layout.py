"""How generated code is laid out: on one line if that is short, else one item a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 100


def call(opening: str, items: Sequence[str], closing: str, indent: str = "") -> str:
    """Items between brackets: on one line, or one a line if that would be long."""
    line = f"{opening}{', '.join(items)}{closing}"
    return line if len(indent + line) <= WIDTH and "\n" not in line else tall(opening, items, closing, indent)


def tall(opening: str, items: Sequence[str], closing: str, indent: str = "") -> str:
    inner = "".join(f"{indent}    {item},\n" for item in items)
    return f"{opening}\n{inner}{indent}{closing}"


def escaped(text: str) -> str:
    """A text as it stands between triple quotes."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'{text[:-1]}\\"' if text.endswith('"') else text


def literal(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def dataclass(name: str, title: str, fields: Iterable[tuple[str, str]], *, extra: str = "") -> str:
    """The text of a frozen class with slots; `fields` as name and annotation."""
    lines = [f"    {field}: {annotation}" for field, annotation in fields]
    decorator = f"@dataclass(frozen=True, slots=True{extra})"
    return "\n".join([decorator, f"class {name}:", f'    """{title}"""', "", *lines])
