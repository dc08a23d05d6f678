"""What `params.yaml` says about retraining, serving and keeping."""

from __future__ import annotations

from pydantic import Field

from kantor.settings import Block


class Retrain(Block):
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


class Serve(Block):
    """What `make serve` does between the runs of its flows.

    Every `arrivals` seconds it looks at the inbox of `batch`, where that is a folder or a file of
    this machine; every `store_arrivals` seconds where it is an address.
    """

    arrivals: float = Field(gt=0)
    store_arrivals: float = Field(30, gt=0)


class Keep(Block):
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
