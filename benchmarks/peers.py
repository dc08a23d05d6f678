"""Kantor among its peers: the same held-out sopranos, set by each of them, in one table.

Beside Bach and Kantor: chords counted in the training split (`viterbi`), another chorale's lower
voices (`shuffled`), and the workshop's network, where a trained one is named. What is drawn by
chance is drawn once for each seed, and its figures are means over the seeds.

The first row is the share of the lower voices' cells that sound, in per cent; the next five are
metrics of `kantor.metrics.musical` and their overlap with Bach's (his own is that of the training
split with this one); the others those of `harmony.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import harness
import numpy as np
import viterbi
from harmony import figures

from kantor.data import corpus
from kantor.metrics.baselines import shuffled
from kantor.music.score import REST, Score
from kantor.registry import load_model
from kantor.report.bodies import Bodies, compare
from kantor.report.comparing import overlaps
from kantor.report.composing import compose

METRICS = ("triad_or_seventh", "complete_triads", "semitone_clash", "crossing")
Peer = Callable[[int], list[Score]]
"""Sets every soprano, given a seed."""


def rows(made: list[Score], real: list[Score]) -> dict[str, float]:
    """Every row of one setting of each soprano."""
    compared = compare(Bodies(made, real, {}, []))
    sounds = np.concatenate([score.pitches[:, 1:] != REST for score in made])
    return {
        "sounding": 100 * float(sounds.mean()),
        "overlap": overlaps(compared)["generated"],
        **{name: compared[name].generated for name in METRICS},
        **figures(made, real),
    }


def settings(
    pieces: corpus.Corpus, split: str, seeds: int, models: dict[str, str]
) -> Iterator[tuple[str, dict[str, float]]]:
    """The name of each peer, and its rows."""
    real, training = (
        [piece.score for piece in pieces if piece.split == one] for one in (split, "train")
    )
    shared = overlaps(compare(Bodies(training, real, {}, [])))["generated"]
    yield "Bach", rows(real, real) | {"overlap": shared}

    def composer(name: str) -> Peer:
        model, count = load_model(name), len(real)
        return lambda seed: compose(model, real, [1000 * seed + row for row in range(count)])

    peers = {label: composer(name) for label, name in models.items()}
    peers["shuffled"] = lambda seed: shuffled(real, np.random.default_rng(seed))
    for label, peer in peers.items():
        each = [rows(peer(seed), real) for seed in range(seeds)]
        yield label, {name: float(np.mean([one[name] for one in each])) for name in each[0]}
    yield "viterbi", rows(viterbi.harmonise(real, training), real)


def main() -> int:
    """Print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("--kantor", default="champion", help="alias, number, folder or file")
    parser.add_argument("--workshop", help="the same, for a model of the preset unet")
    parser.add_argument("--split", choices=["valid", "test"], default="valid")
    parser.add_argument("--seeds", type=harness.positive, default=3)
    parser.add_argument("--scores", type=Path, default=Path("build/scores.npz"))
    asked = parser.parse_args()
    named = {"Kantor": asked.kantor, "workshop": asked.workshop}
    models = {label: name for label, name in named.items() if name}
    found = dict(settings(corpus.load(asked.scores), asked.split, asked.seeds, models))
    names = next(iter(found.values()))
    cells = [(name, *(f"{one[name]:.3f}" for one in found.values())) for name in names]
    print(f"{asked.split} split, seeds 0 to {asked.seeds - 1}\n")
    print(harness.table(("", *found), cells))
    return 0


if __name__ == "__main__":
    harness.main(main, "peers")
