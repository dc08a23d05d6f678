"""The data of a style come from a folder, a repository or the corpus, and only as pinned."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from tests.data.test_pin import dvc

from kantor.data import pin, style_data
from kantor.errors import InputError

ROOT = Path(__file__).parents[2]
FILES = {"LICENSE": "free", "scores/a/1.mid": "one", "scores/b/2.mid": "two", "scores/b/2.pdf": "x"}
DONE = ["  licence: free as air", "  credits: two people"]


def put(folder, files=FILES):
    """Write files by their paths."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def public(tmp_path):
    """A git repository whose newest commit is not the one that is pinned."""
    folder = put(tmp_path / "public")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    (folder / "LICENSE").write_text("sold")
    git(folder, "commit", "-qam", "second")
    return folder


@pytest.fixture
def root(tmp_path, public, monkeypatch):
    """A repository with the style duo, pinned to a part of the other's files, and no data."""
    monkeypatch.delenv(style_data.VARIABLE, raising=False)
    styles = tmp_path / "root/styles"
    styles.mkdir(parents=True)
    (tmp_path / "root/params.yaml").write_text("ensemble: {}\n")
    about = {"title": "Duo", "licence": "free as air", "credits": "two people"}
    (styles / "duo.yaml").write_text(yaml.safe_dump({"style": about}))
    kept = {name: text for name, text in FILES.items() if not name.endswith("pdf")}
    digest = pin.hash_of(pin.contents(put(tmp_path / "wanted", kept)))
    repository = {"url": str(public), "rev_lock": git(public, "rev-parse", "HEAD~1")}
    content = {
        "frozen": True,
        "deps": [{"path": name, "repo": repository} for name in ("scores", "LICENSE")],
        "outs": [{"md5": digest, "hash": "md5", "cache": False, "path": "duo/data"}],
        "meta": {"files": ["LICENSE", "scores/**/*.mid"]},
    }
    (styles / "duo.dvc").write_text(yaml.safe_dump(content))
    return tmp_path / "root"


def materialise(root, name="duo"):
    said = []
    style_data.materialise(root, name, said.append)
    return said


def test_it_is_fetched_once_at_its_commit(root, public):
    """Only the files that are named, with their licence told; the second call does nothing."""
    commit = git(public, "rev-parse", "HEAD~1")
    as_pinned = "styles/duo/data: 3 files, as styles/duo.dvc pins them"
    fetching = f"styles/duo/data: fetching {public} at {commit}"
    assert materialise(root) == [fetching, as_pinned, *DONE]
    assert (root / "styles/duo/data/LICENSE").read_text() == "free"
    shutil.rmtree(public)
    assert materialise(root) == [as_pinned]
    assert [path.name for path in (root / "styles/duo").iterdir()] == ["data"]


def test_dvc_takes_the_pin_for_its_own(root):
    """DVC finds the fetched data up to date, and asks no network for it."""
    materialise(root)
    git(root, "init", "-q")
    dvc(root, "init", "-q")
    url = yaml.safe_load((root / "styles/duo.dvc").read_text())["deps"][0]["repo"]["url"]
    shutil.rmtree(url)
    assert dvc(root, "status", "--json").strip() == "{}"
    before = (root / "styles/duo.dvc").read_text()
    dvc(root, "repro", "styles/duo.dvc")
    assert (root / "styles/duo.dvc").read_text() == before


def test_a_copy_at_hand_is_taken(root, public, tmp_path, monkeypatch):
    """Where the variable names a folder that has the style, nothing is fetched."""
    shutil.rmtree(public)
    monkeypatch.setenv(style_data.VARIABLE, str(tmp_path / "copies"))
    with pytest.raises(InputError, match=r"cannot be fetched .*KANTOR_STYLE_DATA"):
        materialise(root)
    put(tmp_path / "copies/duo")
    assert materialise(root)[1:] == DONE
    assert sorted(pin.contents(root / "styles/duo/data")) == [
        "LICENSE", "scores/a/1.mid", "scores/b/2.mid",
    ]  # fmt: skip


def test_other_bytes_stop(root, tmp_path, monkeypatch):
    """In the copy, or in the style's own folder, which is left as it is."""
    monkeypatch.setenv(style_data.VARIABLE, str(tmp_path / "copies"))
    put(tmp_path / "copies/duo", {**FILES, "LICENSE": "other"})
    with pytest.raises(InputError, match=r"duo: 3 files, but other ones than styles/duo\.dvc pins"):
        materialise(root)
    assert not list((root / "styles/duo").iterdir())
    own = put(root / "styles/duo/data", {"mine.mid": "mine"})
    with pytest.raises(InputError, match=r"styles/duo/data: other files .*move the folder away"):
        materialise(root)
    assert (own / "mine.mid").read_text() == "mine"


def test_a_style_of_ones_own(root):
    """Without a pin the files that are there are those of the style; none are an error."""
    (root / "styles/band.yaml").write_text("style: {title: Band}\n")
    with pytest.raises(InputError, match=r"styles/band/data: no files; put the scores"):
        materialise(root, "band")
    put(root / "styles/band/data", {"mine.mid": "mine"})
    assert materialise(root, "band") == ["styles/band/data: 1 files, not pinned"]
    with pytest.raises(
        InputError, match=r"^no style 'bend'; there are band, duo; band may be meant$"
    ):
        materialise(root, "bend")


@pytest.mark.parametrize(
    "path", sorted((ROOT / "styles").glob("*.dvc")), ids=lambda path: path.stem
)
def test_pins_say_where_the_files_are_from(path):
    """Each names a repository with its commit, or a part of the corpus, and which files."""
    origin = style_data.origin(path)
    assert origin.files
    assert origin.corpus or (origin.url.startswith("https://") and len(origin.commit) == 40)
    assert pin.pinned(path)


def test_corpus(tmp_path, monkeypatch):
    """Palestrina needs no network: the files are in music21's corpus, byte for byte."""
    for name in ("params.yaml", "styles/palestrina.yaml", "styles/palestrina.dvc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    assert materialise(tmp_path, "palestrina")[0].endswith(
        "1318 files, as styles/palestrina.dvc pins them"
    )
