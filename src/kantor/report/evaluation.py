"""The stage `evaluate`: compose to every held-out melody, measure, draw, write the page.

Conventions
-----------
Every output depends on the model, the corpus and the settings alone: the same inputs give the
same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kantor.data import corpus as corpora
from kantor.data.corpus import Corpus
from kantor.errors import InputError
from kantor.metrics.baselines import BASELINES
from kantor.metrics.chords import KINDS, chord_counts
from kantor.metrics.distances import line_histograms
from kantor.metrics.lines import notes_per_bar
from kantor.metrics.passages import Figures, Passages
from kantor.music.score import Score
from kantor.report import samples
from kantor.report.comparing import SIDES, WINDOWS, Windows
from kantor.report.composing import (
    MELODY_ONLY,
    Model,
    compose,
    evaluate_tasks,
    melody_mask,
    share_changed,
)
from kantor.report.measuring import DECIMALS, Bodies, measure, rounded
from kantor.report.page import FILM, read_json, write_page, write_text
from kantor.settings import Evaluate

MIN_PIECES = 2  # the shuffled baseline needs another piece


def evaluate(
    model: Model, corpus: Corpus, settings: Evaluate, reports: Path, card: Path
) -> dict[str, Any]:
    """Measure a model on the whole melodies of a split and write everything about it.

    Writes ``metrics.json``, ``windows.csv``, ``plots/*.csv``, ``samples/*``, ``learning.gif`` and
    ``report.html`` into `reports`. Reads there, where they exist, ``training/`` and
    ``validation.json``.

    Parameters
    ----------
    corpus
        All pieces; those of ``settings.split`` are composed anew.
    card
        The model's ``model.json``, shown on the page.

    Returns
    -------
    dict
        What ``metrics.json`` holds: see `kantor.report.measuring.measure`, and ``other_givens``
        (`kantor.report.composing.evaluate_tasks`), empty for a model that does no other task.

    Raises
    ------
    InputError
        If the split has fewer than two pieces.
    ModelError
        If the model changes what is given.
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
    figures = measure(bodies, settings, share_changed(generated, again))
    other_tasks = read_json(card).get("preset") not in MELODY_ONLY
    figures["other_givens"] = (
        rounded(evaluate_tasks(model, real, generated, seeds)) if other_tasks else {}
    )
    write_text(reports / "metrics.json", json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    names = dict(enumerate(piece.id for piece in pieces))
    tables = (bodies.tables[side].rename(index=names, level="piece") for side in SIDES)
    write_text(reports / WINDOWS, Windows(*tables).to_csv())
    write_plots(bodies, reports / "plots")
    picked = samples.pick(pieces, generated, seeds, settings.samples)
    samples.write(picked, reports / "samples")
    write_film(reports)
    write_page(reports, card, picked, bodies.ensemble)
    return figures


def write_film(reports: Path) -> None:
    """``learning.gif``: what the training kept of one melody, drawn; none where it kept nothing."""
    frames = reports / "training" / "frames.npz"
    if not frames.is_file():
        return
    from kantor.formats import animation

    takes = corpora.load(frames)
    labels = [f"iteration {int(take.id):,}" for take in takes]
    scores = [take.score for take in takes]
    animation.write_gif(scores, reports / FILM, labels, melody_mask(scores[0]))


def write_plots(bodies: Bodies, folder: Path) -> None:
    """The tables of chords, notes and pitches that the page draws; see each file's first line."""
    sides = {"generated": bodies.generated, "real": bodies.real}
    lines = bodies.ensemble.names
    shares = {side: line_histograms(scores) for side, scores in sides.items()}
    pitches = pd.DataFrame(
        {f"{line}_{side}": shares[side][at] for at, line in enumerate(lines) for side in SIDES}
    )
    pitches = pitches.fillna(0.0).rename_axis("pitch").reset_index()
    used = np.flatnonzero(pitches.drop(columns="pitch").sum(axis=1))
    chords = {side: chord_shares(scores) for side, scores in sides.items()}
    notes = {side: note_rates(scores) for side, scores in sides.items()}
    tables = {
        "pitches": pitches.iloc[used[0] : used[-1] + 1],
        "chords": pd.DataFrame({"chord": KINDS, **chords}),
        "notes": pd.DataFrame({"voice": lines[: bodies.ensemble.pitched], **notes}),
    }
    for name, table in tables.items():
        text = table.round(DECIMALS).to_csv(index=False, lineterminator="\n")
        write_text(folder / f"{name}.csv", text)


def chord_shares(scores: Sequence[Score]) -> Figures:
    """How often each of `KINDS` stands on a beat on which anything sounds."""
    counts = np.sum([chord_counts(Passages.of(score)) for score in scores], axis=0)
    return np.asarray(counts / max(counts.sum(), 1))


def note_rates(scores: Sequence[Score]) -> Figures:
    """Notes of each pitched line per 16 steps, the mean over the pieces, ``(line,)``."""
    rates = [notes_per_bar(Passages.of(score))[0] for score in scores]
    return np.asarray(np.mean(rates, axis=0))
