"""PostgreSQL's own analyzed query, as values: a reader of `pg_node_tree`.

The format is that of src/backend/nodes/outfuncs.c and read.c: {TAG :field value …}, (lists), tokens with backslashes.
It changes a little with each major version, so a field that is not there reads as nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN = re.compile(r"[(){}]|(?:\\.|[^\s(){}\\])+", re.DOTALL)
_NOTHING = "<>"
CASTS = frozenset({"RELABELTYPE", "COERCEVIAIO", "ARRAYCOERCEEXPR", "COERCETODOMAIN", "COLLATEEXPR"})
CALLS = ("funcid", "opfuncid", "aggfnoid", "winfnoid")
"""The fields that name a function."""
# What PostgreSQL's equal() leaves out, too: where an expression stood, and how it was spelled.
_SPELLING = frozenset(
    {
        *("location", "stmt_location", "stmt_len", "list_start", "list_end", "rexpr_list_start"),
        *("funcformat", "relabelformat", "coerceformat", "convertformat", "coercionformat", "row_format"),
        *("varnosyn", "varattnosyn"),
    }
)


class Node(NamedTuple):
    """A node of the tree: its tag in upper case, and its fields, each a list of what stands between two names."""

    tag: str
    fields: dict[str, list[Value]]

    def node(self, field: str) -> Node | None:
        """The node in a field, if there is one."""
        value = self.fields.get(field) or [""]
        return value[0] if isinstance(value[0], Node) else None

    def nodes(self, field: str) -> list[Node]:
        """The nodes of a list; those in lists within it, too."""
        return list(_nodes(self.fields.get(field) or []))

    def items(self, field: str) -> list[Value]:
        """What a list holds."""
        value = self.fields.get(field) or [""]
        return value[0] if isinstance(value[0], list) else []

    def text(self, field: str) -> str:
        """The token of a field without its backslashes; empty if it is not there."""
        value = self.fields.get(field) or [""]
        return "" if value[0] == _NOTHING or not isinstance(value[0], str) else plain(value[0])

    def number(self, field: str) -> int:
        """The number in a field; 0 if it is not there."""
        text = self.text(field)
        return int(text) if text.lstrip("-").isdigit() else 0

    def numbers(self, field: str) -> list[int]:
        """The numbers of a list of integers or object ids, or of a set of bits."""
        return [int(item) for item in self.items(field) if isinstance(item, str) and item.isdigit()]

    def names(self, field: str) -> list[str]:
        """The strings of a list."""
        return [plain(item)[1:-1] for item in self.items(field) if isinstance(item, str)]

    def flag(self, field: str) -> bool:
        """Whether the field says true."""
        return self.text(field) == "true"


Value = Node | list["Value"] | str


def plain(word: str) -> str:
    """A word without the backslashes that guard its characters; `""` stands for an empty one."""
    if "\\" not in word:
        return "" if word == '""' else word
    return re.sub(r"\\(.)", r"\1", word, flags=re.DOTALL)


def read_tree(text: str) -> Node | None:
    """The first node of a text in `pg_node_tree` format."""
    top: list[Value] = []
    stack: list[list[Value]] = [top]
    for word in _TOKEN.findall(text):
        if word in "({":
            stack.append([])
        elif word == ")":
            done = stack.pop()
            stack[-1].append(done)
        elif word == "}":
            node = _node(stack.pop())
            stack[-1].append(node)
        else:
            stack[-1].append(word)
    return next(_nodes(top), None)


def _node(parts: list[Value]) -> Node:
    fields: dict[str, list[Value]] = {}
    current: list[Value] = []
    for part in parts[1:]:
        if isinstance(part, str) and part[0] == ":" and len(part) > 1:
            current = fields.setdefault(part[1:], [])
        else:
            current.append(part)
    return Node(str(parts[0]), fields)


def _nodes(values: list[Value]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list):
            yield from _nodes(value)


def walk(node: Node) -> Iterator[Node]:
    """A node and all nodes below it, in the order of the text."""
    waiting: list[Value] = [node]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Node):
            yield value
            for values in reversed(value.fields.values()):
                waiting += reversed(values)
        elif isinstance(value, list):
            waiting += reversed(value)


def key(value: Value | None) -> object:
    """A node as something to compare: two nodes with one key are the same expression, wherever and however written."""
    match value:
        case Node(tag, fields):
            return tag, tuple((name, key(each)) for name, each in fields.items() if name not in _SPELLING)
        case list():
            return tuple(key(each) for each in value)
        case _:
            return value
