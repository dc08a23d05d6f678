"""Flow `drift`: compare the melodies that came in with the training's; say where they differ."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kantor import settings

settings.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger  # noqa: E402
from prefect.artifacts import create_markdown_artifact  # noqa: E402
from retraining import start_retraining  # noqa: E402

from kantor.drift import compare, last, training, watch  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]


@flow(name="drift")
def drift() -> str:
    """Compare, show it, and start retraining where drift stays."""
    limits = settings.load(settings.Drift, "drift", ROOT / "params.yaml")
    folder = ROOT / limits.log
    came = last(folder, limits.last)
    if len(came) < limits.least:
        get_run_logger().info("%d melodies, %d are needed to compare", len(came), limits.least)
        return "too few"
    report = compare(came, training(ROOT / "build" / "scores.npz"), limits)
    get_run_logger().info(report.line)
    create_markdown_artifact(report.markdown, key="drift", description=report.line)
    watch(folder, bool(report.beyond), limits.in_a_row, partial(_retrain, report.line))
    return report.line


def _retrain(line: str, key: str) -> None:
    start_retraining(f"drift: {line}", key)


if __name__ == "__main__":
    drift()
