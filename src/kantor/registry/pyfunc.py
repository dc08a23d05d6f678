"""A version as MLflow calls it: music files or arrays in, the same out, one row a piece.

A row holds either ``music``, a file's bytes in Base64, or the fields of
`kantor.music.conditioning.Conditioning` as nested lists. Music comes back in the format that it was
sent in, arrays as arrays; what is given is unchanged. Neither needs TensorFlow.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kantor.compose import outputs
from kantor.compose.composer import Request, compose
from kantor.compose.from_file import from_file
from kantor.compose.plan import Plan, parse_lines
from kantor.errors import InputError, ModelError
from kantor.formats import reading
from kantor.formats.parsed import Limits
from kantor.music.conditioning import Conditioning, stack
from kantor.music.score import REST, Score
from kantor.registry.loaded import TYPES, LoadedModel, example, load_folder, sampling_parameters

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.exceptions import MlflowException
    from mlflow.models import ModelSignature

MUSIC, SEED, GIVEN = "music", "seed", "given"
FIELDS = tuple(field.name for field in fields(Conditioning))
"""Of a row without music; ``(time, line)``, ``(time, 2)`` and ``(time,)`` as nested lists."""

REQUIRED = tuple(name for name in FIELDS if name != "tonic")
_EXPECTED = f"expected {MUSIC}, a file's bytes in Base64, or all of {', '.join(REQUIRED)}"


class Pyfunc:
    """What MLflow makes of a version's files."""

    def __init__(self, model: LoadedModel) -> None:
        self.model = model

    def predict(
        self, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> pd.DataFrame:
        """Compose for each row.

        Parameters
        ----------
        model_input : DataFrame
            ``music`` or the `FIELDS`, and ``seed``, 0 where there is none.
        params : dict, optional
            Sampling parameters; and ``given``, the voices that are read from music, separated by
            commas. Empty is the one that leads.

        Returns
        -------
        DataFrame
            For music ``music`` (Base64), ``format`` (``mid`` or ``musicxml``) and ``messages``,
            what was done to the notes. For arrays ``pitches`` and ``onsets``, ``(time, line)``.

        Raises
        ------
        MlflowException
            With one line, which MLflow's server answers with code 400.
        """
        import pandas as pd

        sampling = dict(params or {})
        given = str(sampling.pop(GIVEN, ""))
        rows = [
            {str(name): value for name, value in row.items() if _is_there(value)}
            for row in model_input.to_dict("records")
        ]
        try:
            if not rows:
                raise InputError(f"no piece: {_EXPECTED}")
            if all(MUSIC in row for row in rows):
                return pd.DataFrame(self._music(rows, given, sampling))
            return pd.DataFrame([self._arrays(row, sampling) for row in rows])
        except (InputError, ModelError) as error:
            raise _refusal(str(error)) from error

    def _music(
        self, rows: Sequence[Mapping[str, Any]], given: str, sampling: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        ensemble = self.model.ensemble
        lines = parse_lines(given, ensemble) if given else frozenset({ensemble.leads})
        plan = Plan(lines, ensemble=ensemble)
        requests = [_request(row[MUSIC], plan) for row in rows]
        seeds = [int(row.get(SEED, 0)) for row in rows]
        takes = compose(requests, self.model, seeds, sampling=sampling)
        return [_answer(request, take) for request, (take,) in zip(requests, takes, strict=True)]

    def _arrays(self, row: Mapping[str, Any], sampling: Mapping[str, Any]) -> dict[str, Any]:
        for name in REQUIRED:
            if name not in row:
                raise InputError(f"a row without {name}: {_EXPECTED}")
        try:
            # Numbers out of range are refused of lists, and wrapped of arrays.
            lists: dict[str, Any] = {
                name: np.asarray(row[name]).tolist() for name in FIELDS if name in row
            }
            given = stack([Conditioning(**lists)])
        except InputError:
            raise
        except (ValueError, TypeError, OverflowError) as error:
            raise InputError(f"not arrays of a piece: {error}") from None
        pitches, onsets = self.model(given, np.array([row.get(SEED, 0)], np.int64), **sampling)
        return {"pitches": pitches[0].tolist(), "onsets": onsets[0].tolist()}


def _load_pyfunc(path: str) -> Pyfunc:
    """What MLflow calls with the generator's folder."""
    return Pyfunc(replace(load_folder(Path(path), path), source="this model"))


def signature(model: LoadedModel) -> ModelSignature:
    """The signature of a model: music or arrays, and its own sampling parameters."""
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import Array

    numbers, flags = Array(Array("long")), Array(Array("boolean"))
    arrays = [
        ColSpec(numbers, "pitches", required=False),
        ColSpec(flags, "onsets", required=False),
    ]
    music = ColSpec("string", MUSIC, required=False)
    taken = [
        music,
        *arrays,
        ColSpec(flags, "mask", required=False),
        ColSpec(numbers, "bars", required=False),
        ColSpec(Array("double"), "fermatas", required=False),
        ColSpec("long", "major_tonic", required=False),
        ColSpec("long", "tonic", required=False),
        ColSpec("long", SEED, required=False),
    ]
    made = [
        music,
        ColSpec("string", "format", required=False),
        ColSpec(Array("string"), "messages", required=False),
        *arrays,
    ]
    params = [
        ParamSpec(name, TYPES[type(default)], default)
        for name, default in sampling_parameters(model.generator.compose).items()
    ]
    params.append(ParamSpec(GIVEN, "string", ""))
    return ModelSignature(Schema(taken), Schema(made), ParamSchema(params))


def music_example(model: LoadedModel) -> list[dict[str, Any]]:
    """A request for one piece, as JSON: a melody of two bars in a MIDI file."""
    given, ensemble = example(model.ensemble), model.ensemble
    pitches = np.where(given.mask[0], given.pitches[0], REST)
    score = Score(pitches, given.onsets[0] & given.mask[0], ensemble=ensemble)
    return [{MUSIC: _encoded(score, "mid"), SEED: 0}]


def array_row(given: Conditioning, seed: int = 0) -> dict[str, Any]:
    """The row for one piece ``(time, …)`` that is given as arrays."""
    return {**{name: getattr(given, name).tolist() for name in FIELDS}, SEED: seed}


def _is_there(value: object) -> bool:
    """Whether a cell of a table holds something: pandas fills others with None or NaN."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _request(music: object, plan: Plan) -> Request:
    if not isinstance(music, str):
        raise InputError(f'{MUSIC}: not a text; send rows, such as [{{"{MUSIC}": "TVRo…"}}]')
    try:
        data = base64.b64decode("".join(music.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InputError(f"{MUSIC}: not Base64; send a file's bytes in it") from None
    try:
        return from_file(reading.parse(data, Limits()), plan)
    except InputError as error:
        raise InputError(f"{MUSIC}: {error}") from None


def _answer(request: Request, take: Score) -> dict[str, Any]:
    kind = "mid" if request.kind == "midi" else "musicxml"
    return {
        MUSIC: _encoded(take, kind),
        "format": kind,
        "messages": list(request.messages),
    }


def _encoded(score: Score, kind: str) -> str:
    with tempfile.TemporaryDirectory(prefix="kantor-") as folder:
        path = Path(folder) / f"take.{kind}"
        outputs.write(score, path, kind)
        return base64.b64encode(path.read_bytes()).decode("ascii")


def _refusal(fault: str) -> MlflowException:
    """An error that MLflow's server answers as it stands, without the data before it."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import BAD_REQUEST

    class Refusal(MlflowException):  # type: ignore[misc]  # it carries no types
        def serialize_as_json(self) -> str:
            return json.dumps({"error_code": self.error_code, "message": fault})

    return Refusal(fault, error_code=BAD_REQUEST)
