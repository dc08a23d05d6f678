"""A model as one file: the same bytes for the same model, taken anywhere, refused if damaged."""

import io
import json
import struct
import zipfile

import numpy as np
import pytest
from tests.registries import small_chorale

from kantor.errors import InputError, ModelError
from kantor.registry import card_of, export, load_model
from kantor.registry.loaded import example
from kantor.registry.model_file import MOST_MEMBERS, SUFFIX
from kantor.runtime import weights

SEEDS = np.zeros(1, np.int64)
NAME = "arrays/encoder.entry.bias.npy"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A chorale network of the smallest size, with a card."""
    folder = tmp_path_factory.mktemp("file") / "model"
    small_chorale(folder)
    (folder / "card.md").write_text("A *small* model.\n")
    return folder


@pytest.fixture(scope="module")
def file(folder):
    """The same as one file."""
    path = folder.with_name(f"small{SUFFIX}")
    export(path, str(folder))
    return path


@pytest.fixture
def members(file):
    """What is in the file."""
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members, packing=zipfile.ZIP_STORED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def npy(array, **how):
    stream = io.BytesIO()
    np.save(stream, array, **how)
    return stream.getvalue()


def test_a_file_composes_as_its_folder_does(folder, file, tmp_path, monkeypatch):
    """Without repository, registry or parameters; written again it has the same bytes."""
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_TRACKING_URI", "KANTOR_HOME"):
        monkeypatch.delenv(name, raising=False)
    model = load_model(str(file))
    assert model.source == str(file)
    made, wanted = model(example(), SEEDS), load_model(str(folder))(example(), SEEDS)
    assert all(map(np.array_equal, made, wanted))
    assert export(tmp_path / "again", str(file)) == str(file)
    assert (tmp_path / "again").read_bytes() == file.read_bytes()
    assert card_of(file) == "A *small* model.\n"
    with zipfile.ZipFile(file) as archive:
        assert {"card.md", "model.json", NAME} <= set(archive.namelist())


def with_info(members, **changes):
    info = json.loads(members["model.json"]) | changes
    return packed(members | {"model.json": json.dumps(info).encode()})


def broken_header(members):
    data = members[NAME]
    start = data.index(b"(8,)")
    return packed(members | {NAME: data[:start] + b"(9,)" + data[start + 4 :]})


def pickled(members):
    evil = npy(np.array([{"a": 1}], object), allow_pickle=True)
    return packed(members | {NAME: evil})


def many_said(members):
    data = bytearray(packed(members))
    data[-22:] = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0, MOST_MEMBERS + 1, 0, 0, 0)
    return bytes(data)


def overlapping(members):
    """The directory names one member of the file again and again."""
    data = packed({"model.json": members["model.json"], NAME: 10_000 * b"\0"})
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start, infos = archive.start_dir, archive.infolist()
    entries, count = data[start:-22], 40
    entry = entries[46 + len(infos[0].filename) :]
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, count * len(entry), start, 0)
    return data[:start] + count * entry + end


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda members: b"", "no archive such as Kantor writes"),
        (lambda members: b"MThd" + 100 * b"x", "no archive such as Kantor writes"),
        (lambda members: packed(members)[:-300], "no archive such as Kantor writes"),
        (lambda members: packed(members)[300:], "damaged"),
        (lambda members: packed(members).replace(members[NAME], members[NAME][::-1]), "Bad CRC"),
        (lambda members: packed(members, zipfile.ZIP_DEFLATED), "packed or encrypted members"),
        (lambda members: packed({"other.txt": b""}), "no model.json in it"),
        (lambda members: packed(members | {"model.json": b"[]"}), "indices"),
        (lambda members: packed(members | {"model.json": 9_999 * b"["}), "not a model of Kantor"),
        (lambda members: with_info(members, preset="unet"), "its preset unet needs TensorFlow"),
        (lambda members: with_info(members, format=9), "a model of format 9, and this release"),
        (lambda members: with_info(members, ensemble={"lines": 3}), "not an ensemble"),
        (lambda members: packed({**members, NAME: npy(np.ones(9, "f4"))}), "has the shape"),
        (lambda members: packed({**members, NAME: npy(np.full(8, np.nan))}), "is not finite"),
        (
            lambda members: packed({**members, "arrays/encoder.dilations.npy": npy([10**9])}),
            "dilations are not from 1 to 4096",
        ),
        (broken_header, "an array that is not what its header says"),
        (pickled, "an array that is not what its header says"),
        (many_said, "more than 1,000 members"),
        (overlapping, "packed or encrypted members|verlap"),
    ],
)
def test_damaged_and_foreign_files_are_refused(members, tmp_path, change, fault):
    """In one line that names the file; nothing is unpickled, and nothing unpacks to more."""
    path = tmp_path / f"strange{SUFFIX}"
    path.write_bytes(change(members))
    with pytest.raises(ModelError, match=fault) as caught:
        load_model(str(path))
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert "/kantor-" not in str(caught.value)


def test_what_has_no_file(folder, tmp_path):
    """A preset that composes with TensorFlow, a folder without a model, a name of no file."""
    for name in ("model.json", weights.NAME):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "model.json").write_text('{"preset": "unet"}')
    with pytest.raises(ModelError, match="preset unet composes with TensorFlow alone"):
        export(tmp_path / "x", str(tmp_path))
    (tmp_path / "model.json").unlink()
    with pytest.raises(ModelError, match="not a model; "):
        export(tmp_path / "x", str(tmp_path))
    assert not (tmp_path / "x").exists()
    with pytest.raises(InputError, match=r"there/x: cannot be written \(No such file"):
        export(tmp_path / "there" / "x", str(folder))
    with pytest.raises(InputError, match=r"none\.kantor: no such file"):
        load_model("none.kantor")


def test_outside_a_repository_a_file_is_offered(tmp_path, monkeypatch):
    """Who has no repository is told what works without one."""
    from kantor.errors import SetupError
    from kantor.registry import loading

    def no_root():
        raise SetupError("here: not inside a Kantor repository")

    monkeypatch.setattr(loading, "find_root", no_root)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(SetupError, match="repository; or name a model's file: --model FILE"):
        load_model("champion")
