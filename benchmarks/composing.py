"""How fast melodies are composed: many at once, one alone, and beside the workshop's model.

Melodies of 64 bars are read from MIDI files, composed, and written as MIDI files; each of the
three is timed by itself, warm. The workshop's model composes rolls of two bars: its rate is that
of its generator alone, on rolls end to end in a `tf.function`, without reading, writing or
turning its output into notes, which favours it.

Both sides have the whole machine, one after the other: TensorFlow shares each operation of the
workshop's model among all cores, and of Kantor's runtime one process for each core composes its
share of a large batch, with products on its own core. A single batch of the workshop's model takes
half a second, in which a machine's pace may be any: it is asked again and again for `HALF` seconds
before and after Kantor in each round, so that both sides are timed for seconds and share a drift.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import machine
import numpy as np

from kantor import settings
from kantor.errors import InputError, SetupError
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Meter, Score

SHORT_BARS = 16
WARM = 128
"""Melodies at most that are composed before anything is timed."""
HALF = 2.0
"""Seconds of the workshop's model on either side of Kantor, for each of its batches."""
_SCALE = (60, 62, 64, 65, 67, 69, 71, 72, 74, 76, 77, 79)
_RHYTHMS = ((4, 4, 4, 4), (4, 4, 2, 2, 4), (8, 4, 4), (2, 2, 4, 4, 4), (4, 4, 8))


@dataclass(frozen=True)
class Options:
    """What is to be measured."""

    model: Path
    untrained: bool
    params: Path
    batches: tuple[int, ...]
    bars: int
    rounds: int
    latencies: int
    windows: int


def melody(bars: int, seed: int) -> Score:
    """A walk up and down the scale of C major in chorale rhythms: content costs no time."""
    random = np.random.default_rng(seed)
    notes, place, step = [], 5, 0
    for _ in range(bars):
        for length in _RHYTHMS[random.integers(len(_RHYTHMS))]:
            place = int(np.clip(place + random.integers(-2, 3), 0, len(_SCALE) - 1))
            notes.append(Note(step, step + length, _SCALE[place]))
            step += length
    pitches, onsets = arrays_of(notes, step, 1)
    return Score(pitches, onsets, Meter(4, 4), 0, Key(0, "major"), 90.0, f"melody {seed}")


def write_melodies(folder: Path, count: int, bars: int) -> list[Path]:
    """Files with that many different melodies."""
    from kantor.formats import midi

    paths = [folder / f"melody-{index}.mid" for index in range(count)]
    for index, path in enumerate(paths):
        midi.write(melody(bars, index), path)
    return paths


def load_generator(options: Options) -> Any:
    """The trained generator, or one of the same form with random weights."""
    from kantor.compose import composer

    if not options.untrained:
        return composer.load(options.model)
    from kantor import runtime
    from kantor.hyperparameters import Train
    from kantor.model.generator import weights_of
    from kantor.model.presets import Chorale

    params = settings.load(Train, "train", options.params)
    network = Chorale(params.chorale).generator
    return runtime.Generator(weights_of(network), {"preset": "chorale"})


def compose_files(generator: Any, paths: Sequence[Path], out: Path) -> dict[str, float]:
    """Read, compose and write; the seconds of each."""
    from kantor.compose import outputs
    from kantor.compose.composer import compose
    from kantor.compose.from_file import read_request

    marks = [time.perf_counter()]
    requests = [read_request(path) for path in paths]
    marks.append(time.perf_counter())
    composed = compose(requests, generator.compose)
    marks.append(time.perf_counter())
    for path, (take,) in zip(paths, composed, strict=True):
        outputs.write(take, out / path.name, "mid")
    marks.append(time.perf_counter())
    parts = dict(zip(("parse", "model", "write"), np.diff(marks).tolist(), strict=True))
    steps = sum(one.score.steps for one in requests)
    return {**parts, "total": marks[-1] - marks[0], "steps": steps}


def measure(options: Options, folder: Path) -> dict[str, Any]:
    """Everything, as plain data."""
    generator = load_generator(options)
    import workshop  # imports TensorFlow

    model = workshop.generator()
    out = folder / "out"
    out.mkdir()
    paths = write_melodies(folder, max(options.batches), options.bars)
    (folder / "short").mkdir()
    short = write_melodies(folder / "short", 1, SHORT_BARS)
    sizes = sorted(set(options.batches))
    _warm(generator, model, options, paths, short, out)
    rounds: list[dict[str, Any]] = []
    for number in range(options.rounds):
        before = [workshop.compose(model, size, HALF) for size in (1, options.windows)]
        one = {str(size): compose_files(generator, paths[:size], out) for size in sizes}
        after = [workshop.compose(model, size, HALF) for size in (options.windows, 1)]
        rates = {
            str(size): sum(steps for steps, _ in both) / sum(seconds for _, seconds in both)
            for size, *both in zip((1, options.windows), before, after[::-1], strict=True)
        }
        rounds.append({"kantor": one, "workshop": rates})
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
    latencies = [compose_files(generator, short, out) for _ in range(options.latencies)]
    return summary(rounds, latencies)


