"""`params.yaml` as frozen models, and what Kantor takes from the environment."""

from __future__ import annotations

import copy
import difflib
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kantor.errors import SetupError, one_line

# One place for it: nothing that Kantor starts reports home.
QUIET = {
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}


def quiet() -> None:
    """Switch off every package's telemetry, unless the environment says otherwise."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


class Block(BaseModel):
    """A part of `params.yaml`: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


B = TypeVar("B", bound=Block)


class Source(Block):
    """Where scores come from: a folder and how to read it; see `kantor.data.sources`."""

    kind: Literal[
        "jsb",
        "published",
        "folder",
        "multitracks",
        "humdrum",
        "quartets",
        "pop909",
        "table",
        "leadsheets",
    ]
    path: Path


class Split(Block):
    """Shares of the pieces that sources without a split of their own hold out.

    Of a small corpus more are held out, see `kantor.data.splits`.
    """

    valid: float = Field(0.1, ge=0, lt=1)
    test: float = Field(0.1, ge=0, lt=1)
    seed: int = 0


class Windows(Block):
    """Length in steps and distance in bars of the windows cut from each piece."""

    steps: int = Field(32, ge=8, multiple_of=8)
    hop_bars: int = Field(1, ge=1)


class Ingest(Block):
    """Where scores come from, how many processes read them, and how they are split and cut."""

    sources: tuple[Source, ...]
    workers: int = Field(2, ge=1)
    split: Split = Split()
    windows: Windows = Windows()


class DataLimits(Block):
    """Limits of the checks on the data; shares are 0 to 1."""

    min_pieces: dict[Literal["train", "valid", "test"], int]
    min_voice_share: float = Field(ge=0, le=1)
    max_outside_share: float = Field(ge=0, le=1)
    max_rest_share: float = Field(ge=0, le=1)
    max_empty_bar_share: float = Field(ge=0, le=1)
    max_crossing_share: float = Field(ge=0, le=1)
    max_duplicate_share: float = Field(ge=0, le=1)
    min_in_scale: float = Field(ge=0, le=1)
    max_pitch_drift: float = Field(ge=0)


class Validate(DataLimits):
    """Limits for all pieces together, and under `jsb` those for the pieces of this kind alone."""

    jsb: DataLimits | None = None

    def of(self, sources: Sequence[Source]) -> Validate:
        """The limits that data of `sources` must keep: without the chorales, none for them."""
        there = any(source.kind == "jsb" for source in sources)
        return self if there else self.model_copy(update={"jsb": None})


class Evaluate(Block):
    """Which split is harmonised, how many pieces the report lets hear, and by which seed.

    Of many pieces `pieces` are drawn, of long ones excerpts of `bars` bars; None is all. Each is
    harmonised `takes` times: where few pieces are held out, one take each says too little.
    """

    split: Literal["valid", "test"]
    pieces: int | None = Field(None, ge=1)
    bars: int | None = Field(None, ge=2)
    takes: int = Field(1, ge=1)
    samples: int = Field(ge=1)
    seed: int = 0


class Register(Block):
    """What the model and its runs are called in MLflow."""

    model: str = Field("kantor-bach", min_length=1)
    experiment: str = Field("kantor", min_length=1)


class Drift(Block):
    """When the melodies that come in count as unlike those of the training.

    Batches record features in the folder `log`. The flow `drift` compares the `last` of them, if
    there are at least `least`, by the cron `cron`. `thresholds` names a distance per feature, 0
    to 1; beyond any of them in `in_a_row` checks one after another, retraining is asked for.
    """

    log: Path
    cron: str
    last: int = Field(ge=1)
    least: int = Field(ge=1)
    in_a_row: int = Field(ge=1)
    mostly: float = Field(gt=0, le=1)
    thresholds: dict[
        Literal["range", "key", "meter", "density", "pitch_class", "interval"],
        Annotated[float, Field(gt=0, le=1)],
    ]


class Promote(Block):
    """When a challenger takes the champion's place; see docs/promotion.md.

    `margin` is what the `primary` metric must gain; `guarded` names the metrics that must not be
    worse than the champion's, each with what is tolerated; `resamples`, `confidence` and `seed`
    are the bootstrap's.
    """

    mode: Literal["auto", "approve", "never"]
    primary: Literal["overlap"] = "overlap"
    margin: float = Field(ge=0)
    guarded: dict[str, Annotated[float, Field(ge=0)]]
    resamples: int = Field(ge=100, le=100_000)
    confidence: float = Field(gt=0.5, lt=1)
    seed: int = Field(0, ge=0)


