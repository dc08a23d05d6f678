"""How fast melodies are composed: many at once, one alone, and beside the workshop's model.

Melodies of 64 bars are read from MIDI files, composed, and written as MIDI files; each of the
three is timed by itself, warm. The workshop's model composes rolls of two bars: its rate is that
of its generator alone, on rolls end to end in a `tf.function`, without reading, writing or
turning its output into notes, which favours it.

Both sides have the whole machine, one after the other. A single batch of the workshop's model
takes half a second, in which a machine's pace may be any: it is asked again and again for `HALF`
seconds before and after Kantor in each round, so that both share a drift. With ``--against`` the
code of another checkout composes the same by turns instead, in a process of its own.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import harness
import numpy as np

SHORT_BARS = 16
HALF = 2.0
"""Seconds of the workshop's model on either side of Kantor, for each of its batches."""
PARTS = ("parse", "model", "write")


def compose_files(
    model: Any, paths: Sequence[Path], out: Path, sampling: Mapping[str, float]
) -> dict[str, float]:
    """Read, compose and write; the seconds of each, and the steps composed."""
    from kantor.compose import outputs
    from kantor.compose.composer import compose
    from kantor.compose.from_file import read_request

    marks = [time.perf_counter()]
    requests = [read_request(path) for path in paths]
    marks.append(time.perf_counter())
    composed = compose(requests, model, sampling=sampling)
    marks.append(time.perf_counter())
    for path, (take,) in zip(paths, composed, strict=True):
        outputs.write(take, out / path.name, "mid")
    marks.append(time.perf_counter())
    seconds = dict(zip(PARTS, np.diff(marks).tolist(), strict=True))
    steps = sum(request.score.steps for request in requests)
    return {**seconds, "total": marks[-1] - marks[0], "steps": steps}


def measure(
    model_folder: Path, sizes: Sequence[int], bars: int, rounds: int, sampling: Mapping[str, float]
) -> dict[str, Any]:
    """Kantor and the workshop's model by turns: medians over the rounds, and the ratios."""
    import workshop  # imports TensorFlow

    from kantor.compose import composer

    model, theirs = composer.load(model_folder), workshop.generator()
    with tempfile.TemporaryDirectory(prefix="kantor-bench-") as scratch:
        folder = Path(scratch)
        paths = harness.write_melodies(folder / "in", max(sizes), bars)
        short = harness.write_melodies(folder / "short", 1, SHORT_BARS)
        out = folder / "out"
        out.mkdir()
        for warm in (paths[:128], short):
            compose_files(model, warm, out, sampling)
        workshop.compose(theirs, workshop.BATCH, 0)
        kantor: list[dict[int, dict[str, float]]] = []
        ratios, rates = [], []
        for number in range(rounds):
            before = workshop.compose(theirs, workshop.BATCH, HALF)
            kantor.append(
                {size: compose_files(model, paths[:size], out, sampling) for size in sizes}
            )
            after = workshop.compose(theirs, workshop.BATCH, HALF)
            rates.append((before[0] + after[0]) / (before[1] + after[1]))
            best = max(one["steps"] / one["model"] for one in kantor[-1].values())
            ratios.append(best / rates[-1])
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
        latencies = [compose_files(model, short, out, sampling)["total"] for _ in range(20)]
    batches = {
        size: {
            part: statistics.median(one[size][part] for one in kantor)
            for part in (*PARTS, "total", "steps")
        }
        for size in sizes
    }
    return {
        "batches": batches,
        "workshop_steps_a_second": statistics.median(rates),
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "short": {"median": statistics.median(latencies), "longest": max(latencies)},
    }


