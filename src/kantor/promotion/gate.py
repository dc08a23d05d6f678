"""The gate of promotion: all that speaks against a version, each in one line.

The figures are those of the versions' own evaluations. They can be compared only where both were
made on the same pieces: where the real figures are the same in both. What is worse than the
champion's says `kantor.promotion.rule`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kantor.errors import InputError, ModelError, SetupError, one_line
from kantor.hyperparameters import CUT
from kantor.music.score import REST
from kantor.promotion.rule import row_of, worse
from kantor.registry import load_model
from kantor.registry.lineage import DATA, STOPPED, UNKNOWN
from kantor.registry.loaded import LoadedModel, example, fault_of
from kantor.registry.store import Store
from kantor.registry.versions import METRICS, RETIRED, headline, kept
from kantor.settings import Promote

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

TAKES = 4
"""Of the test composition."""


class Refused(ModelError):
    """The gate refuses a move: what is refused, and all reasons, one line each."""

    def __init__(self, what: str, reasons: Sequence[str]) -> None:
        super().__init__(f"{what} refused: {'; '.join(reasons)}")
        self.what = what
        self.reasons = tuple(reasons)


def reasons_against(
    store: Store,
    version: ModelVersion,
    champion: ModelVersion | None,
    rule: Promote,
    root: Path | None = None,
) -> list[str]:
    """Everything that speaks against making `version` the champion; empty if nothing does.

    Its own soundness (`unsound`), a training that was cut, then its figures beside those of the
    `champion`, if any.
    """
    against = unsound(version, root)
    if version.tags.get(STOPPED) == CUT:
        against.append("its training was cut by the clock (train.minutes), not ended by a rule")
    own = _evaluation(store, version)
    missing = [name for name in rule.guarded if name not in own]
    if rule.primary not in headline(store, version):
        missing.insert(0, rule.primary)
    if missing:
        against.append(f"missing evaluation: no figure for {', '.join(missing)}")
    if version.tags.get(DATA, UNKNOWN) == UNKNOWN:
        against.append("data hash unknown: it cannot be said what it was trained on")
    if champion is None or missing:
        return against
    other = _evaluation(store, champion)
    shared = [(name, *own[name], *other[name]) for name in rule.guarded if name in other]
    if any(real != other_real for _, _, real, _, other_real in shared):
        number = champion.version
        return [*against, f"evaluated on other pieces than version {number}: compare them anew"]
    return against + worse([row_of(name, a, b, real, rule) for name, a, real, b, _ in shared])


def _evaluation(store: Store, version: ModelVersion) -> dict[str, tuple[float, float]]:
    """Each figure of a version's evaluation, and the real one, from the file that its run keeps."""
    try:
        measured = json.loads(kept(store, version, METRICS) or "{}")
        entries = measured["metrics"] | measured.get("part_writing", {})
    except (ValueError, LookupError, TypeError):
        return {}
    figures = {name: (entry.get("generated"), entry.get("real")) for name, entry in entries.items()}
    return {name: pair for name, pair in figures.items() if None not in pair}


def unsound(version: ModelVersion, root: Path | None = None) -> list[str]:
    """What makes a version unfit whatever its figures: retired, does not load, does not compose."""
    against = ["retired"] if RETIRED in version.tags else []
    try:
        model = load_model(f"models:/{version.name}/{version.version}", root)
    except (InputError, ModelError, SetupError) as error:
        return [*against, f"does not load: {error}"]
    fault = composing_fault(model)
    return [*against, f"fails its test composition: {fault}"] if fault else against


def composing_fault(model: LoadedModel) -> str | None:
    """What is wrong with two bars composed under a short melody of our own, if anything is.

    In one take a line may rest, but not in all `TAKES`.
    """
    given = example(model.ensemble)
    rests = np.ones(model.ensemble.pitched, bool)
    for seed in range(TAKES):
        try:
            pitches, onsets = model(given, np.full(1, seed, np.int64))
        except Exception as error:  # whatever a broken network raises speaks against it
            return one_line(str(error))
        if fault := fault_of(given, pitches, onsets):
            return fault
        rests &= (pitches == REST).all(axis=(0, 1))[: model.ensemble.pitched]
    silent = [model.ensemble.names[line] for line in np.flatnonzero(rests)]
    return f"silent {', '.join(silent)}" if silent else None
