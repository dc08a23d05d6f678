"""``python -m kantor.registry``: say what the last pass through the pipeline made.

``python -m kantor.registry relocate`` is for a repository that was moved or copied.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kantor.errors import InputError, SetupError
from kantor.metrics.musical import LABELS
from kantor.registry import lineage
from kantor.registry.database import relocate
from kantor.registry.store import RECEIPT, find_root, model_name, opened
from kantor.registry.versions import aliases_of, aliases_on, by_fingerprint

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


def main(arguments: list[str]) -> int:
    """Print the summary or what was relocated, or one line that says why there is none."""
    if arguments not in ([], ["relocate"]):
        print("usage: python -m kantor.registry [relocate]", file=sys.stderr)
        return 2
    try:
        print(relocate(find_root()) if arguments else "\n".join(summary(find_root())))
    except (InputError, SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def summary(root: Path) -> list[str]:
    """Name the version that the repository's last pass made, what it measures and where to look.

    Returns
    -------
    list of str
        Lines for a terminal, none longer than 80 characters but for the names of files.

    Raises
    ------
    SetupError
        If nothing was registered yet, or the registry does not hold what the receipt names.
    """
    try:
        receipt = json.loads((root / RECEIPT).read_text())
    except (OSError, ValueError):
        raise SetupError(f"{root / RECEIPT}: not found; run `make repro`") from None
    name = receipt.get("model") or model_name(root)
    with opened(root, name) as store:
        version = by_fingerprint(store, receipt["fingerprint"])
        if version is None:
            raise SetupError(
                f"{store.uri}: has no version made of what is built here; "
                "`dvc repro -fs register` registers it"
            )
        aliases = ", ".join(aliases_on(aliases_of(store), int(version.version)))
    return [
        f"{name} version {version.version}" + (f" ({aliases})" if aliases else ""),
        *_table(root),
        *_files(root),
    ]


def _table(root: Path) -> list[str]:
    """The figures that tell good from bad, beside the same ones of Bach and of the baselines."""
    evaluation = lineage.evaluation(root)
    entries = {name: evaluation.get("metrics", {}).get(name) for name in _SHOWN}
    rows = [(LABELS[name], entry) for name, entry in entries.items() if entry]
    if not rows:
        return []
    baselines = list(rows[0][1].get("baseline", {}))
    lines = [_line("", ["this", "Bach", *baselines])]
    for label, entry in rows:
        values = [entry["generated"], entry["real"], *(entry["baseline"][b] for b in baselines)]
        lines.append(_line(label, ["-" if v is None else f"{v:.3f}" for v in values]))
    headline = evaluation.get("headline", {})
    if "metrics_in_range" in headline:
        lines.append(
            f"  {headline['metrics_in_range']} of {headline['metrics']} metrics within Bach's range"
        )
    return lines


def _line(label: str, values: list[str]) -> str:
    return f"  {label:<33}" + "".join(f"{value:>9}" for value in values)


def _files(root: Path) -> list[str]:
    paths = ((label, next(iter(sorted(root.glob(pattern))), None)) for label, pattern in _FILES)
    return [f"  {label:<9} {path.relative_to(root)}" for label, path in paths if path is not None]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
