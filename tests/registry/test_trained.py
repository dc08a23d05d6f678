"""A version of a real, if untrained, network: the way from its folder to an answer."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import fields

import httpx
import numpy as np
import pandas as pd
import pytest
from tests.registries import PARAMS, VARIABLES, build, small_chorale

from kantor.compose import outputs
from kantor.compose.composer import compose
from kantor.compose.from_file import read_request
from kantor.formats import reading
from kantor.formats.parsed import Limits
from kantor.music.conditioning import Conditioning
from kantor.music.notes import Note, arrays_of
from kantor.music.score import Key, Score
from kantor.registry import load_model, register
from kantor.registry.loaded import example
from kantor.registry.packing import ROOMS
from kantor.registry.pyfunc import Pyfunc, array_row, music_example

# Keras 3.15 reads TensorFlow's variables in the way of numpy 1.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)

SEED = np.zeros(1, np.int64)

# Runs apart, without what Kantor uses elsewhere and a version does not list. The package itself
# comes from the version's files, not from where it is installed.
ALONE = """
import sys
from pathlib import Path

for name in ("dvc", "great_expectations", "keras", "matplotlib", "music21", "prefect",
             "pretty_midi", "psutil", "pypianoroll", "soundfile", "tensorflow", "typer"):
    sys.modules[name] = None
import mlflow
model = mlflow.pyfunc.load_model(sys.argv[1])
import kantor
assert Path(kantor.__file__).is_relative_to(sys.argv[1]), kantor.__file__
print(model.predict(model.input_example)["music"][0])
"""


@pytest.fixture(autouse=True)
def stand_in():
    """The real generators, and nobody's registry or repository."""
    with pytest.MonkeyPatch.context() as patch:
        for name in VARIABLES:
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="module")
def root(tmp_path_factory, empty_database):
    """A repository with a chorale network of the smallest size, registered."""
    import keras

    root = build(tmp_path_factory.mktemp("trained") / "repository")
    keras.utils.set_random_seed(3)
    small_chorale(root / "build/model")
    (root / "mlflow.db").write_bytes(empty_database.read_bytes())
    register(root, PARAMS)
    return root


@pytest.fixture
def served(root, monkeypatch):
    """The champion as MLflow loads it."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'mlflow.db'}")
    import mlflow

    return mlflow.pyfunc.load_model("models:/kantor-bach@champion")


def test_arrays_and_the_short_way_agree(served, root):
    """MLflow's way and ours compose the same notes, with sampling parameters and without."""
    given = example()
    piece = Conditioning(**{field.name: getattr(given, field.name)[0] for field in fields(given)})
    for sampling in ({}, {"temperature": 5.0}):
        rows = served.predict([array_row(piece)], params=sampling)
        pitches, onsets = load_model(root=root)(given, SEED, **sampling)
        assert rows["pitches"].tolist() == pitches.tolist()
        assert rows["onsets"].tolist() == onsets.tolist()
        assert np.array_equal(pitches[0, :, 0], given.pitches[0, :, 0])


@pytest.mark.parametrize("kind", ["mid", "musicxml"])
def test_music_comes_back_as_it_was_sent(served, root, tmp_path, kind):
    """A file's bytes give what `kantor compose` makes of the file, in its format."""
    file = tmp_path / f"tune.{kind}"
    pitches, onsets = arrays_of([Note(4 * n, 4 * n + 4, 60 + 2 * n) for n in range(8)], 32, 1)
    outputs.write(Score(pitches, onsets, key=Key(), title="A tune"), file, kind)
    rows = [
        {"music": base64.b64encode(file.read_bytes()).decode(), "seed": seed} for seed in (0, 5)
    ]
    made = served.predict(rows)
    request = read_request(file)
    for seed, row in zip((0, 5), made.to_dict("records"), strict=True):
        ((take,),) = compose([request], load_model(root=root), seed)
        outputs.write(take, tmp_path / f"take.{kind}", kind)
        assert base64.b64decode(row["music"]) == (tmp_path / f"take.{kind}").read_bytes()
        assert (row["format"], row["messages"]) == (kind, list(request.messages))


