"""Which offered version plays drums to pieces of which other ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantor import styles
from kantor.drumming import drummed_ensemble
from kantor.errors import InputError, SetupError
from kantor.registry.store import model_name
from kantor.registry.versions import CHAMPION
from kantor.studio.document import lines_of

if TYPE_CHECKING:
    from kantor.studio.catalogue import Offer
    from kantor.styles import Drums


def with_lenders(offers: Sequence[Offer], root: Path) -> list[Offer]:
    """The versions, each with the champion of the style that lends it drums, where there is one."""
    wanted = _wanted(root)
    champions = {
        one.listed.style: one for one in offers if CHAMPION in one.listed.aliases and not one.reason
    }
    made = list(offers)
    for index, one in enumerate(offers):
        drums = wanted.get(one.listed.name)
        if drums and drums.style in champions:
            with suppress(InputError):  # two of their lines have one name
                lender = champions[drums.style]
                drummed_ensemble(one.ensemble, lender.ensemble)
                made[index] = replace(one, lender=lender)
    return made


def drums_of(offer: Offer) -> dict[str, Any] | None:
    """Who can play drums to a version's pieces, and their lines, as the page gets it."""
    lender = offer.lender
    if lender is None:
        return None
    made = drummed_ensemble(offer.ensemble, lender.ensemble)
    return {
        "name": lender.listed.name,
        "version": lender.listed.version,
        "licence": lender.style.licence,
        "meters": list(lender.meters),
        "lines": [line.model_dump() for line in lines_of(made)[len(offer.ensemble) :]],
    }


def _wanted(root: Path) -> dict[str, Drums]:
    """Whose drums the styles of a repository can have, by the name of the model."""
    try:
        folders = [styles.folder_of(root, name) for name in styles.names(root)]
        wanted = {model_name(folder): styles.drums_of(folder) for folder in folders}
    except (InputError, SetupError):
        return {}
    return {name: drums for name, drums in wanted.items() if drums}
