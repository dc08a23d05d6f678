"""What the routes share: the repository, the pieces, the composing processes, the events."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from kantor.registry.addresses import model_page
from kantor.service.access import bracketed
from kantor.studio.composing_pool import Composing
from kantor.studio.events import Events
from kantor.studio.exporting import Exporter
from kantor.studio.publication_jobs import Publishing
from kantor.studio.score_pages import Engraver
from kantor.studio.store import Store

FOLDER = Path("compositions/studio")


@dataclass(frozen=True)
class Links:
    """Where the other pages of a running Kantor are; nothing where they do not run."""

    prefect: int = 0  # a port
    mlflow: int = 0  # a port
    service: str = ""  # path of the page that says what runs, with the reports

    def seen_from(self, host: str, root: Path) -> dict[str, str]:
        """The addresses for a browser that knows this machine as `host`: a login lasts there.

        MLflow's is that of the model of the repository `root`.
        """
        ports = {"prefect": self.prefect, "mlflow": self.mlflow}
        links = {name: f"http://{bracketed(host)}:{port}" for name, port in ports.items() if port}
        if self.mlflow:
            links["mlflow"] = model_page(links["mlflow"], root)
        return links | ({"service": self.service} if self.service else {})


ALONE = Links()


@dataclass
class Studio:
    """A running Studio; `prefect` is the address of Prefect's API under `make serve`."""

    root: Path
    store: Store
    composing: Composing
    events: Events
    links: Links = ALONE
    prefect: str = ""
    engraver: Engraver = field(default_factory=Engraver)
    exporter: Exporter = field(default_factory=Exporter)

    def __post_init__(self) -> None:
        self.publishing = Publishing(self.root, self.store, self.events)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin what works in the background; `loop` is the one that serves."""
        self.events.bind(loop)
        self.store.start()
        self.composing.start()

    def close(self) -> None:
        """End it all; what is to be written is written."""
        parts = (self.events, self.composing, self.engraver, self.exporter, self.publishing)
        for part in (*parts, self.store):
            part.close()


def studio(request: Request) -> Studio:
    """The Studio that answers a request."""
    return request.app.state.studio  # type: ignore[no-any-return]


Here = Annotated[Studio, Depends(studio)]
"""A route's argument: the Studio."""