def against(other: Path, model_folder: Path, sizes: Sequence[int], rounds: int) -> dict[str, Any]:
    """Steps a second of this code and of the code in the checkout `other`, by turns."""
    script = (
        "import sys, time, numpy as np\n"
        "from pathlib import Path\n"
        "from kantor import runtime\n"
        "batch = np.load(sys.argv[2])\n"
        "try:\n"
        "    from kantor.music.conditioning import Conditioning as Given\n"
        "except ImportError:\n"
        "    from kantor.music.given import Given\n"
        "given = Given(*(batch[name] for name in batch.files))\n"
        "model = runtime.load(Path(sys.argv[1]), 1)\n"
        "seeds = np.arange(len(given.pitches))\n"
        "model(given, seeds)\n"
        "began = time.perf_counter()\n"
        "model(given, seeds)\n"
        "print(given.pitches[..., 0].size / (time.perf_counter() - began))\n"
    )
    ratios: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory(prefix="kantor-bench-") as scratch:
        for size in sizes:
            batch = Path(scratch) / f"{size}.npz"
            _save_batch(batch, size)
            for _ in range(rounds):
                pair = []
                for root in (harness.ROOT, other):
                    environment = os.environ | {"PYTHONPATH": str(root / "src")}
                    command = [sys.executable, "-c", script, str(model_folder), str(batch)]
                    done = subprocess.run(
                        command, env=environment, check=True, capture_output=True, text=True
                    )
                    pair.append(float(done.stdout))
                ratios.setdefault(str(size), []).append(pair)
    return {
        size: {
            "steps_a_second": [statistics.median(rates) for rates in zip(*pairs, strict=True)],
            "ratio": statistics.median(ours / theirs for ours, theirs in pairs),
        }
        for size, pairs in ratios.items()
    }


def _save_batch(path: Path, size: int) -> None:
    """Melodies of 64 bars as a model reads them, its arrays in the order of their fields."""
    from dataclasses import fields

    from kantor.compose.from_file import read_request
    from kantor.music.conditioning import stack

    paths = harness.write_melodies(path.parent / f"in-{size}", size, 64 if size > 1 else SHORT_BARS)
    batch = stack([read_request(one).given for one in paths])
    np.savez(path, **{one.name: getattr(batch, one.name) for one in fields(batch)})


def report(measured: dict[str, Any], bars: int, rounds: int) -> str:
    """The figures for a person."""
    rows = [
        (
            f"{size:,}",
            *(f"{one[part]:.3f}" for part in PARTS),
            f"{size / one['total']:.2f}",
            f"{one['steps'] / one['model']:,.0f}",
        )
        for size, one in measured["batches"].items()
    ]
    head = ("melodies", "parse s", "model s", "write s", "melodies/s", "model steps/s")
    pairs = ", ".join(f"{ratio:.1f}" for ratio in measured["ratios"])
    short, workshop = measured["short"], measured["workshop_steps_a_second"]
    return "\n".join(
        [
            f"melodies of {bars} bars, medians of {rounds} rounds\n",
            harness.table(head, rows),
            f"\nthe workshop's generator: {workshop:,.0f} steps a second",
            f"kantor's model / the workshop's: {measured['ratio']:.1f} (round by round: {pairs})",
            f"one melody of {SHORT_BARS} bars, warm: {short['median']:.3f} s "
            f"(the longest of 20: {short['longest']:.3f})",
        ]
    )


def main() -> int:
    """Measure and print."""
    parser = harness.parser(__doc__)
    parser.add_argument("--model", type=Path, default=Path("build/model"), help="a model's folder")
    parser.add_argument("--batches", type=harness.positive, nargs="+", default=[1, 32, 1000])
    parser.add_argument("--bars", type=harness.positive, default=64, help="of a melody (64)")
    parser.add_argument("--rounds", type=harness.positive, default=3, help="(3)")
    parser.add_argument("--particles", type=harness.positive, help="the model's own if not said")
    parser.add_argument("--against", type=Path, help="another checkout, to compare speeds with")
    asked = parser.parse_args()
    harness.machine()
    if asked.against:
        measured = against(asked.against, asked.model, asked.batches, asked.rounds)
        for size, one in measured.items():
            ours, theirs = one["steps_a_second"]
            print(f"{size}: {ours:,.0f} and {theirs:,.0f} steps a second, ratio {one['ratio']:.2f}")
    else:
        sampling = {"particles": asked.particles} if asked.particles else {}
        measured = measure(asked.model, asked.batches, asked.bars, asked.rounds, sampling)
        print(report(measured, asked.bars, asked.rounds))
    return 0


if __name__ == "__main__":
    harness.main(main, "composing")
