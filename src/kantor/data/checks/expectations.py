"""Expectations on music that great_expectations does not bring: keys, meters, voices, splits.

Importing this module imports great_expectations (three seconds), so `kantor.data.checks.validation`
does it when it runs. Each class registers itself under its own name, which the pages show.
The metrics work on pandas only, which is all that Kantor feeds them.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import pandas as pd
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.core import ExpectColumnValuesToBeBetween
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

_KEY = re.compile(r"[A-G][#b]? (major|minor)")


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


class ExpectVoiceInRange(ColumnMapExpectation):  # type: ignore[misc]
    """Expect a voice's compass, such as "60 to 72", to lie from `low` to `high`."""

    low: int
    high: int

    map_metric: ClassVar[str] = "column_values.kantor_compass"
    success_keys: ClassVar[tuple[str, ...]] = ("low", "high", "mostly")


class ExpectOnePitchPerVoiceAndStep(ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect no voice to sound two pitches at once."""

    column: str = "most_pitches"
    max_value: float = 1


class ExpectOnsetsToMatchPitches(ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect no onset on a rest, and an onset wherever the pitch changes."""

    column: str = "onset_faults"
    max_value: float = 0


class ExpectSilentPadding(ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect nothing to sound, and no onset, after a window's real steps."""

    column: str = "padding_cells"
    max_value: float = 0


class ExpectPitchDriftBelow(ExpectColumnValuesToBeBetween):  # type: ignore[misc]
    """Expect a voice's pitch histogram to lie near that of training (total variation)."""
