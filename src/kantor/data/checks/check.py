"""A check: an expectation with everything that a person reads about it.

That is a short name (the key in reports and on the command line), a sentence, and what is
expected. Importing this module imports great_expectations.
"""

from __future__ import annotations

from typing import Any

import great_expectations.expectations as gxe

Suite = list[Any]


def check(
    kind: type[Any],
    name: str,
    sentence: str,
    expected: str,
    told: dict[str, str] | None = None,
    **arguments: object,
) -> Any:
    """An expectation that carries its short name, its sentence and its expectation in words.

    What `told` may hold: `shown`, how an unexpected value is put into words, and `figure`,
    "max" or "min" where the number to watch is the column's greatest or least.
    """
    meta = {"check": name, "sentence": sentence, "expected": expected, **(told or {})}
    return kind(description=f"{sentence}: {expected}.", meta=meta, **arguments)


def at_least_one(name: str, sentence: str) -> Any:
    """Expect a table to have a row."""
    return check(gxe.ExpectTableRowCountToBeBetween, name, sentence, "at least 1", min_value=1)
