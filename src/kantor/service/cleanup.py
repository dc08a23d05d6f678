"""Processes that a service starts: they end with it, and none is left behind.

All that a service starts inherits the variable `SERVICE`, the repository: so what a killed service
left behind is found without a list of process numbers.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import psutil

SERVICE = "KANTOR_SERVICE"
_SET_PDEATHSIG = 1  # prctl(2)
# Loaded beforehand: between fork and exec nothing may wait for a lock that another thread held.
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

Chosen = Callable[[Mapping[str, str]], bool]
"""Says of a process, by its environment at its start, whether it is meant."""


def end_with_parent() -> None:
    """Ask the kernel to end this process when the one that started it ends, even by kill -9."""
    if _PRCTL is not None:
        _PRCTL(_SET_PDEATHSIG, signal.SIGTERM)


def environments() -> list[dict[str, str]]:
    """The environments, at their start, of all processes that may be read."""
    return [one.info["environ"] for one in psutil.process_iter(["environ"]) if one.info["environ"]]


def find(chosen: Chosen) -> list[psutil.Process]:
    """The chosen processes, but neither this one nor those that it descends from."""
    family = {psutil.Process(), *psutil.Process().parents()}
    every = psutil.process_iter(["environ"])
    return [one for one in every if one not in family and chosen(one.info["environ"] or {})]


def interrupt_stages(chosen: Chosen) -> int:
    """Interrupt the stages among the processes with a chosen environment; how many those are."""
    stages = find(lambda values: "DVC_STAGE" in values and chosen(values))
    for stage in stages:
        with suppress(psutil.Error):  # ended meanwhile
            stage.send_signal(signal.SIGINT)
    return len(stages)


def sweep(chosen: Chosen, seconds: float = 5.0) -> int:
    """Kill (-9) the chosen processes until there is none; how many they were.

    Work in Kantor stands being killed at any moment, and a process that could still report its
    end would have its work taken for failed instead of unfinished.
    """
    killed: set[psutil.Process] = set()
    ends = time.monotonic() + seconds
    while (processes := find(chosen)) and time.monotonic() < ends:
        for process in processes:
            with suppress(psutil.Error):  # ended meanwhile, or somebody else's
                process.kill()
                killed.add(process)
        time.sleep(0.02)
    return len(killed)
