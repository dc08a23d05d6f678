"""The stage `evaluate`: compose under every held-out soprano, measure, draw, write the page.

Conventions
-----------
Every output depends on the model, the corpus and the settings alone: the same inputs give the
same bytes. Figures are rounded to `DECIMALS`, so that a difference in `dvc metrics diff` is one.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kantor.data.corpus import Corpus, Piece
from kantor.metrics import musical
from kantor.metrics.baselines import BASELINES
from kantor.metrics.distances import voice_histograms
from kantor.metrics.report import HEADLINE
from kantor.music.score import VOICES, Score, ScoreError
from kantor.report.comparing import Comparison, compare, headline, overlaps
from kantor.report.composing import Model, compose, share_changed
from kantor.report.distributions import CHORDS, chord_shares, note_rates
from kantor.report.listening import Sample
from kantor.report.page import write_page, write_text
from kantor.report.tunes import new_tunes
from kantor.settings import Evaluate

DECIMALS = 4
MIN_PIECES = 2  # the shuffled baseline needs another chorale


@dataclass(frozen=True, eq=False)
class Bodies:
    """Four bodies of music on the same sopranos, in the same order."""

    generated: list[Score]
    real: list[Score]
    baselines: dict[str, list[Score]]
    training: list[Score]


def evaluate(
    model: Model, corpus: Corpus, settings: Evaluate, reports: Path, card: Path
) -> dict[str, Any]:
    """Measure a model on the whole sopranos of a split and write everything that tells of it.

    Writes ``metrics.json``, ``plots/*.csv``, ``samples/*`` and ``report.html`` into `reports`,
    and reads there, where they exist, ``training/`` and ``validation.json`` for the page.

    Parameters
    ----------
    model
        As `kantor.report.composing.compose` takes it.
    corpus
        All pieces; those of ``settings.split`` are composed anew.
    card
        The model's ``model.json``, shown on the page.

    Returns
    -------
    dict
        What ``metrics.json`` holds, see `measure`.

    Raises
    ------
    ScoreError
        If the split has fewer than two pieces, or the model changes what is given.
    """
    pieces = [piece for piece in corpus if piece.split == settings.split]
    if len(pieces) < MIN_PIECES:
        raise ScoreError(
            f"split {settings.split!r}: {len(pieces)} pieces; evaluating needs at least "
            f"{MIN_PIECES}, see ingest.split in params.yaml"
        )
    real = [piece.score for piece in pieces]
    seeds = [settings.seed + row for row in range(len(real))]
    generated = compose(model, real, seeds)
    again = compose(model, real, [seed + len(seeds) for seed in seeds])
    naive = {
        name: baseline(real, np.random.default_rng(settings.seed))
        for name, baseline in BASELINES.items()
    }
    training = [piece.score for piece in corpus if piece.split == "train"]
    bodies = Bodies(generated, real, naive, training)
    figures = measure(bodies, settings, share_changed(generated, again))
    _write_json(reports / "metrics.json", figures)
    write_plots(bodies, figures, reports / "plots")
    samples = pick(pieces, generated, seeds, settings.samples)
    write_samples(samples, reports / "samples")
    write_page(reports, card, samples)
    return figures


def measure(bodies: Bodies, settings: Evaluate, changed: float) -> dict[str, Any]:
    """What ``metrics.json`` holds: the headline, every metric, the meters apart, the seeds."""
    table = compare(bodies.generated, bodies.real, bodies.baselines, bodies.training)
    figures = {
        "split": settings.split,
        "pieces": len(bodies.real),
        "seed": settings.seed,
        "headline": headline(table) | {"changed_by_another_seed": changed},
        "metrics": {name: _entry(comparison) for name, comparison in table.items()},
        "overlap": overlaps(table),
        "parts": _parts(bodies),
    }
    rounded: dict[str, Any] = _rounded(figures)
    return rounded


def _parts(bodies: Bodies) -> dict[str, Any]:
    """The headline's metrics where they may differ: in each meter, and where the tune is new."""
    rows: dict[str, list[int]] = {}
    for row, score in enumerate(bodies.real):
        rows.setdefault(str(score.meter), []).append(row)
    new = {"new_tunes": new_tunes(bodies.real, bodies.training)} if bodies.training else {}
    return {name: _part(bodies, part) for name, part in (*sorted(rows.items()), *new.items())}


def _part(bodies: Bodies, rows: Sequence[int]) -> dict[str, Any]:
    figures: dict[str, Any] = {"pieces": len(rows)}
    if not rows:
        return figures
    for side, scores in (("generated", bodies.generated), ("real", bodies.real)):
        means = musical.evaluate_windows([scores[row] for row in rows]).mean()
        figures[side] = {name: float(means[name]) for name in HEADLINE if name in means}
    return figures


def _entry(comparison: Comparison) -> dict[str, Any]:
    return {
        "generated": comparison.generated,
        "real": comparison.real,
        "real_spread": comparison.spread,
        "baseline": dict(comparison.baselines),
        "verdict": comparison.verdict,
    }


def _rounded(value: Any) -> Any:
    """Plain data with rounded figures; what could not be counted (NaN) becomes null."""
    if isinstance(value, Mapping):
        return {str(name): _rounded(part) for name, part in value.items()}
    if isinstance(value, float):
        return round(value, DECIMALS) + 0.0 if math.isfinite(value) else None
    return value


def _write_json(path: Path, figures: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def write_plots(bodies: Bodies, figures: Mapping[str, Any], folder: Path) -> None:
    """The tables that ``dvc plots`` draws; see each file's first line for its columns."""
    rows = [
        [name, entry["generated"], entry["real"], *entry["baseline"].values()]
        for name, entry in figures["metrics"].items()
    ]
    _write_csv(folder / "metrics_compared.csv", ["metric", "generated", "real", *BASELINES], rows)
    generated, real = voice_histograms(bodies.generated), voice_histograms(bodies.real)
    both = np.nan_to_num(np.stack([generated, real], axis=-1))
    used = np.flatnonzero(both.sum(axis=(0, 2)))
    columns = [f"{voice}_{side}" for voice in VOICES for side in ("generated", "real")]
    span = range(int(used.min()), int(used.max()) + 1) if used.size else range(0)
    _write_csv(
        folder / "pitches.csv",
        ["pitch", *columns],
        [[pitch, *both[:, pitch].ravel().tolist()] for pitch in span],
    )
    _write_pairs(folder / "chords.csv", "chord", CHORDS, chord_shares, bodies)
    _write_pairs(folder / "notes.csv", "voice", VOICES, note_rates, bodies)


def _write_pairs(path: Path, first: str, names: Sequence[str], count: Any, bodies: Bodies) -> None:
    values = zip(names, count(bodies.generated), count(bodies.real), strict=True)
    rows = [[name, float(made), float(bach)] for name, made, bach in values]
    _write_csv(path, [first, "generated", "real"], rows)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_rounded(value) for value in row] for row in rows])
    write_text(path, text.getvalue())


def pick(
    pieces: Sequence[Piece], generated: Sequence[Score], seeds: Sequence[int], count: int
) -> list[Sample]:
    """Pieces to show, spread evenly over the split: chosen by place, not by how they came out."""
    count = min(count, len(pieces))
    rows = [len(pieces) * (2 * index + 1) // (2 * count) for index in range(count)]
    return [
        Sample(file_name(pieces[row].id), seeds[row], generated[row], pieces[row].score)
        for row in rows
    ]


def file_name(identity: str) -> str:
    """A piece's id as the name of a file: no folders, nothing that needs quoting."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", identity).strip("-.") or "piece"


def write_samples(samples: Sequence[Sample], folder: Path) -> None:
    """MIDI, sound and picture of each sample, and the real setting's picture to compare.

    The folder is made anew: what another run left there would be shown as this model's.
    """
    from kantor.music import audio, midi, picture

    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for sample in samples:
        given = np.zeros(sample.generated.pitches.shape, bool)
        given[:, 0] = True
        midi.write(sample.generated, fresh / f"{sample.name}.mid")
        audio.write_wav(sample.generated, fresh / f"{sample.name}.wav")
        picture.write_png(sample.generated, fresh / f"{sample.name}.png", given)
        picture.write_png(sample.real, fresh / f"{sample.name}-real.png")
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
