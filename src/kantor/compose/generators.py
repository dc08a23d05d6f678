"""A trained generator by the lightest way there is: without TensorFlow, where its preset allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor.errors import InputError
from kantor.runtime.weights import FORMAT

if TYPE_CHECKING:
    from kantor import runtime
    from kantor.model.generator import Generator

LIGHT = ("chorale", "long")
"""The presets that `kantor.runtime` composes with."""


def load(folder: str | Path, processes: int | None = None) -> Generator | runtime.Generator:
    """Read a model's folder.

    Parameters
    ----------
    processes : int, optional
        How many share a large batch, if the model can be shared; see `kantor.runtime.Generator`.

    Returns
    -------
    Generator
        Of `kantor.runtime`, or of `kantor.model` for the preset unet and for a model of an older
        release, which has no ``runtime.npz``.

    Raises
    ------
    InputError
        If the folder holds no model, or one of another format.
    """
    folder = Path(folder)
    described = _described(folder)
    form = described.get("format", FORMAT)  # older models name none
    if form != FORMAT:
        raise InputError(
            f"{folder}: a model of format {form}, and this release reads format {FORMAT}; "
            "use the release that made it, or train anew with `make repro`"
        )
    if described.get("preset") in LIGHT and (folder / "runtime.npz").is_file():
        from kantor import runtime

        return runtime.load(folder, processes)
    from kantor.model import generator

    return generator.load(folder)


def _described(folder: Path) -> dict[str, Any]:
    """What ``model.json`` says; nothing where it cannot be read."""
    try:
        found = json.loads((folder / "model.json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
