"""Serve Studio: alone (`run`), or as the front page of `make serve` (`main`)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kantor.errors import SetupError
from kantor.locks import STATE, Busy, held, holder
from kantor.service import front
from kantor.service.access import Access
from kantor.service.guard import serve
from kantor.service.opening import address, announce
from kantor.studio.app import HEALTH, build
from kantor.studio.context import Links

LOCK = "studio.lock"
_AT_ONCE = 1.0  # seconds for another Studio that is just ending


def run(root: Path, port: int, browser: bool) -> int:
    """Serve the page alone until Ctrl-C, on this machine only; the exit code.

    Raises
    ------
    SetupError
        If Studio runs here already, the port is taken, or the environment asks for access from
        elsewhere without a token.
    """
    access = Access.from_environment()
    os.chdir(root)
    # Only the folders, not the page on the service, which does not run.
    routes = front.routes(root, 0, 0)[1:]
    with _alone(root, access, port):
        announce("Kantor Studio", access, port, browser)
        return serve(lambda _: build(root, more=routes), port, HEALTH)


@contextmanager
def _alone(root: Path, access: Access, port: int) -> Iterator[None]:
    """Be the only Studio of a repository, for two would lose each other's changes.

    Raises
    ------
    SetupError
        If there is one; the line says where.
    """
    lock = root / STATE / LOCK
    try:
        with held(lock, lambda _: None, _AT_ONCE) as file:
            os.write(file, f", at {address(access, port)}".encode())  # for who comes second
            yield
    except Busy:
        first = holder(lock) or "another process"
        raise SetupError(f"Studio runs here already: {first}; use it, or end it first") from None


def main(arguments: list[str] | None = None) -> int:
    """Serve the page as a part of `make serve`, with links to Prefect and MLflow."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--port", "--prefect", "--mlflow"):
        parser.add_argument(name, type=int, required=True)
    options = parser.parse_args(arguments)
    root, api = Path.cwd(), os.environ.get("PREFECT_API_URL", "")

    def site(_: Access):  # type: ignore[no-untyped-def]
        links = Links(options.prefect, options.mlflow, front.PAGE)
        routes = front.routes(root, options.prefect, options.mlflow)
        return build(root, links, api, routes)

    try:
        with _alone(root, Access.from_environment(), options.port):
            return serve(site, options.port, HEALTH)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
