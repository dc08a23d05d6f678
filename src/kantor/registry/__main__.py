"""``python -m kantor.registry``: say what the last pass through the pipeline made.

``python -m kantor.registry style NAME`` says it of a style, and ``relocate`` is for a repository
that was moved or copied.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from kantor import styles
from kantor.errors import InputError, SetupError
from kantor.metrics.names import label
from kantor.registry import lineage
from kantor.registry.database import relocate
from kantor.registry.store import RECEIPT, find_root, model_name, opened
from kantor.registry.versions import aliases_of, aliases_on, by_fingerprint
from kantor.settings import repository

_FILES = {
    "report": "reports/report.html",
    "composed": "reports/samples/*.mid",
    "to hear": "reports/samples/*.wav",
}


def main(arguments: list[str]) -> int:
    """Print the summary or what was relocated, or one line that says why there is none."""
    style = arguments[1:] if arguments[:1] == ["style"] and len(arguments) == 2 else []
    if arguments not in ([], ["relocate"]) and not style:
        print("usage: python -m kantor.registry [relocate | style NAME]", file=sys.stderr)
        return 2
    try:
        root = styles.folder(find_root(), style[0]) if style else find_root()
        print(relocate(root) if arguments == ["relocate"] else "\n".join(summary(root)))
    except (InputError, SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def summary(root: Path) -> list[str]:
    """Lines on what the last pass made: the version, its figures beside real pieces', files."""
    try:
        receipt = json.loads((root / RECEIPT).read_text())
    except (OSError, ValueError):
        remedy = "make repro" if root == repository(root) else f"make style STYLE={root.name}"
        raise SetupError(f"{root / RECEIPT}: not found; run `{remedy}`") from None
    name = receipt.get("model") or model_name(root)
    with opened(root, name) as store:
        version = by_fingerprint(store, receipt["fingerprint"])
        if version is None:
            raise SetupError(
                f"{store.uri}: has no version made of what is built here; "
                "`make register` registers it"
            )
        aliases = ", ".join(aliases_on(aliases_of(store), int(version.version)))
    lines = [f"{name} version {version.version}" + (f" ({aliases})" if aliases else "")]
    evaluation = lineage.evaluation(root)
    metrics, headline = evaluation.get("metrics", {}), evaluation.get("headline", {})
    rows = {label(name): metrics[name] for name in headline if metrics.get(name)}
    if rows:
        baselines = list(next(iter(rows.values())).get("baseline", {}))
        lines.append(_row("", ["this", "real", *baselines]))
    for text, entry in rows.items():
        values = [entry["generated"], entry["real"], *(entry["baseline"][b] for b in baselines)]
        lines.append(_row(text, ["-" if v is None else f"{v:.3f}" for v in values]))
    if "metrics_in_range" in headline:
        passed, count = headline["metrics_in_range"], headline["metrics"]
        lines.append(f"  {passed} of {count} metrics within the range of the real pieces")
    if tells := evaluation.get("beside", {}).get("tells"):
        better = evaluation["beside"]["better"]
        lines.append(f"  better than other real parts in {better} of the {tells} that tell")
    for text, pattern in _FILES.items():
        for path in sorted(root.glob(pattern))[:1]:
            lines.append(f"  {text:<9} {path.relative_to(repository(root))}")
    return lines


def _row(label: str, values: list[str]) -> str:
    return f"  {label:<33}" + "".join(f"{value:>9}" for value in values)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
