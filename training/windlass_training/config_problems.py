"""What is wrong with a config file, in this program's own words."""

import difflib
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

RULES = {
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "list_type": "must be a list",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "too_short": "must have {min_length} or more values",
    "too_long": "must have {max_length} values",
}
"""pydantic's kind of error -> the rule that was broken."""
ALTERNATIVES = frozenset({"bool", "int", "float", "str"})
"""The last part of a path where one of several types was wanted."""


def explained(config_type: type[BaseModel], error: ErrorDetails) -> str:
    path, kind = error["loc"], error["type"]
    one_of_several = bool(path) and path[-1] in ALTERNATIVES
    key = ".".join(map(str, path[:-1] if one_of_several else path)) or "the file"
    if kind == "extra_forbidden":
        return unknown_key(key, str(path[-1]), known_keys(config_type, path[:-1]))
    if kind == "missing":
        return f"{key} is missing"
    rule = RULES.get(kind)
    if rule is None:
        return f"{key}: {error['msg'].removeprefix('Value error, ').removesuffix('.')}"
    if one_of_several:
        rule = "must be a number" if "between" in path else "must be a number, text, or true or false"
    return f"{key} {rule.format(**error.get('ctx', {}))}; it is {shown(error['input'])}"


def unknown_key(key: str, name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    meant = f" (did you mean {near[0]}?)" if near else ""
    return f"{key} is an unknown key{meant}; known there are {', '.join(known)}"


def shown(value: Any) -> str:
    """As TOML has it, roughly."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    return repr(value) if isinstance(value, str | int | float | list) else str(value)


def known_keys(section: Any, path: Sequence[int | str]) -> list[str]:
    for part in path:
        if isinstance(section, type) and issubclass(section, BaseModel) and part in section.model_fields:
            section = section.model_fields[str(part)].annotation
        elif get_origin(section) is dict:
            section = get_args(section)[1]
        if get_origin(section) in (Union, UnionType):
            section = next(kind for kind in get_args(section) if kind is not NoneType)
    return list(section.model_fields) if isinstance(section, type) and issubclass(section, BaseModel) else []
