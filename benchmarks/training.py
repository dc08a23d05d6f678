"""How fast the two presets train: seconds, arithmetic and share of the machine's peak.

An iteration is five critic steps and one generator step, each on a batch of windows of 32 steps,
the drawing of the samples and the waiting for the data included. `unet` runs as in the workshop
(Keras layers in `tf.function`, no XLA), `chorale` as `params.yaml` trains it. Each has a process
of its own, so that memory and compilation are its own; they take turns, so that what else happens
on the machine meets both.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path
from typing import Any

import machine
from bench import CHORALE, UNET, Options, Remote

from kantor import settings
from kantor.errors import InputError, SetupError

LIKELIHOOD = "chorale, likelihood"
_KINDS = ((UNET, UNET, False), (CHORALE, CHORALE, False), (LIKELIHOOD, CHORALE, True))
"""What is timed: its name, the preset, and whether it is by likelihood alone."""


def measure(options: Options) -> dict[str, Any]:
    """Everything, as plain data."""
    benches = {preset: Remote(preset, options) for preset in (UNET, CHORALE)}
    try:
        first = {
            UNET: benches[UNET].ask("iteration")[0],
            LIKELIHOOD: benches[CHORALE].ask("iteration", True)[0],
            CHORALE: benches[CHORALE].ask("iteration")[0],
        }
        for name, preset, warming in _KINDS:  # a step that was compiled is not yet warm
            if options.rounds > 1:
                benches[preset].ask("iteration", warming)
            print(f"{name}: first step {first[name]:.1f} s", file=sys.stderr)
        rounds = [_round(benches, options, number) for number in range(options.rounds)]
        memory = {name: benches[preset].ask("memory") for name, preset, _ in _KINDS}
        counts = {name: benches[preset].ask("arithmetic", warm) for name, preset, warm in _KINDS}
    finally:
        for bench in benches.values():
            bench.close()
    return summary(rounds, first, memory, counts)


def _round(benches: dict[str, Remote], options: Options, number: int) -> dict[str, Any]:
    """Each preset once: the peak, the iterations, the making of the data."""
    result: dict[str, Any] = {
        "peak": max(machine.numpy_product_rate(options.peak_seconds), benches[CHORALE].ask("rate"))
    }
    for name, preset, warming in _KINDS:
        times = 1 if name == UNET else options.repeats
        taken = [benches[preset].ask("iteration", warming) for _ in range(times)]
        result[name] = {
            "seconds": statistics.median(whole for whole, _ in taken),
            "waiting": statistics.median(waited for _, waited in taken),
            "pipeline": benches[preset].ask("pipeline"),
        }
    told = ", ".join(f"{name} {result[name]['seconds']:.3f} s" for name, _, _ in _KINDS)
    print(f"round {number + 1} of {options.rounds}: {told}", file=sys.stderr)
    return result


def summary(
    rounds: list[dict[str, Any]],
    first: dict[str, float],
    memory: dict[str, int],
    counts: dict[str, dict[str, Any]],
) -> dict[str, Any]:
    """Medians over the rounds, and what follows from them."""
    peak = statistics.median(one["peak"] for one in rounds)
    ratios = [one[UNET]["seconds"] / one[CHORALE]["seconds"] for one in rounds]
    kinds = {}
    for name, _, _ in _KINDS:
        times = {
            what: statistics.median(one[name][what] for one in rounds)
            for what in ("seconds", "waiting", "pipeline")
        }
        operations = 2 * counts[name]["multiply_adds"]
        alone = counts[name]["seconds_of_products_alone"]
        kinds[name] = {
            **times,
            "first_step": first[name],
            "peak_memory": memory[name],
            **counts[name],
            "share_of_peak": operations / times["seconds"] / peak,
            "share_of_peak_products_alone": operations / alone / peak if alone else None,
            "pipeline_share": times["pipeline"] / times["seconds"],
            "waiting_share": times["waiting"] / times["seconds"],
        }
    return {
        "peak": peak,
        "kinds": kinds,
        "ratio": statistics.median(ratios),
        "ratios": ratios,
        "rounds": rounds,
    }


def table(found: dict[str, Any]) -> str:
    """The figures for a person."""
    kinds = found["kinds"]

    def row(label: str, key: str, form: str, scale: float = 1.0) -> tuple[str, ...]:
        cells = (kind[key] for kind in kinds.values())
        return label, *("-" if cell is None else format(cell * scale, form) for cell in cells)

    rows = [
        row("seconds an iteration", "seconds", ".3f"),
        row("multiply-adds an iteration, 10⁹", "multiply_adds", ".1f", 1e-9),
        row("share of the peak, whole iteration", "share_of_peak", ".1%"),
        row("share of the peak, its products alone", "share_of_peak_products_alone", ".1%"),
        row("its products alone, seconds", "seconds_of_products_alone", ".3f"),
        row("making the data, seconds", "pipeline", ".4f"),
        row("making the data, share of the iteration", "pipeline_share", ".2%"),
        row("waiting for the data, share", "waiting_share", ".2%"),
        row("first step with compilation, seconds", "first_step", ".1f"),
        row("peak memory of the process, GB", "peak_memory", ".2f", 1e-9),
    ]
    pairs = ", ".join(f"{ratio:.1f}" for ratio in found["ratios"])
    return "\n".join(
        [
            machine.columns(("", *kinds), rows),
            "",
            f"unet / chorale, seconds an iteration: {found['ratio']:.1f} (pair by pair: {pairs})",
            f"peak of the float32 matrix product: {found['peak'] / 1e9:.0f} GFLOP/s",
            "multiply-adds: matrix products and convolutions of the traced graph, loops unrolled",
        ]
    )


def parse(arguments: list[str] | None = None) -> tuple[Options, Path | None]:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--params", type=Path, default=Path("params.yaml"))
    parser.add_argument("--build", type=Path, default=Path("build"), help="what `ingest` wrote")
    parser.add_argument("--batch", type=machine.positive, default=64, help="windows (64)")
    parser.add_argument("--rounds", type=machine.positive, default=5, help="pairs timed (5)")
    parser.add_argument(
        "--repeats",
        type=machine.positive,
        default=9,
        help="iterations of chorale a round (9)",
    )
    parser.add_argument(
        "--batches",
        type=machine.positive,
        default=20,
        help="by which the data is timed (20)",
    )
    parser.add_argument(
        "--peak-seconds",
        type=machine.above_zero,
        default=2.0,
        help="for the peak, a round (2)",
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    values = vars(parser.parse_args(arguments))
    path = values.pop("json")
    return Options(**values), path


def main() -> int:
    """Measure, print, and write the figures where that is asked for."""
    options, path = parse()
    settings.quiet()
    found = {"machine": machine.describe()}
    machine.warn_if_busy(found["machine"])
    try:
        measured = measure(options)
    except (InputError, SetupError) as error:
        print(f"training: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(f"batch {options.batch}, {options.rounds} rounds, {found['machine']['processor']}\n")
    print(table(measured))
    if path:
        chosen = {name: str(value) for name, value in vars(options).items()}
        machine.save_json(path, {**found, "options": chosen, **measured})
    return 0


if __name__ == "__main__":
    sys.exit(main())
