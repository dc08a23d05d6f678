"""The stage `evaluate`: compose under every held-out soprano, measure, draw, write the page.

Conventions
-----------
Every output depends on the model, the corpus and the settings alone: the same inputs give the
same bytes.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kantor.data import corpus as corpora
from kantor.data.corpus import Corpus, Piece
from kantor.errors import InputError
from kantor.metrics.baselines import BASELINES
from kantor.metrics.distances import voice_histograms
from kantor.music.score import VOICES, Score
from kantor.report import windows
from kantor.report.composing import Model, compose, share_changed
from kantor.report.distributions import CHORDS, chord_shares, note_rates
from kantor.report.givens import SOPRANO_ONLY, other_givens
from kantor.report.listening import Sample
from kantor.report.measuring import Bodies, measure, rounded
from kantor.report.page import FILM, read_json, write_page, write_text
from kantor.settings import Evaluate

MIN_PIECES = 2  # the shuffled baseline needs another chorale


def evaluate(
    model: Model, corpus: Corpus, settings: Evaluate, reports: Path, card: Path
) -> dict[str, Any]:
    """Measure a model on the whole sopranos of a split and write everything that tells of it.

    Writes ``metrics.json``, ``windows.csv``, ``plots/*.csv``, ``samples/*``, ``learning.gif`` and
    ``report.html`` into `reports`. Reads there, where they exist, ``training/`` and
    ``validation.json``.

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
        What ``metrics.json`` holds: see `kantor.report.measuring.measure`, and ``other_givens``
        (`kantor.report.givens.other_givens`), empty for a model that harmonises sopranos only.

    Raises
    ------
    InputError
        If the split has fewer than two pieces, or the model changes what is given.
    """
    pieces = [piece for piece in corpus if piece.split == settings.split]
    if len(pieces) < MIN_PIECES:
        raise InputError(
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
    can_do_others = read_json(card).get("preset") not in SOPRANO_ONLY
    figures = measure(bodies, settings, share_changed(generated, again))
    figures["other_givens"] = (
        rounded(other_givens(model, real, generated, seeds)) if can_do_others else {}
    )
    _write_json(reports / "metrics.json", figures)
    ids = [piece.id for piece in pieces]
    pair = windows.Windows(windows.table(generated, ids), windows.table(real, ids))
    write_text(reports / windows.NAME, pair.to_csv())
    write_plots(bodies, figures, reports / "plots")
    samples = pick(pieces, generated, seeds, settings.samples)
    write_samples(samples, reports / "samples")
    write_film(reports)
    write_page(reports, card, samples)
    return figures


def write_film(reports: Path) -> None:
    """``learning.gif``: what the training kept of one melody, drawn; none where it kept nothing."""
    frames = reports / "training" / "frames.npz"
    if not frames.is_file():
        return
    from kantor.formats import animation

    takes = corpora.load(frames)
    given = np.zeros(takes[0].score.pitches.shape, bool)
    given[:, 0] = True
    labels = [f"iteration {int(take.id):,}" for take in takes]
    animation.write_gif([take.score for take in takes], reports / FILM, labels, given)


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
    writer.writerows([[rounded(value) for value in row] for row in rows])
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
    from kantor.formats import audio, midi, picture

    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
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
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
