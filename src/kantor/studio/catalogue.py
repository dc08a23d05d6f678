"""The models that Studio offers: what the registry holds, and which of it can compose here."""

from __future__ import annotations

import json
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kantor import registry, styles
from kantor.compose.meters import known_meters
from kantor.drumming import drummed_ensemble
from kantor.ensemble import SATB, Ensemble, Line
from kantor.errors import InputError, ModelError, SetupError
from kantor.registry.database import file_of
from kantor.registry.lineage import PRESET
from kantor.registry.listing import Listed, listed
from kantor.registry.loaded import GENERATOR, Scope, sampling_parameters, scope_of
from kantor.registry.store import model_name
from kantor.registry.versions import CHAMPION
from kantor.runtime import Generator
from kantor.studio import lending
from kantor.studio.document import ModelReference, cast_of, lines_of
from kantor.styles import Style

PRESETS = ("chorale", "long")
"""Those that compose with numpy alone, which Studio's small processes load."""
KEPT_SECONDS = 10.0
"""How long what a registry on a server holds is taken for what it still holds."""
NONE = "no model is registered yet: train one on the Training page, or run `make repro`"

UNTOLD = Style(title="")
"""Of a model of whose style nothing is known here."""


@dataclass(frozen=True)
class Offer:
    """A version, the ensemble that it composes for, and why it cannot be used, if so.

    Its `style` is told to people, as are the `meters` that it knows. A `lender`, if there is one,
    can play drums to its pieces; with `drums` it does, and they are
    among the lines of the `ensemble`.
    """

    listed: Listed
    ensemble: Ensemble
    reason: str = ""
    style: Style = UNTOLD
    meters: tuple[str, ...] = ()
    lender: Offer | None = None
    drums: bool = False

    def for_lines(self, names: Sequence[str]) -> Offer:
        """The version with drums, if these lines are its own with those of its lender."""
        if self.lender is None or len(names) == len(self.ensemble):
            return self
        made = drummed_ensemble(self.ensemble, self.lender.ensemble)
        fits = list(made.names) == list(names)
        return replace(self, ensemble=made, drums=True) if fits else self

    def document(self) -> dict[str, Any]:
        """The version as the page gets it."""
        one, cast = self.listed, cast_of(self.ensemble)
        return {
            "name": one.name,
            "style": one.style,
            "version": one.version,
            "aliases": list(one.aliases),
            "created": one.created,
            "figures": [{"name": name, "value": value} for name, value in one.figures.items()],
            "parameters": [] if self.reason else list(sampling_parameters(Generator.compose)),
            "voices": list(self.ensemble.names),
            "title": self.style.title or one.style.replace("_", " ").capitalize(),
            "about": self.style.about,
            "licence": self.style.licence,
            "ensemble": self.ensemble.name,
            "lines": [line.model_dump() for line in lines_of(self.ensemble)],
            "leads": self.ensemble.leads,
            "cast": cast.model_dump() if cast else None,
            "meters": list(self.meters),
            "drums": lending.drums_of(self),
            "preset": one.tags.get(PRESET, ""),
            "reason": self.reason,
        }


