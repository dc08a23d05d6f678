"""Imports point down: each room uses those below it, and only some rooms use a large library.

The imports are read from the source, so those within functions count as well. Those under
`TYPE_CHECKING` do not: they are never run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = (
    "ensemble errors settings files locks processes hyperparameters",
    "music",
    "formats pages",
    "network data metrics intake",
    "model runtime",
    "drift registry compose",
    "service batch promotion report",
    "cli studio flows pipelines",
)
"""The rooms, from the lowest layer up; a room may use those beside it in its layer."""
LIBRARIES = {
    "tensorflow": ("kantor.model",),
    "keras": ("kantor.model",),
    "mlflow": ("kantor.registry", "kantor.promotion", "kantor.service.mlflow_server"),
    "prefect": ("flows",),
    "dvc": (),
}
"""Libraries that only some modules may import."""


def sources() -> dict[str, Path]:
    """The files by the names of their modules: ``kantor.music.score``, ``flows.retrain``."""
    files = {}
    for folder, top in (("src", ROOT / "src"), ("flows", ROOT), ("pipelines", ROOT)):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(top).with_suffix("").parts
            files[".".join(parts).removesuffix(".__init__")] = path
    return files


def imports(node: ast.AST, package: str) -> Iterator[str]:
    """Every name that a module imports, in full: ``kantor.music.score.Score``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"{package}: a relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from imports(child, package)


SOURCES = sources()
IMPORTS = {name: set(imports(ast.parse(path.read_text()), name)) for name, path in SOURCES.items()}


def module(name: str) -> str | None:
    """The module of ours that an imported name is, or is in; flows import each other by name."""
    for start in (name, f"flows.{name}"):
        parts = start.split(".")
        for end in range(len(parts), 0, -1):
            if (found := ".".join(parts[:end])) in SOURCES:
                return found
    return None


ARROWS = {
    name: {target for one in names if (target := module(one)) not in (None, name, "kantor")}
    for name, names in IMPORTS.items()
}


def room(name: str) -> str:
    """``music`` for ``kantor.music.score``; ``flows`` for a flow."""
    first, *rest = name.split(".")
    return rest[0] if first == "kantor" and rest else first


HEIGHTS = {room: height for height, layer in enumerate(LAYERS) for room in layer.split()}


def test_every_room_has_its_layer() -> None:
    """Also a new one."""
    assert {room(name) for name in SOURCES} - {"kantor"} <= set(HEIGHTS)


def test_imports_point_down() -> None:
    """Or to a room of the same layer; never up."""
    up = {
        f"{name} -> {target}"
        for name, targets in ARROWS.items()
        for target in targets
        if HEIGHTS.get(room(target), 0) > HEIGHTS.get(room(name), 0)
    }
    assert sorted(up) == []


def test_imports_make_no_circle() -> None:
    """Neither among modules nor among the rooms of a layer."""
    rooms: dict[str, set[str]] = {}
    for name, targets in ARROWS.items():
        rooms.setdefault(room(name), set()).update(map(room, targets))
    for graph in (ARROWS, {one: targets - {one} for one, targets in rooms.items()}):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_large_library_stays_in_its_rooms(library: str) -> None:
    """Whatever else is started begins without it."""
    users = {
        name
        for name, names in IMPORTS.items()
        if any(one.split(".")[0] == library for one in names)
    }
    assert sorted(name for name in users if not name.startswith(LIBRARIES[library])) == []
