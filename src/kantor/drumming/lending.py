"""Which style lends its drums, and models with these: loaded, or kept in one folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kantor import registry, styles
from kantor.compose.meters import unlearned
from kantor.drumming.drummed import Drummed, drummed_ensemble
from kantor.errors import InputError
from kantor.music.score import Score
from kantor.registry.loaded import LoadedModel, Scope
from kantor.settings import params_path, repository

FOLDER = "drums"
"""Where `fetch` keeps the lender's files, in the folder of a model's own."""


@dataclass(frozen=True)
class Lender:
    """A style that lends its drums: its folder, and whose its data are."""

    folder: Path
    data: str

    def scope(self, own: Scope) -> Scope:
        """For what a model composes, `own`, once it has the drums; raises as `scope_of`."""
        lines = registry.scope_of(root=self.folder).ensemble
        return Scope(drummed_ensemble(own.ensemble, lines), own.meters)

    def messages(self, score: Score) -> list[str]:
        """A line for each meter of a score that the lender does not know."""
        return unlearned_drums(score, registry.scope_of(root=self.folder).meters)

    def added_to(self, own: LoadedModel) -> Drummed:
        """A model with the drums of the style's champion."""
        return Drummed(own, registry.load_model(root=self.folder))


def unlearned_drums(score: Score, meters: Mapping[str, float]) -> list[str]:
    """A line for each meter of a score that is not among those of the drums' model."""
    return [f"drums: {line}" for line in unlearned(score, meters)]


def lender_to(folder: Path | None) -> Lender | None:
    """The style whose drums pieces of the style of a folder can have; None where it names none."""
    drums = styles.drums_of(folder) if folder else None
    if folder is None or drums is None:
        return None
    place = styles.folder(repository(folder), drums.style)
    return Lender(place, styles.style_of(place).data)


def lender_of(folder: Path | None) -> Lender:
    """The same; where there is none, raises `InputError`: one line with the remedy."""
    if lender := lender_to(folder):
        return lender
    if folder is None:
        raise InputError("name a style that can have drums, such as --style pop")
    raise InputError(
        f"{params_path(folder).name} names no style that lends drums; it would with a block such as"
        " `drums: {style: rock}`"
    )


def supply(
    reference: str, root: Path | None, drums: bool
) -> tuple[Callable[[Path], str], Callable[[str], LoadedModel | Drummed]]:
    """How a batch fetches a model and loads it: with `drums` if its style can have some."""
    if drums and (lender := lender_to(root)):
        return partial(fetch, reference=reference, root=root, lender=lender), load_alone
    return partial(registry.fetch, reference=reference, root=root), registry.load_alone


def fetch(into: Path, reference: str, root: Path | None, lender: Lender) -> str:
    """`kantor.registry.fetch`, the lender's files beside the model's own, for `load_alone`."""
    source = registry.fetch(into, reference, root)
    lent = registry.fetch(into / FOLDER, root=lender.folder)
    return f"{source} with drums by {lent}"


def load_alone(folder: str) -> Drummed:
    """`kantor.registry.load_alone` of what `fetch` brought."""
    place = Path(folder)
    return Drummed(registry.load_alone(folder), registry.load_alone(str(place / FOLDER)))
