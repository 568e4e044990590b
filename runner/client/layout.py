"""How generated code is laid out: on one line if that is short, else one item a line."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

WIDTH = 100
_MODULES = ("asyncpg", "datetime", "decimal", "ipaddress", "uuid")
_BUILTINS = ("bool", "bytes", "dict", "float", "int", "list", "object", "str", "tuple")


def call(opening: str, items: Sequence[str], closing: str, indent: str = "") -> str:
    """Items between brackets: on one line, or one a line if that would be long."""
    line = f"{opening}{', '.join(items)}{closing}"
    return line if len(indent + line) <= WIDTH and "\n" not in line else tall(opening, items, closing, indent)


def tall(opening: str, items: Sequence[str], closing: str, indent: str = "") -> str:
    """Items between brackets, one a line."""
    inner = "".join(f"{indent}    {item},\n" for item in items)
    return f"{opening}\n{inner}{indent}{closing}"


def escaped(text: str) -> str:
    """A text as it stands between triple quotes."""
    text = text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return f'{text[:-1]}\\"' if text.endswith('"') else text


def literal(text: str) -> str:
    """A text as Python writes it: what JSON calls a string is one of Python's, too."""
    quoted = json.dumps(text, ensure_ascii=False)
    if '"' in text and "'" not in text:
        quoted = "'" + quoted[1:-1].replace('\\"', '"') + "'"
    return quoted


def dataclass(name: str, title: str, fields: Iterable[tuple[str, str]], *, extra: str = "") -> str:
    """The text of a frozen class with slots; `fields` as name and annotation."""
    named = dict(fields)
    lines = [f"    {field}: {_unhidden(annotation, named)}" for field, annotation in named.items()]
    decorator = f"@dataclass(frozen=True, slots=True{extra})"
    return "\n".join([decorator, f"class {name}:", f'    """{escaped(title)}"""', "", *lines])


def _unhidden(annotation: str, fields: Container[str]) -> str:
    """An annotation whose names no field of the class hides: a column may be called uuid, and be one."""
    for word in set(re.findall(r"(?<![\w.])[a-z]+", annotation)):
        if word in fields and word in (*_MODULES, *_BUILTINS):
            other = f"_{word}" if word in _MODULES else f"builtins.{word}"
            annotation = re.sub(rf"(?<![\w.]){word}\b", other, annotation)
    return annotation


def _import_lines(code: str) -> list[str]:
    """The imports of the modules that a code names; `_uuid` is another name for uuid."""
    names = set(re.findall(rf"(?<![\w.])(_?(?:{'|'.join(_MODULES)})|builtins|_json)\.", code))
    lines = (f"import {name[1:]} as {name}" if name[0] == "_" else f"import {name}" for name in names)
    return sorted(lines, key=lambda line: line.split()[1:])


def import_groups(code: str, names: Sequence[str]) -> list[str]:
    """The lines of the standard library, `names` among them, then those of the driver; an empty group is left out."""
    lines = _import_lines(code)
    groups = (
        [line for line in lines if "asyncpg" not in line] + sorted(names),
        [line for line in lines if "asyncpg" in line],
    )
    return ["\n".join(group) for group in groups if group]