@pytest.mark.parametrize(
    ("rows", "params", "fault"),
    [
        ([{"music": "no base64!"}], {}, "music: not Base64; send a file's bytes in it"),
        ({"music": ["TVRoZA=="]}, {}, "music: not a text; send rows, such as"),
        ([{"music": "TVRoZA=="}], {}, "music: a truncated MIDI header; export it again"),
        ([{"music": "AAAA"}], {}, "music: neither MIDI, MusicXML nor ABC"),
        ([{"seed": 1}], {}, "a row without pitches: expected music, a file's bytes in Base64, or"),
        ([{"tune": "x"}], {}, "no piece: expected music"),
        (None, {"given": "violin"}, "'violin' is no voice; expected some of soprano,alto"),
        (None, {"temperature": -1.0}, "a temperature of -1.0"),
        ([{"pitches": [[60, -1]]}], {}, "composes for soprano, alto, tenor, bass, and not for 2"),
        ([{"pitches": [[60, -1], [60]]}], {}, "not arrays of a piece: "),
        ([{"pitches": [[600, -1]]}], {}, "not arrays of a piece: "),
        ([{"pitches": [[60, -1, -1, -1]] * 2}], {}, r"given onsets of shape \(1, 2\)"),
    ],
)
def test_a_bad_request_gets_one_line(served, rows, params, fault):
    """MLflow's server answers with it and code 400, and with nothing of the data."""
    from mlflow.exceptions import MlflowException

    rest = {"onsets": [[True, False]], "mask": [[True, False]], "bars": [[0, 16]]}
    rest |= {"fermatas": [0.0], "major_tonic": 0}
    if rows is None:
        rows = served.input_example
    elif isinstance(rows, list) and "pitches" in rows[0]:
        rows = [rest | rows[0]]
    with pytest.raises(MlflowException, match=fault) as caught:
        served.predict(rows, params=params)
    assert caught.value.get_http_status_code() == 400
    caught.value.message = "Failed to predict data\nand so on"  # what its server makes of any error
    answer = json.loads(caught.value.serialize_as_json())["message"]
    assert re.search(fault, answer)
    assert "\n" not in answer


def test_what_a_version_carries(root):
    """No TensorFlow, and of the package only what composing needs."""
    (files,) = root.glob("mlartifacts/models/*/artifacts")
    needs = (files / "requirements.txt").read_text().split()
    names = [need.split("==")[0] for need in needs]
    assert names == ["mlflow", "numpy", "pydantic", "pyyaml", "threadpoolctl"]
    rooms = {path.name for path in (files / "code/kantor").iterdir() if path.is_dir()}
    assert rooms == set(ROOMS)


@pytest.mark.long
def test_version_needs_only_what_it_lists(root):
    """With the listed packages and the version's own files alone it composes the same notes."""
    (description,) = root.glob("mlartifacts/models/*/artifacts/MLmodel")
    assert not list(description.parent.rglob("*.pyc"))
    done = subprocess.run(
        [sys.executable, "-c", ALONE, description.parent],
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        cwd=description.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    model = load_model(root=root)
    answer = Pyfunc(model).predict(pd.DataFrame(music_example(model)))
    assert done.stdout.strip() == answer["music"][0]


@pytest.fixture
def server(root, tmp_path):
    """The address where MLflow serves the champion, started in a folder elsewhere."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = "models serve -m models:/kantor-bach@champion --env-manager local --port"
    uri = f"sqlite:///{root / 'mlflow.db'}"
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *words.split(), str(port)],
            env=os.environ | {"MLFLOW_TRACKING_URI": uri, "MLFLOW_DISABLE_TELEMETRY": "true"},
            cwd=tmp_path,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        for _ in range(240):
            with suppress(httpx.TransportError):
                httpx.get(f"http://127.0.0.1:{port}/ping")
                break
            assert process.poll() is None, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


@pytest.mark.long
def test_mlflow_serves_it(server, root):
    """A melody gives a file that can be read, a bad request code 400 and one line."""
    answer = httpx.post(server, json={"inputs": music_example(load_model(root=root))}, timeout=60)
    (row,) = answer.json()["predictions"]
    made = reading.parse(base64.b64decode(row["music"]), Limits())
    assert [part.name for part in made.parts] == ["Soprano", "Alto", "Tenor", "Bass"]
    refused = httpx.post(server, json={"inputs": [{"music": "TVRoZA=="}]})
    message = "music: a truncated MIDI header; export it again"
    assert (refused.status_code, refused.json()["message"]) == (400, message)
