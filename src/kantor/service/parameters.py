"""What `params.yaml` says of the service, and faults of the file: at a start, and while it runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import yaml
from pydantic import Field

from kantor import settings
from kantor.batch.settings import Batch
from kantor.errors import SetupError
from kantor.intake import read_limits
from kantor.stages import BLOCKS, check_blocks
from kantor.styles import Style


class Retrain(settings.Block):
    """When the pipeline is brought up to date by itself, and what is done when that fails.

    `cron` is when to look for anything to do, `watch` when to look for new scores alone. A pass
    that failed is tried again `retries` times, after `retry_seconds` each; an approval is waited
    for `approval_hours`.
    """

    cron: str
    watch: str
    retries: int = Field(ge=0)
    retry_seconds: float = Field(ge=0)
    approval_hours: float = Field(gt=0)


class Serve(settings.Block):
    """What `make serve` does between the runs of its flows.

    It looks at the inbox of `batch` every `arrivals` seconds; every `store_arrivals` where that is
    an address.
    """

    arrivals: float = Field(gt=0)
    store_arrivals: float = Field(30, gt=0)


class Keep(settings.Block):
    """After how many days the flow `prune` deletes what is no longer used; None keeps it for ever.

    `compositions` counts from when a batch ended, `quarantine` from when an upload was refused,
    `logs` from the last line, `runs` from the end of a flow run, `retired` from when a version was
    retired. Prefect's server itself deletes old `runs`. `cron` is when the flow runs.
    """

    cron: str = "15 4 * * *"
    compositions: float | None = Field(None, gt=0)
    quarantine: float | None = Field(None, gt=0)
    logs: float | None = Field(30, gt=0)
    runs: float | None = Field(None, ge=1)
    retired: float | None = Field(None, gt=0)


UNTIL_MENDED = "flows fail until it is mended"
SERVED: dict[str, type[settings.Block]] = {
    **BLOCKS,
    "promote": settings.Promote,
    "serve": Serve,
    "retrain": Retrain,
    "keep": Keep,
    "drift": settings.Drift,
    "batch": Batch,
}
"""What stages, flows and the service read, by the name of the block."""


def check_stages(root: Path) -> None:
    """Check the parameters of all stages that ``root/dvc.yaml`` names, or of a style's folder.

    Raises `SetupError` with one line that names the file, the key and the fault.
    """
    if settings.repository(root) != root.absolute():
        _check_style(root)
        return
    try:
        stages = set(yaml.safe_load((root / "dvc.yaml").read_text())["stages"])
    except (OSError, yaml.YAMLError, LookupError, TypeError):
        return  # it is for DVC to say what is wrong with its file
    if not {"ingest", "validate", "train"}.isdisjoint(stages):
        stages.add("ensemble")
    if blocks := {name: block for name, block in BLOCKS.items() if name in stages}:
        check_blocks(root, blocks)


def _check_style(root: Path) -> None:
    """Check the file of a style, and that DVC will find in it all that it looks for."""
    path = os.path.relpath(settings.params_path(root))
    own = yaml.safe_load(Path(path).read_text()) or {}
    for name in (*BLOCKS, "style"):
        if name not in own:
            remedy = f"write `{name}: {{}}` if nothing differs from params.yaml"
            raise SetupError(f"{path}: the block {name!r} is missing; {remedy}")
    check_blocks(root, {**BLOCKS, "style": Style})
    shared = yaml.safe_load((root.parent / "dvc.yaml").read_text())
    if root.name not in shared["vars"][0]["styles"]:
        raise SetupError(
            f"{settings.STYLES}/dvc.yaml: {root.name} is not in the list of styles at its top; "
            "add it"
        )


def check(root: Path) -> None:
    """Check all blocks that anything in a service reads; raises as `check_blocks` does."""
    read_limits(check_blocks(root, SERVED))


def fault(root: Path) -> str:
    """What is wrong with ``root/params.yaml``, in one line; empty where nothing is."""
    try:
        check(root)
    except SetupError as error:
        return str(error)
    return ""


class Watch:
    """Looks now and then whether ``params.yaml`` is sound; says a fault, and when it is mended."""

    def __init__(self, root: Path, say: Callable[[str], object]) -> None:
        self._root, self._say = root, say
        self._fault = fault(root)
        self._checked = self._seen = self._mark()

    def look(self) -> None:
        """Check the file if it has changed and is the same in two looks."""
        before, self._seen = self._seen, self._mark()
        if self._seen == self._checked or self._seen != before:
            return
        self._checked, known = self._seen, self._fault
        self._fault = fault(self._root)
        if self._fault and self._fault != known:
            self._say(f"{self._fault}; {UNTIL_MENDED}")
        elif known and not self._fault:
            self._say("params.yaml is sound again")

    def _mark(self) -> tuple[int, int] | None:
        try:
            status = (self._root / "params.yaml").stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size
