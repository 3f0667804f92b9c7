"""Checks that a client's program makes, each a function; their outcomes go out as one line of JSON."""

import json
import sys
import traceback
from collections.abc import Callable

_checks: dict[str, Callable[[], None]] = {}

MODELS: dict[str, str] = json.loads(sys.argv[1])
"""The address of each model's server, by the model's name."""


def check(function: Callable[[], None]) -> Callable[[], None]:
    """A check: it fails by raising."""
    _checks[function.__name__] = function
    return function


def run_checks() -> None:
    """Makes every check, and says how each went."""
    outcomes = {}
    for name, function in _checks.items():
        try:
            function()
            outcomes[name] = "ok"
        except Exception:
            outcomes[name] = traceback.format_exc(limit=-3)
    print(json.dumps(outcomes))
