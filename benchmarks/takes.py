"""How well the beats of takes without a click are found: real tunes, played by chance.

``python benchmarks/takes.py`` takes tunes of music21's corpus that were not counted, plays each at
an unknown tempo that sways by 5%, every onset off by chance, and writes it as MIDI that says 120.
Kantor reads that as it reads anybody's file.

Conventions
-----------
*Beat* is the share of takes whose tempo is within 8% and of whose notes at least 90% stand on their
steps, but for a constant shift; *octave*, whose tempo is within 8% of the true one, its double or
its half; *meter*, whose meter is right, 2/4 and 4/4 being the same; *steps*, the mean share of
notes on their steps where the tempo is right.
"""

from __future__ import annotations

import tempfile
import time
from difflib import SequenceMatcher
from pathlib import Path

import harness
import mido
import numpy as np
from rhythms import Tune, corpus

from kantor.compose.from_file import read_request
from kantor.music.score import Meter


def played(one: Tune, path: Path, jitter: float, accents: bool, rng: np.random.Generator) -> float:
    """Write a take of a tune; its tempo, in quarters a minute, is returned."""
    tempo, phase, period = rng.uniform(60, 160), rng.uniform(0, 2 * np.pi), rng.uniform(80, 320)
    first = one.starts[0]
    grid = np.arange(0, one.starts[-1] + one.lengths[-1] - first + 1, 0.25)
    sixteenths = 15 / tempo / (1 + 0.05 * np.sin(phase + 2 * np.pi * grid / period))
    seconds = np.append(0, np.cumsum(sixteenths[:-1] * 0.25))
    onsets = np.interp(one.starts - first, grid, seconds) + rng.normal(0, jitter, len(one.starts))
    onsets = np.maximum.accumulate(onsets - onsets[0] + 0.2 + 1e-3 * np.arange(len(onsets)))
    ends = onsets[0] + np.interp(one.starts + 0.9 * one.lengths - first, grid, seconds)
    ends = np.maximum(np.minimum(ends, np.append(onsets[1:], np.inf)), onsets + 0.01)
    velocities = rng.normal(80, 8, len(onsets)) if accents else np.full(len(onsets), 80.0)
    if accents:
        velocities += 10 * (one.starts % one.meter.bar_steps == 0)
    track, now = mido.MidiTrack(), 0
    sounding = zip(onsets, ends, one.pitches, np.clip(velocities, 1, 127), strict=True)
    events = []
    for on, off, pitch, velocity in sounding:
        events.append((round(on * 960), 1, int(pitch), int(velocity)))
        events.append((round(off * 960), 0, int(pitch), 0))
    for tick, kind, pitch, velocity in sorted(events):
        name = "note_on" if kind else "note_off"
        track.append(mido.Message(name, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=480, tracks=[track])  # 120, as nothing is said
    file.save(path)
    return float(tempo)


def measure(one: Tune, path: Path, tempo: float) -> dict[str, float]:
    """What became of a take."""
    begin = time.perf_counter()
    score = read_request(path).score
    seconds = time.perf_counter() - begin
    found = np.flatnonzero(score.onsets[:, 0])
    heard = (score.pitches[found, 0] % 12).tolist()
    pairs = SequenceMatcher(None, (one.pitches % 12).tolist(), heard, autojunk=False)
    off = [
        found[block.b + index] - int(np.floor(one.starts[block.a + index] + 0.5))
        for block in pairs.get_matching_blocks()
        for index in range(block.size)
    ]
    steps = np.unique(off, return_counts=True)[1].max() / len(one.starts)
    ratio = np.abs(np.log2(score.tempo / tempo * np.array([1, 2, 0.5]))) < np.log2(1.08)
    duple = {Meter(2, 4): Meter(4, 4)}
    return {
        "beat": float(ratio[0] and steps >= 0.9),
        "octave": float(ratio.any()),
        "meter": float(duple.get(score.meter, score.meter) == duple.get(one.meter, one.meter)),
        "steps": float(steps) if ratio[0] else np.nan,
        "seconds": seconds,
    }


def main() -> int:
    """Print the table."""
    parser = harness.parser(__doc__)
    parser.add_argument("--takes", type=harness.positive, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(harness.machine())
    others = corpus(held_out=True)[: asked.takes]
    rows = []
    for jitter, accents in ((0.015, False), (0.02, False), (0.03, False), (0.02, True)):
        results = []
        with tempfile.TemporaryDirectory() as folder:
            for number, one in enumerate(others):
                path = Path(folder) / f"{one.name}.mid"
                rng = np.random.default_rng([asked.seed, number])
                results.append(measure(one, path, played(one, path, jitter, accents, rng)))
        kind = f"{1000 * jitter:g} ms{', accents' * accents}"
        means = [f"{np.nanmean([one[name] for one in results]):.3f}" for name in results[0]]
        rows.append([kind, str(len(results)), *means])
    print(harness.table(["jitter", "takes", *results[0]], rows))
    return 0


if __name__ == "__main__":
    harness.main(main, "takes")
