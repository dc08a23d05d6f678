"""Imports point down: each room uses those below it, and only some rooms use a large library.

The imports are read from the source, so those within functions count as well. Those under
`TYPE_CHECKING` do not: they are never run.
"""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from kantor.registry.packing import ROOMS

ROOT = Path(__file__).parents[1]
LAYERS = (
    "ensemble errors settings styles files locks processes"
    " hyperparameters stages experiments tracking",
    "music",
    "formats pages",
    "network data metrics intake",
    "model runtime training",
    "drift registry compose drumming",
    "service batch promotion report publishing listening",
    "cli studio flows pipelines",
)
"""The rooms, from the lowest layer up; a room may use those beside it in its layer."""
HEIGHTS = {room: height for height, layer in enumerate(LAYERS) for room in layer.split()}
LIBRARIES = {
    "tensorflow": ("kantor.model",),
    "keras": ("kantor.model",),
    "mlflow": ("kantor.registry", "kantor.promotion", "kantor.service.mlflow_server"),
    "prefect": ("flows",),
    "dvc": (),
}
"""Libraries that only some modules may import."""


def imports(node):
    """Every name that a module imports, in full: ``kantor.music.score.Score``."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            continue
        if isinstance(child, ast.Import):
            yield from (alias.name for alias in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, "a relative import"
            yield from (f"{child.module}.{alias.name}" for alias in child.names)
        else:
            yield from imports(child)


IMPORTS = {
    ".".join(path.relative_to(top).with_suffix("").parts).removesuffix(".__init__"): set(
        imports(ast.parse(path.read_text()))
    )
    for folder, top in (("src", ROOT / "src"), ("flows", ROOT), ("pipelines", ROOT))
    for path in (ROOT / folder).rglob("*.py")
}
"""The names of the modules, such as ``kantor.music.score`` or ``flows.retrain``."""


def module(name):
    """The module of ours that an imported name is, or is in; flows import each other by name."""
    for start in (name, f"flows.{name}"):
        for part in (start, start.rpartition(".")[0]):
            if part in IMPORTS:
                return part
    return None


def room(name):
    """``music`` for ``kantor.music.score``; ``flows`` for a flow."""
    first, *rest = name.split(".")
    return rest[0] if first == "kantor" and rest else first


ARROWS = {
    name: {target for one in names if (target := module(one)) not in (None, name, "kantor")}
    for name, names in IMPORTS.items()
}


def test_imports_point_down():
    """Or to a room of the same layer; never up. Every room has a layer, also a new one."""
    assert {room(name) for name in IMPORTS} - {"kantor"} <= set(HEIGHTS)
    up = {
        f"{name} -> {target}"
        for name, targets in ARROWS.items()
        for target in targets
        if HEIGHTS[room(target)] > HEIGHTS.get(room(name), 0)
    }
    assert sorted(up) == []


def test_imports_make_no_circle():
    """Neither among modules nor among the rooms of a layer."""
    rooms = {}
    for name, targets in ARROWS.items():
        rooms.setdefault(room(name), set()).update({*map(room, targets)} - {room(name)})
    for graph in (ARROWS, rooms):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_a_version_carries_what_it_imports():
    """The rooms that are packed with a version in MLflow are those that loading one leads to."""
    seen, waiting = set(), {"kantor.registry", "kantor.registry.pyfunc"}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= ARROWS[name] - seen
    lazily = {"model"}  # of presets that need TensorFlow, which carry it
    needed = {room(name) for name in seen if (ROOT / "src/kantor" / room(name)).is_dir()}
    assert needed - lazily == set(ROOMS)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_large_library_stays_in_its_rooms(library):
    """Whatever else is started begins without it."""
    users = {name for name, names in IMPORTS.items() if library in {n.split(".")[0] for n in names}}
    assert sorted(name for name in users if not name.startswith(LIBRARIES[library])) == []
