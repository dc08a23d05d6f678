"""A model as one file: a zip archive of its arrays, ``model.json`` and the model card.

Nothing in it is packed or pickled, and equal models give equal bytes. A file may come from a
stranger, so it is read as an upload is: within limits, arrays only, and whole or not at all.
"""

from __future__ import annotations

import io
import json
import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kantor import files
from kantor.errors import InputError, ModelError, one_line
from kantor.network.layout import Layout
from kantor.registry import card
from kantor.runtime import weights
from kantor.runtime.generator import ensemble_of

SUFFIX = ".kantor"
MOST_BYTES, MOST_MEMBERS = 256_000_000, 1_000
"""Of a file that is read."""

_INFO, _ARRAYS, _ARRAY = "model.json", "arrays/", ".npy"
_CARDS = (card.MARKDOWN, card.JSON)
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip archive knows
_END, _END_64 = struct.Struct("<4s4H2LH"), b"PK\x06\x07"
_FAULTS = (
    zipfile.BadZipFile,
    struct.error,
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    NotImplementedError,
)


def write(folder: Path, path: Path) -> None:
    """Write the model in `folder` to a file; `ModelError` if numpy alone cannot compose with it."""
    members: dict[str, bytes] = {}
    info = _read_info(folder)
    for name in _CARDS:
        if (folder / name).is_file():
            members[name] = (folder / name).read_bytes()
    members[_INFO] = (folder / _INFO).read_bytes()
    try:
        arrays = weights.load(folder, Layout(ensemble_of(info)))
    except _FAULTS as error:
        raise ModelError(f"{folder}: {_described(error)}; {weights.REMEDY}") from None
    for name in sorted(arrays):
        members[f"{_ARRAYS}{name}{_ARRAY}"] = _npy(arrays[name])
    packed = _zip(members)
    try:
        files.save(path, lambda file: file.write(packed))
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error})") from None


def unpack(path: Path, into: Path) -> None:
    """Write what is in a file to the folder `into`, as `kantor.compose.composer.load` reads it.

    `ModelError` with one line if it is no model's file, is damaged or too large.
    """
    try:
        members = _members(path)
        info = json.loads(members[_INFO])
        if info["preset"] not in weights.PRESETS:
            raise ValueError(f"its preset {info['preset']} needs TensorFlow")
        arrays = {
            name.removeprefix(_ARRAYS).removesuffix(_ARRAY): _array(data)
            for name, data in members.items()
            if name.startswith(_ARRAYS)
        }
        weights.check(arrays, Layout(ensemble_of(info)))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except _FAULTS as error:
        raise ModelError(
            f"{path}: not a model of Kantor, or damaged ({_described(error)}); "
            "export it again with `kantor model export`"
        ) from None
    for name in (_INFO, *_CARDS):
        if name in members:
            (into / name).write_bytes(members[name])
    weights.save(into, arrays)


def _read_info(folder: Path) -> dict[str, Any]:
    try:
        info = dict(json.loads((folder / _INFO).read_text()))
    except (OSError, ValueError, TypeError):
        raise ModelError(f"{folder}: not a model; {weights.REMEDY}") from None
    if info.get("preset") not in weights.PRESETS:
        raise ModelError(
            f"{folder}: a model of the preset {info.get('preset')} composes with TensorFlow alone "
            f"and has no file; export one of {' or '.join(weights.PRESETS)}"
        )
    return info


def _described(error: BaseException) -> str:
    if isinstance(error, KeyError):
        return one_line(f"no {error.args[0]} in it", 100)
    return one_line(str(error) or type(error).__name__, 100)


def _npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(
        stream, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False
    )
    return stream.getvalue()


def _array(data: bytes) -> NDArray[Any]:
    """The array of an ``.npy`` file, which holds as many bytes as its header says."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("an array of an unknown form")
    shape, by_columns, dtype = np.lib.format.read_array_header_1_0(stream)
    rest = data[stream.tell() :]
    if dtype.kind not in "fi" or by_columns or math.prod(shape) * dtype.itemsize != len(rest):
        raise ValueError("an array that is not what its header says")
    return np.frombuffer(rest, dtype).reshape(shape)


def _zip(members: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, _LONG_AGO)
            info.create_system, info.external_attr = 3, 0o644 << 16  # the same on every system
            archive.writestr(info, data)
    return stream.getvalue()


def _members(path: Path) -> dict[str, bytes]:
    """The members of an archive in which nothing is packed, so that it holds what it weighs."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes")
    data = path.read_bytes()[:size]
    end = data[-_END.size :]
    # What `zipfile` would read in memory before it can be asked how much that is.
    if len(end) < _END.size or end[:4] != b"PK\x05\x06" or _END_64 in data[-64:]:
        raise ValueError("no archive such as Kantor writes")
    if _END.unpack(end)[4] > MOST_MEMBERS:
        raise ValueError(f"more than {MOST_MEMBERS:,} members")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = archive.infolist()
        is_plain = all(
            info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1 for info in infos
        )
        if not is_plain or sum(info.file_size for info in infos) > size:
            raise ValueError("packed or encrypted members")
        return {info.filename: archive.read(info) for info in infos}
