"""The stage `evaluate`: compose to every held-out melody, measure, draw, write the page.

Conventions
-----------
Every output depends on the model, the corpus and the settings alone: the same inputs give the
same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kantor.data import corpus as corpora
from kantor.data.corpus import Corpus
from kantor.errors import InputError
from kantor.metrics.baselines import BASELINES, nearest
from kantor.metrics.chords import KINDS, chord_counts
from kantor.metrics.distances import LONGEST, line_histograms, onset_histograms
from kantor.metrics.lines import notes_per_bar
from kantor.metrics.passages import Figures, Passages
from kantor.music.score import Score
from kantor.report import samples
from kantor.report.bodies import Bodies
from kantor.report.composing import (
    MELODY_ONLY,
    Model,
    compose,
    compose_takes,
    evaluate_tasks,
    held_out,
    melody_mask,
)
from kantor.report.measuring import (
    DECIMALS,
    measure,
    rounded,
    share_changed,
    share_changed_by_melody,
)
from kantor.report.page import FILM, read_json, write_page, write_text
from kantor.report.tables import SIDES, TALLIES, WINDOWS, to_csv
from kantor.settings import Evaluate


def evaluate(
    model: Model, corpus: Corpus, settings: Evaluate, reports: Path, card: Path, data: str = ""
) -> dict[str, Any]:
    """Measure a model on the whole melodies of a split and write everything about it.

    Writes ``metrics.json``, ``headline.json``, ``windows.csv``, ``tallies.csv``, ``plots/*.csv``,
    ``samples/*``, ``learning.gif`` and ``report.html`` into `reports`. Reads there, where they
    exist, ``training/`` and ``validation.json``.

    Parameters
    ----------
    corpus
        All pieces; those of `held_out` are composed anew.
    card
        The model's ``model.json``, shown on the page.
    data
        Credits and licence of the data, for the page.

    Returns
    -------
    dict
        What ``metrics.json`` holds: see `kantor.report.measuring.measure`, and ``other_givens``
        (`kantor.report.composing.evaluate_tasks`), empty for a model that does no other task.

    Raises
    ------
    InputError
        If the split has no piece.
    ModelError
        If the model changes what is given.
    """
    pieces = held_out(corpus, settings)
    if not pieces:
        raise InputError(f"split {settings.split!r}: 0 pieces; see ingest.split in params.yaml")
    real = [piece.score for piece in pieces]
    seeds = [settings.seed + row for row in range(len(real))]
    made = compose_takes(model, real, settings)
    generated = made[: len(real)]
    # Of each piece another seed: the one with which the next piece's melody was composed.
    again = compose(model, real, [seed + 1 for seed in seeds])
    changed = {
        "changed_by_another_seed": share_changed(generated, again),
        "changed_by_another_melody": share_changed_by_melody(generated[1:], again[:-1]),
    }
    naive = {
        name: baseline(real, np.random.default_rng(settings.seed))
        for name, baseline in BASELINES.items()
    }
    training = [piece.score for piece in corpus if piece.split == "train"]
    if training:
        naive["nearest"] = nearest(real, training)
    bodies = Bodies(made, real, naive, training)
    figures = measure(bodies, settings, changed)
    other_tasks = read_json(card).get("preset") not in MELODY_ONLY
    figures["other_givens"] = (
        rounded(evaluate_tasks(model, real, generated, seeds)) if other_tasks else {}
    )
    for name, content in (("metrics", figures), ("headline", headline(figures))):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        write_text(reports / f"{name}.json", f"{text}\n")
    names = dict(enumerate(piece.id for piece in pieces))
    for file, tables in ((WINDOWS, bodies.tables), (TALLIES, bodies.tallies)):
        sides = (tables[side].rename(index=names, level="piece") for side in SIDES)
        write_text(reports / file, to_csv(*sides))
    write_plots(bodies, reports / "plots")
    picked = samples.pick(pieces, generated, seeds, settings.samples)
    samples.write(picked, reports / "samples")
    write_film(reports)
    write_page(reports, card, picked, bodies.ensemble, data)
    return figures


def headline(figures: Mapping[str, Any]) -> dict[str, float | None]:
    """What ``headline.json`` holds: the few figures that DVC shows and compares, a column each.

    Of voices ``parallels`` are fifths and octaves together, ``on_beats`` those from beat to beat,
    ``endings`` the phrases that end on a triad in root position. Of an accompaniment ``better``
    counts the metrics in which it is better than other real parts, of those that ``tell``
    (`kantor.report.beside`). Null is what could not be counted.
    """
    first, beside = figures["headline"], figures["beside"]
    if "parallel_fifths" not in first:
        names = ("triad_or_seventh", "chord_tones", "lead_clash", "bass_on_roots", "same_drums")
        return {
            "overlap": first["overlap"],
            "in_range": first["metrics_in_range"],
            "better": beside["better"],
            "tell": beside["tells"],
        } | {name: first[name] for name in names if name in first}
    ends = figures["phrase_ends"].get("root_position", {})
    parallels = [first.get(f"parallel_{name}") for name in ("fifths", "octaves")]
    shown: dict[str, float | None] = rounded(
        {
            "overlap": first["overlap"],
            "in_range": first["metrics_in_range"],
            "triads": first.get("triad_or_seventh"),
            "endings": ends.get("generated"),
            "clashes": first.get("semitone_clash"),
            "parallels": None if None in parallels else sum(parallels),
            "on_beats": first.get("beat_parallels"),
            "other_key": first.get("other_key"),
        }
    )
    return shown


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
    drums = [f"{line}_{side}" for line in lines[bodies.ensemble.pitched :] for side in SIDES]
    pitches = pitches.drop(columns=drums).fillna(0.0).rename_axis("pitch").reset_index()
    used = np.flatnonzero(pitches.drop(columns="pitch").sum(axis=1))
    chords = {side: chord_shares(scores) for side, scores in sides.items()}
    notes = {side: note_rates(scores) for side, scores in sides.items()}
    tables = {
        "pitches": pitches.iloc[used[0] : used[-1] + 1],
        "chords": pd.DataFrame({"chord": KINDS, **chords}),
        "notes": pd.DataFrame({"voice": lines[: bodies.ensemble.pitched], **notes}),
    }
    if bodies.ensemble.writing == "accompaniment":
        tables["onsets"] = onset_table(sides)
    for name, table in tables.items():
        text = table.round(DECIMALS).to_csv(index=False, lineterminator="\n")
        write_text(folder / f"{name}.csv", text)


def onset_table(sides: Mapping[str, list[Score]]) -> pd.DataFrame:
    """The share of each line's onsets on each place of the bars that are the most in real music."""
    lengths = np.concatenate([score.bar_positions[:, 1] for score in sides["real"]])
    length, names = int(np.bincount(lengths).argmax()), sides["real"][0].ensemble.names
    shares = {
        side: onset_histograms(scores)[:, length * LONGEST :][:, :length]
        for side, scores in sides.items()
    }
    columns = {
        f"{name}_{side}": shares[side][at] for at, name in enumerate(names) for side in SIDES
    }
    return pd.DataFrame(columns).fillna(0.0).rename_axis("place").reset_index()


def chord_shares(scores: Sequence[Score]) -> Figures:
    """How often each of `KINDS` stands on a beat on which anything sounds."""
    counts = np.sum([chord_counts(Passages.of(score)) for score in scores], axis=0)
    return np.asarray(counts / max(counts.sum(), 1))


def note_rates(scores: Sequence[Score]) -> Figures:
    """Notes of each pitched line per 16 steps, the mean over the pieces, ``(line,)``."""
    rates = [notes_per_bar(Passages.of(score))[0] for score in scores]
    return np.asarray(np.mean(rates, axis=0))
