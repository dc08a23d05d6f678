"""Change values in ``params.yaml`` as DVC changes them: everything else stays as it was typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import yaml
from ruamel.yaml import YAML

from kantor import settings
from kantor.errors import SetupError
from kantor.files import save
from kantor.service.parameters import SERVED, check_stages

Value = bool | int | float | str | Sequence[Mapping[str, str]]
"""A number, a word, or a list of flat mappings such as ``ingest.sources``."""


def change(root: Path, changes: Mapping[str, Value]) -> list[str]:
    """Write values into ``root/params.yaml`` by their dotted keys, whole or not at all.

    Comments, order and layout stay. Hold the pipeline's lock meanwhile. Returns the keys that had
    another value before.

    Raises
    ------
    SetupError
        One line that names the key and the fault; nothing is written then.
    """
    path = root / "params.yaml"
    before = settings.read_params(path)
    different = {key: value for key, value in changes.items() if at(before, key) != value}
    if different:
        text = with_values(path.read_text(), different)
        values = yaml.safe_load(text)
        for name in sorted({key.partition(".")[0] for key in different}):
            settings.checked(SERVED[name], name, values, "params.yaml")
        save(path, lambda file: file.write(text.encode()))
    check_stages(root)
    return list(different)


def at(values: Mapping[str, Any], key: str) -> Any:
    """The value at a dotted key; None where there is none."""
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def with_values(text: str, changes: Mapping[str, Value]) -> str:
    """The text of a YAML file with other values at some dotted keys, in the form that DVC writes.

    Raises
    ------
    SetupError
        If a key leads through something that is no mapping.
    """
    file = YAML()  # as DVC writes it for ``dvc exp run -S``: comments and order stay
    values = file.load(text)
    for key, value in changes.items():
        *path, name = key.split(".")
        node = values
        for part in path:
            node = node.setdefault(part, {})
            if not isinstance(node, Mapping):
                raise SetupError(f"params.yaml: {key.rpartition('.')[0]}: expected a mapping")
        node[name] = _written(file, node.get(name), value)
    written = StringIO()
    file.dump(values, written)
    return written.getvalue()


def _written(file: YAML, before: Any, value: Value) -> Any:
    """A value as it is to stand in the file: the items of a list that stay keep their layout."""
    if isinstance(value, float):
        return file.load(format(Decimal(repr(value)), "f"))  # no exponent: YAML 1.1 reads no 1e-05
    if isinstance(before, list) and isinstance(value, list | tuple):
        before[:] = [next((old for old in before if old == new), new) for new in value]
        return before
    return value
