"""The machine that a benchmark runs on: what it is, how busy, how fast at matrix products.

A figure in seconds says little without these. Rates are in float32 operations a second, a
multiplication and the addition that follows it counted as two.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BUSY = 0.3
"""Load, in cores, from which on a warning is printed."""
_SIZES = (1024, 2048)


def describe() -> dict[str, Any]:
    """Processor, cores, versions and the load of the last minute."""
    from importlib.metadata import version

    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "python": platform.python_version(),
        "tensorflow": version("tensorflow"),
        "keras": version("keras"),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def warn_if_busy(found: dict[str, Any]) -> None:
    """Say on standard error that figures will be off, where other work uses the machine."""
    if found["load_before"] > BUSY:
        print(
            f"the machine is busy (load {found['load_before']}): seconds will be too long; "
            "ratios taken side by side suffer less",
            file=sys.stderr,
        )


def numpy_product_rate(seconds: float) -> float:
    """The best rate of numpy's float32 matrix product within about `seconds`."""
    best = 0.0
    for size in _SIZES:
        one, other = np.random.default_rng(0).random((2, size, size), np.float32)
        best = max(best, product_rate(lambda: one @ other, size, seconds / len(_SIZES)))  # noqa: B023
    return best


def tensorflow_product_rate(seconds: float) -> float:
    """The same of TensorFlow's."""
    import tensorflow as tf

    best = 0.0
    for size in _SIZES:
        one, other = tf.unstack(tf.random.stateless_uniform([2, size, size], [0, 0]))
        product = lambda: tf.matmul(one, other).numpy()  # noqa: B023, E731
        best = max(best, product_rate(product, size, seconds / len(_SIZES)))
    return best


def product_rate(product: Callable[[], Any], size: int, seconds: float) -> float:
    """The best rate of a product of two square matrices; the first call does not count."""
    product()
    best, end = 0.0, time.perf_counter() + seconds
    while best == 0.0 or time.perf_counter() < end:
        began = time.perf_counter()
        product()
        best = max(best, 2 * size**3 / (time.perf_counter() - began))
    return best


def peak_memory() -> int:
    """Bytes that this process held at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else 1024 * most


def save_json(path: Path, value: Any) -> None:
    """Write figures to `path`, its folder made if it is missing."""
    from kantor.files import save

    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2) + "\n"
    save(path, lambda file: file.write(text.encode()))


def positive(text: str) -> int:
    """A count on the command line."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"{number}: at least 1")
    return number


def above_zero(text: str) -> float:
    """A length of time on the command line."""
    if not 0 < (number := float(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"{text}: more than 0")
    return number


def columns(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table as text: the first column to the left, figures to the right."""
    widths = [max(len(row[index]) for row in (head, *rows)) for index in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "-" * max(len(line) for line in lines))
    return "\n".join(lines)
