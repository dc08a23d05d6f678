"""What was made, in a few lines: the closing words of a whole pass through the pipeline."""

from __future__ import annotations

import json
from pathlib import Path

from kantor import settings
from kantor.metrics.musical import LABELS
from kantor.registry import lineage
from kantor.registry.store import RECEIPT, RegistryError, opened
from kantor.registry.versions import aliases_of, by_fingerprint

# What tells good from bad at a glance; the report has the rest.
_SHOWN = (
    "triad_or_seventh",
    "complete_triads",
    "semitone_clash",
    "parallel_fifths",
    "parallel_octaves",
    "crossing",
)
_FILES = (
    ("report", "reports/report.html"),
    ("composed", "reports/samples/*.mid"),
    ("to hear", "reports/samples/*.wav"),
)


def summary(root: Path) -> list[str]:
    """Name the version that the repository's last pass made, what it measures and where to look.

    Returns
    -------
    list of str
        Lines for a terminal, none longer than 80 characters but for the names of files.

    Raises
    ------
    RegistryError
        If nothing was registered yet, or the registry does not hold what the receipt names.
    """
    receipt = _receipt(root)
    params = settings.load(settings.Register, "register", root / "params.yaml")
    name = receipt.get("model", params.model)
    with opened(root) as store:
        version = by_fingerprint(store, name, receipt["fingerprint"])
        if version is None:
            raise RegistryError(
                f"{store.uri}: has no version made of what is built here; "
                "`dvc repro -fs register` registers it"
            )
        aliases = aliases_of(store, name)
    number = int(version.version)
    names = ", ".join(sorted(alias for alias, target in aliases.items() if target == number))
    return [
        f"{name} version {number}" + (f" ({names})" if names else ""),
        *_table(root),
        *_files(root),
    ]


def _receipt(root: Path) -> dict[str, str]:
    try:
        receipt: dict[str, str] = json.loads((root / RECEIPT).read_text())
    except (OSError, ValueError):
        raise RegistryError(f"{root / RECEIPT}: not found; run `make repro`") from None
    return receipt


def _table(root: Path) -> list[str]:
    """The figures that tell good from bad, beside the same ones of Bach and of the baselines."""
    figures = lineage.evaluation(root)
    entries = {name: figures.get("metrics", {}).get(name) for name in _SHOWN}
    rows = [(LABELS[name], entry) for name, entry in entries.items() if entry]
    if not rows:
        return []
    baselines = list(rows[0][1].get("baseline", {}))
    lines = [_line("", ["this", "Bach", *baselines])]
    for label, entry in rows:
        values = [entry["generated"], entry["real"], *(entry["baseline"][b] for b in baselines)]
        lines.append(_line(label, ["-" if v is None else f"{v:.3f}" for v in values]))
    headline = figures.get("headline", {})
    if "metrics_in_range" in headline:
        lines.append(
            f"  {headline['metrics_in_range']} of {headline['metrics']} metrics within Bach's range"
        )
    return lines


def _line(label: str, cells: list[str]) -> str:
    return f"  {label:<33}" + "".join(f"{cell:>9}" for cell in cells)


def _files(root: Path) -> list[str]:
    found = ((label, next(iter(sorted(root.glob(pattern))), None)) for label, pattern in _FILES)
    return [f"  {label:<9} {path.relative_to(root)}" for label, path in found if path is not None]
