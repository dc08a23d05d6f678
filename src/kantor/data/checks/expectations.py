"""Checks: expectations with what a person reads about them, and expectations on music.

A check is an expectation of great_expectations with a short name (the key in reports), a sentence,
and what is expected in words. Expectations that the library does not bring are defined here: keys,
meters, lines, splits. Each class registers itself under its own name, which the pages show. The
metrics work on pandas only, which is all that Kantor feeds them.

Importing this module imports great_expectations, which takes three seconds.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import great_expectations.expectations as gxe
import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
)
from great_expectations.expectations.metrics.map_metric_provider import (
    ColumnMapMetricProvider,
    ColumnPairMapMetricProvider,
    column_condition_partial,
    column_pair_condition_partial,
)

from kantor.errors import InputError
from kantor.music.score import Meter

Check = Any
"""An expectation of great_expectations, whose types are not checked."""

_KEY = re.compile(r"[A-G][#b]? (major|minor)")


def check(
    kind: type[Any],
    name: str,
    sentence: str,
    expected: str,
    meta: dict[str, str] | None = None,
    **arguments: Any,
) -> Check:
    """An expectation that carries its short name, its sentence and its expectation in words.

    What `meta` may hold: `shown`, how an unexpected value is put into words, and `figure`,
    "max" or "min" where the number to watch is the column's greatest or least.
    """
    words = {"check": name, "sentence": sentence, "expected": expected, **(meta or {})}
    return kind(description=f"{sentence}: {expected}.", meta=words, **arguments)


def between(name: str, sentence: str, expected: str, column: str, **arguments: Any) -> Check:
    """Expect each value of a column to lie between `min_value` and `max_value`."""
    kind = gxe.ExpectColumnValuesToBeBetween
    return check(kind, name, sentence, expected, column=column, **arguments)


def among(
    name: str, sentence: str, expected: str, column: str, values: list[Any], **arguments: Any
) -> Check:
    """Expect each value of a column to be one of `values`."""
    kind = gxe.ExpectColumnValuesToBeInSet
    return check(kind, name, sentence, expected, column=column, value_set=values, **arguments)


def unique(name: str, sentence: str, expected: str, column: str) -> Check:
    """Expect no value of a column twice."""
    kind = gxe.ExpectColumnValuesToBeUnique
    return check(kind, name, sentence, expected, {"shown": ""}, column=column)


def at_least_one(name: str, sentence: str) -> Check:
    """Expect a table to have a row."""
    return check(gxe.ExpectTableRowCountToBeBetween, name, sentence, "at least 1", min_value=1)


def is_key(text: object) -> bool:
    """Whether `text` is a key's name as `kantor.music.score.Key.name` writes it."""
    return _KEY.fullmatch(str(text)) is not None


def is_meter(text: object) -> bool:
    """Whether `text` is a time signature that `kantor.music.score.Meter` accepts."""
    try:
        Meter.parse(str(text))
    except InputError:
        return False
    return True


class ColumnValuesAreKeys(ColumnMapMetricProvider):  # type: ignore[misc]
    """Which values name a key."""

    condition_metric_name = "column_values.kantor_key"

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series[Any], **kwargs: object) -> pd.Series[bool]:
        return column.map(is_key).astype(bool)


class ColumnValuesAreMeters(ColumnMapMetricProvider):  # type: ignore[misc]
    """Which values are time signatures."""

    condition_metric_name = "column_values.kantor_meter"

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series[Any], **kwargs: object) -> pd.Series[bool]:
        return column.map(is_meter).astype(bool)


class ColumnPairValuesInOneGroup(ColumnPairMapMetricProvider):  # type: ignore[misc]
    """Which rows have a value of A that stands beside one single value of B in the whole table."""

    condition_metric_name = "column_pair_values.kantor_one_group"

    @column_pair_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(
        cls, column_A: pd.Series[Any], column_B: pd.Series[Any], **kwargs: object
    ) -> pd.Series[bool]:
        return column_B.groupby(column_A).transform("nunique") == 1


class ColumnValuesInCompass(ColumnMapMetricProvider):  # type: ignore[misc]
    """Which values, "<lowest> to <highest> pitch", lie from `low` to `high`."""

    condition_metric_name = "column_values.kantor_compass"
    condition_value_keys = ("low", "high")

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series[Any], low: int, high: int, **kw: object) -> pd.Series[bool]:
        ends = column.str.split(" to ", expand=True).astype(int)
        return (ends[0] >= low) & (ends[1] <= high)


class ExpectKnownKey(ColumnMapExpectation):  # type: ignore[misc]
    """Expect every piece to name its key, such as "F# minor"."""

    map_metric: ClassVar[str] = "column_values.kantor_key"


class ExpectKnownMeter(ColumnMapExpectation):  # type: ignore[misc]
    """Expect every piece to name its meter, such as "3/4"."""

    map_metric: ClassVar[str] = "column_values.kantor_meter"


class ExpectContentInOneSplit(ColumnPairMapExpectation):  # type: ignore[misc]
    """Expect the same content (column A) never to stand in two splits (column B)."""

    ignore_row_if: str = "either_value_is_missing"

    map_metric: ClassVar[str] = "column_pair_values.kantor_one_group"
    success_keys: ClassVar[tuple[str, ...]] = ("ignore_row_if", "mostly")


class ExpectLineInRange(ColumnMapExpectation):  # type: ignore[misc]
    """Expect a line's compass, such as "60 to 72", to lie from `low` to `high`."""

    low: int
    high: int

    map_metric: ClassVar[str] = "column_values.kantor_compass"
    success_keys: ClassVar[tuple[str, ...]] = ("low", "high", "mostly")


class ExpectOnePitchPerLineAndStep(gxe.ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect no line to sound two pitches at once."""

    column: str = "most_pitches"
    max_value: float = 1


class ExpectOnsetsToMatchPitches(gxe.ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect no onset on a rest, and an onset wherever the pitch changes."""

    column: str = "onset_faults"
    max_value: float = 0


class ExpectSilentPadding(gxe.ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect nothing to sound, and no onset, after a window's real steps."""

    column: str = "padding_cells"
    max_value: float = 0


class ExpectPitchDriftBelow(gxe.ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect a line's pitch histogram to lie near that of training (total variation)."""