class Catalogue:
    """The versions of a repository's registry; every method may be called from any thread."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()
        self._kept: tuple[float, list[Offer]] = (-KEPT_SECONDS, [])
        self._named = -1, ""
        self._fetched: tempfile.TemporaryDirectory[str] | None = None

    def offers(self) -> list[Offer]:
        """Every version, the champion of the repository's own model first; raises as `listed`."""
        with self._lock:
            since, offers = self._kept
            if file_of(self.root) is not None or time.monotonic() - since > KEPT_SECONDS:
                own = self._own_model()
                versions = sorted(listed(self.root), key=lambda one: _is_own_champion(one, own))
                about = told(self.root)
                offers = [_offer(one, about.get(one.name, UNTOLD)) for one in versions]
                self._kept = time.monotonic(), lending.with_lenders(offers, self.root)
            return self._kept[1]

    def _own_model(self) -> str:
        """The model that ``params.yaml`` names, read again when that was written."""
        try:
            written = (self.root / "params.yaml").stat().st_mtime_ns
        except OSError:
            written = 0
        if self._named[0] != written:
            self._named = written, model_name(self.root)
        return self._named[1]

    def choose(self, reference: ModelReference | None, voices: Sequence[str]) -> Offer:
        """The version that a piece for these voices is composed by; by default the champion.

        Raises
        ------
        ModelError
            If there is none, or it cannot be used.
        """
        offers = self.offers()
        if reference is not None:
            return self.find(reference.name, reference.version).for_lines(voices)
        if not offers:
            raise ModelError(NONE)
        able = [one for one in offers if not one.reason]
        for one in (one.for_lines(voices) for one in able):
            if list(one.ensemble.names) == list(voices):
                return one
        raise ModelError(
            f"no registered model composes for {', '.join(voices)}; choose voices of a model"
            if able
            else f"{offers[0].listed.source}: {offers[0].reason}; train another under Training"
        )

    def find(self, name: str, version: int) -> Offer:
        """A version by its name and number, one that can be used; raises as `choose` does."""
        for one in self.offers():
            if (one.listed.name, one.listed.version) == (name, version):
                if one.reason:
                    raise ModelError(f"{one.listed.source}: {one.reason}; choose another model")
                return one
        raise ModelError(f"{name} version {version} is not registered; choose another model")

    def folder(self, offer: Offer) -> Path:
        """Where a version's generator lies; one that lies elsewhere is fetched once."""
        if offer.listed.folder is not None:
            return offer.listed.folder / GENERATOR
        with self._lock:
            if self._fetched is None:
                self._fetched = tempfile.TemporaryDirectory(prefix="kantor-studio-")
            into = Path(self._fetched.name) / offer.listed.name / str(offer.listed.version)
            if not (into / "model.json").is_file():
                one = offer.listed
                registry.fetch(into, f"models:/{one.name}/{one.version}", self.root)
        if fault := _fault(into):
            raise ModelError(f"{offer.listed.source}: {fault}; choose another model")
        return into

    def signature(self) -> object:
        """What changes with versions and aliases; None while the registry cannot be asked."""
        try:
            rows = listed(self.root)
        except SetupError:
            return None
        return [(one.name, one.version, one.created, one.aliases, one.retired) for one in rows]

    def close(self) -> None:
        """Remove what was fetched."""
        if self._fetched is not None:
            self._fetched.cleanup()


def _is_own_champion(one: Listed, own: str) -> bool:
    """False, which comes first, for the champion of the model that ``params.yaml`` names."""
    return not (one.name == own and CHAMPION in one.aliases)


def told(root: Path) -> dict[str, Style]:
    """What the repository's files say of its styles, by the name of the model; none if faulty."""
    try:
        names = (styles.own_name(root), *styles.names(root))
        folders = [styles.folder_of(root, name) for name in names]
        return {model_name(folder): styles.listed_style(folder) for folder in folders}
    except (InputError, SetupError):
        return {}


def _offer(one: Listed, style: Style) -> Offer:
    if one.folder is None:  # elsewhere: the rest is known when it is fetched
        names = one.tags.get("ensemble.lines", ", ".join(SATB.names)).split(", ")
        lines = tuple(Line(name, 0, 127) for name in names)
        ensemble = Ensemble(one.tags.get("ensemble", SATB.name), lines)
        return Offer(one, ensemble, "it was taken out of use" if one.retired else "", style)
    folder, reason, scope = one.folder / GENERATOR, "", Scope()
    try:
        scope = scope_of(folder)
    except InputError as error:
        reason = str(error)
    if one.retired:
        reason = "it was taken out of use"
    known = tuple(known_meters(scope.meters))
    return Offer(one, scope.ensemble, reason or _fault(folder), style, known)


def _fault(folder: Path) -> str:
    """Why Studio's processes cannot load a generator; empty where they can, as far as is seen."""
    try:
        preset = json.loads((folder / "model.json").read_text()).get("preset")
    except OSError:
        return "its files are not there; put them back from a backup"
    except (ValueError, AttributeError):
        return "its files are damaged; put them back from a backup"
    if preset in PRESETS and (folder / "runtime.npz").is_file():
        return ""
    return f"Studio composes with the presets {' and '.join(PRESETS)}; this one is {preset}"