PARAMS = "params.yaml"
STYLES = "styles"
"""The folder of a repository that holds its styles: ``NAME.yaml``, and beside it a folder NAME."""


def params_path(root: Path | None = None) -> Path:
    """The file with the parameters of what is made in the folder `root`, the current one if None.

    That is ``styles/NAME.yaml`` for the folder of a style, ``styles/NAME``.
    """
    place = (root or Path.cwd()).absolute()
    path = place.with_suffix(".yaml") if place.parent.name == STYLES else place / PARAMS
    return Path(os.path.relpath(path)) if root is None else path


def repository(root: Path) -> Path:
    """The repository that holds `root`: the folder of a style, or the repository itself."""
    place = root.absolute()
    return place.parent.parent if place.parent.name == STYLES else place


def read_params(path: str | Path | None = None) -> dict[str, object]:
    """The whole of a file of parameters as plain data, of the current folder where None is named.

    A style says what differs from ``params.yaml``: what its file has not is taken from there, key
    by key; an ensemble is taken whole, and its model is called as the style.

    Raises
    ------
    SetupError
        If the file is missing or is not a YAML mapping.
    """
    path = path or params_path()
    values = _read(path)
    folder = Path(path).parent.resolve()
    if folder.name == STYLES:
        base = _read(folder.parent / PARAMS)
        base = _merged(base, {"register": {"model": f"kantor-{Path(path).stem}"}})
        values = {**_merged(base, values), "ensemble": values.get("ensemble", base["ensemble"])}
    return values


def _merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings, the second one's values before the first one's."""
    both = {
        name: _merged(base[name], change)
        if isinstance(change, Mapping) and isinstance(base.get(name), Mapping)
        else change
        for name, change in changes.items()
    }
    return {**base, **both}


@lru_cache(maxsize=32)
def _parsed(text: str) -> Any:
    """A file's text as plain data; many ask for the same few files, which takes long to parse."""
    return yaml.safe_load(text)


def _read(path: str | Path) -> dict[str, Any]:
    try:
        values = copy.deepcopy(_parsed(Path(path).read_text()))
    except FileNotFoundError:
        raise SetupError(f"{path}: not found; run this from the repository's root") from None
    except yaml.YAMLError as error:
        fault = one_line(str(error))
        if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
            fault = f"{error.problem} in line {error.problem_mark.line + 1}"
        raise SetupError(f"{path}: not YAML: {fault}") from None
    if not isinstance(values, dict):
        raise SetupError(f"{path}: expected a mapping of stages to their parameters")
    return values


def load(block: type[B], name: str, path: str | Path | None = None, optional: bool = False) -> B:
    """The block `name` of a file of parameters, checked; see `read_params`.

    `optional`: the defaults will do where there is no such file or no such block.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    path = path or params_path()
    values = {} if optional and not Path(path).exists() else read_params(path)
    return block() if optional and name not in values else checked(block, name, values, path)


def checked(block: type[B], name: str, values: Mapping[str, object], path: str | Path) -> B:
    """The block `name` of what `read_params` found in the file `path`, checked.

    Raises
    ------
    SetupError
        One line that names the file, the key and the fault.
    """
    if name not in values:
        raise SetupError(f"{path}: the block {name!r} is missing")
    try:
        return block.model_validate(values[name])
    except ValidationError as error:
        faults, kinds = error.errors(), ("extra_forbidden", "unexpected_keyword_argument")
        unknown = [fault for fault in faults if fault["type"] in kinds]
        where = [*unknown, *faults][0]["loc"]  # a misspelt key is missing too
        reason = faults[0]["msg"].removeprefix("Value error, ")
        if unknown:
            reason = "no such parameter"
            close = difflib.get_close_matches(str(where[-1]), _known(block, where[:-1]), n=1)
            reason += f"; {close[0]} may be meant" if close else ""
        key = ".".join(str(part) for part in (name, *where))
        raise SetupError(f"{path}: {key}: {reason}") from None


def _known(block: Any, where: Sequence[int | str]) -> list[str]:
    """The parameters that stand at a place in a block."""
    for part in where:
        field = getattr(block, "model_fields", {}).get(part)
        block = field and field.annotation
    return list(getattr(block, "model_fields", getattr(block, "__dataclass_fields__", {})))
