"""Writes the TOML of a config: tables, scalars, lists, and tables without tables inside as inline ones where short."""

import json
import re
from collections.abc import Mapping
from typing import Any

from windlass_training.system import Json

BARE = re.compile(r"[A-Za-z0-9_-]+")
INLINE = frozenset({"gates", "space"})
"""Maps of small tables, a line each."""


def toml_text(values: Json) -> str:
    return "\n".join(lines(values, ())) + "\n"


def lines(values: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    inline = bool(path) and path[-1] in INLINE
    scalars = {name: value for name, value in values.items() if inline or not isinstance(value, dict)}
    written = [f"{key(name)} = {literal(value)}" for name, value in scalars.items()]
    if path and written:
        written = ["", f"[{'.'.join(map(key, path))}]", *written]
    for name, value in values.items():
        if name not in scalars:
            written += lines(value, (*path, name))
    return written


def key(name: str) -> str:
    return name if BARE.fullmatch(name) else json.dumps(name)


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key(name)} = {literal(inner)}" for name, inner in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
