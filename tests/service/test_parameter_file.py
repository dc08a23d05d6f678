"""Values are changed in params.yaml as DVC changes them; every other line of it stays."""

import pytest
import yaml
from dvc.utils.serialize import modify_yaml
from tests.pipeline.conftest import ROOT

from kantor.errors import SetupError
from kantor.service.parameter_file import change, with_values

TEXT = """\
# A comment at the head
train:
  seed: 1      # why it is one
  rates: {slow: 0.0001, fast: 0.002}   # both
  words: default
ingest:
  sources:     # kinds
  - {kind: jsb, path: data/jsb}        # Bach
  - {kind: folder, path: data/scores}
  workers: 2
"""


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("train.seed", 12, "seed: 12 # why it is one"),
        ("train.rates.slow", 1e-05, "rates: {slow: 0.00001, fast: 0.002} # both"),
        ("train.rates.fast", 1, "rates: {slow: 0.0001, fast: 1} # both"),
        ("train.words", "long", "words: long"),
        ("train.xla", True, "xla: true"),
        ("train.rates.new", 3, "rates: {slow: 0.0001, fast: 0.002, new: 3} # both"),
        ("train.deep.er", 0.5, "er: 0.5"),
    ],
)
def test_one_value(key, value, line):
    """The line with it is another; read as YAML it has the value, and no other changed."""
    changed = with_values(TEXT, {key: value})
    assert line in [" ".join(one.split()) for one in changed.splitlines()]
    before, after = TEXT.splitlines(), changed.splitlines()
    assert len(set(before) - set(after)) == (0 if len(after) > len(before) else 1)
    found = yaml.safe_load(changed)
    for part in key.split("."):
        found = found[part]
    assert (found, type(found)) == (value, type(value))


def test_dvc_writes_the_file_in_the_same_form(root):
    """So ``dvc exp run -S`` changes one line of the repository's own, and a change here too."""
    path = root / "params.yaml"
    before = path.read_text()
    with modify_yaml(path) as values:
        values["train"]["iterations"] = 130
    after = path.read_text()
    differ = [
        new for old, new in zip(before.split("\n"), after.split("\n"), strict=True) if old != new
    ]
    assert [line.split()[:2] for line in differ] == [["iterations:", "130"]]
    path.write_text(before)
    change(root, {"train.iterations": 130})
    assert path.read_text() == after


def test_items_of_a_list():
    """Those that stay keep their layout; the keys after them stay where they are."""
    folder = {"kind": "folder", "path": "data/scores"}
    changed = with_values(TEXT, {"ingest.sources": [folder]})
    assert yaml.safe_load(changed)["ingest"] == {"sources": [folder], "workers": 2}
    again = with_values(changed, {"ingest.sources": [{"kind": "jsb", "path": "data/jsb"}, folder]})
    assert yaml.safe_load(again)["ingest"] == yaml.safe_load(TEXT)["ingest"]
    with pytest.raises(SetupError, match=r"train.seed: expected a mapping"):
        with_values(TEXT, {"train.seed.deep": 1})


@pytest.fixture
def root(tmp_path):
    for name in ("params.yaml", "dvc.yaml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    return tmp_path


def test_only_what_differs_is_written(root):
    """The keys are named; a value that is there already is no change."""
    path = root / "params.yaml"
    before = path.read_text()
    assert change(root, {"train.seed": 1, "train.learning_rates.critic": 0.001}) == []
    assert path.read_text() == before
    assert change(root, {"train.seed": 2, "train.batch": 64}) == ["train.seed"]
    assert path.read_text() == before.replace("seed: 1\n", "seed: 2\n", 1)


@pytest.mark.parametrize(("key", "value"), [("train.batch", 0), ("train.typo", 1)])
def test_a_fault_is_refused_before_it_is_written(root, key, value):
    """As the file itself would be, in one line with the key."""
    before = (root / "params.yaml").read_text()
    with pytest.raises(SetupError, match=rf"^params.yaml: {key}: "):
        change(root, {"train.seed": 5, key: value})
    assert (root / "params.yaml").read_text() == before