def _warm(
    generator: Any,
    model: Any,
    options: Options,
    paths: list[Path],
    short: list[Path],
    out: Path,
) -> None:
    """Call everything once: tables made, processes started, the workshop's graph traced."""
    import workshop

    for size in {min(size, WARM) for size in options.batches}:
        compose_files(generator, paths[:size], out)
    compose_files(generator, short, out)
    for size in (1, options.windows):
        workshop.compose(model, size, 0)


def summary(rounds: list[dict[str, Any]], latencies: list[dict[str, float]]) -> dict[str, Any]:
    """Medians over the rounds, and what follows from them."""
    batches = {}
    for size in rounds[0]["kantor"]:
        seconds = {
            part: statistics.median(one["kantor"][size][part] for one in rounds)
            for part in ("parse", "model", "write", "total", "steps")
        }
        seconds["melodies_a_second"] = int(size) / seconds["total"]
        seconds["steps_a_second"] = seconds["steps"] / seconds["total"]
        seconds["model_steps_a_second"] = seconds["steps"] / seconds["model"]
        batches[size] = seconds
    ratios = [_fastest(one["kantor"]) / max(one["workshop"].values()) for one in rounds]
    return {
        "batches": batches,
        "workshop_steps_a_second": {
            size: statistics.median(one["workshop"][size] for one in rounds)
            for size in rounds[0]["workshop"]
        },
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "latency": {
            part: statistics.median(one[part] for one in latencies)
            for part in ("parse", "model", "write", "total")
        },
        "latency_longest": max(one["total"] for one in latencies),
        "peak_memory": machine.peak_memory(),
        "rounds": rounds,
    }


def _fastest(batches: dict[str, dict[str, float]]) -> float:
    """The model's steps a second in the batch that suits it best."""
    return max(one["steps"] / one["model"] for one in batches.values())


def table(found: dict[str, Any], options: Options) -> str:
    """The figures for a person."""
    rows = []
    for size, one in found["batches"].items():
        parts = [f"{one[part]:.3f}" for part in ("parse", "model", "write")]
        speeds = (f"{one['melodies_a_second']:.2f}", f"{one['steps_a_second']:,.0f}")
        rows.append((size, *parts, *speeds, f"{one['model_steps_a_second']:,.0f}"))
    head = ("melodies", "parse s", "model s", "write s", "melodies/s", "steps/s", "model steps/s")
    latency = found["latency"]
    split = ", ".join(f"{part} {latency[part]:.3f}" for part in ("parse", "model", "write"))
    rates = ", ".join(
        f"{rate:,.0f} in batches of {size}"
        for size, rate in found["workshop_steps_a_second"].items()
    )
    pairs = ", ".join(f"{ratio:.1f}" for ratio in found["ratios"])
    return "\n".join(
        [
            f"melodies of {options.bars} bars, medians of {options.rounds} rounds",
            machine.columns(head, rows),
            "",
            f"the workshop's generator, steps a second: {rates} windows",
            f"kantor's model / the workshop's, each in its best batch: {found['ratio']:.1f} "
            f"(round by round: {pairs})",
            f"one melody of {SHORT_BARS} bars, warm: {latency['total']:.3f} s ({split}; "
            f"the longest of {options.latencies}: {found['latency_longest']:.3f})",
            f"peak memory of the process: {found['peak_memory'] / 1e9:.2f} GB",
        ]
    )


def parse(arguments: list[str] | None = None) -> tuple[Options, Path | None]:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--model", type=Path, default=Path("build/model"), help="a model's folder")
    parser.add_argument(
        "--untrained", action="store_true", help="take random weights: the speed is the same"
    )
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument(
        "--batches", type=counts, default=(1, 32, 1000), help="melodies at once (1,32,1000)"
    )
    parser.add_argument("--bars", type=machine.positive, default=64, help="of a melody (64)")
    parser.add_argument("--rounds", type=machine.positive, default=3, help="(3)")
    parser.add_argument(
        "--latencies", type=machine.positive, default=20, help="how often one alone is timed (20)"
    )
    parser.add_argument(
        "--windows", type=machine.positive, default=64, help="the workshop's larger batch (64)"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    values = vars(parser.parse_args(arguments))
    path = values.pop("json")
    return Options(**values), path


def counts(text: str) -> tuple[int, ...]:
    """Numbers with commas between them on the command line."""
    return tuple(machine.positive(part) for part in text.split(","))


def main() -> int:
    """Measure, print, and write the figures where that is asked for."""
    options, path = parse()
    settings.quiet()
    about = machine.describe()
    machine.warn_if_busy(about)
    try:
        with tempfile.TemporaryDirectory(prefix="kantor-bench-") as folder:
            found = measure(options, Path(folder))
    except (InputError, SetupError) as error:
        print(f"composing: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(table(found, options))
    if path:
        chosen = {name: str(value) for name, value in vars(options).items()}
        machine.save_json(path, {"machine": about, "options": chosen, **found})
    return 0


if __name__ == "__main__":
    sys.exit(main())
