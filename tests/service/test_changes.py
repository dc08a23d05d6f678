"""New scores are noticed when they are there as a whole, and spoken of once."""

import os

import pytest

from kantor.data.contents import directory_hash
from kantor.service.changes import announced, new_data

OLD = 1_000_000_000


@pytest.fixture
def root(tmp_path):
    """A repository whose last pass read the data as they are."""
    (tmp_path / "data" / "scores").mkdir(parents=True)
    drop(tmp_path, "a.mid")
    text = (
        f"stages: {{ingest: {{deps: [{{path: data, md5: {directory_hash(tmp_path / 'data')}}}]}}}}"
    )
    (tmp_path / "dvc.lock").write_text(text)
    return tmp_path


def drop(root, name, time=OLD):
    path = root / "data" / "scores" / name
    path.write_text(name)
    for one in (path, *path.parents[:2]):
        os.utime(one, (time, time))


def test_the_same_data_are_no_news(root):
    """Nothing is said where the last pass read these very files."""
    assert new_data(root) is None


def test_a_dropped_score_is_news_once(root):
    """It is said until it was noted, and again for the next one."""
    drop(root, "b.mid")
    news = new_data(root)
    assert news.line == "data/ has changed: 2 files"
    assert new_data(root) == news
    announced(root, news)
    assert new_data(root) is None
    drop(root, "c.mid")
    assert new_data(root).line == "data/ has changed: 3 files"


def test_what_comes_meanwhile_is_news(root):
    """Noted is what was said, not what the folder holds by then."""
    drop(root, "b.mid")
    news = new_data(root)
    drop(root, "c.mid")
    announced(root, news)
    assert new_data(root).line == "data/ has changed: 3 files"


def test_the_same_data_later_are_another_change(root):
    """A run that was started for them once does not stand for the next time."""
    drop(root, "b.mid")
    first = new_data(root)
    drop(root, "b.mid", OLD + 100)
    assert new_data(root).key != first.key
    assert new_data(root).hash == first.hash


def test_who_is_still_copying_is_waited_for(root):
    """A folder that changed a moment ago is not spoken of yet."""
    (root / "data" / "scores" / "b.mid").write_text("half")
    assert new_data(root) is None
    assert new_data(root, settled=0) is not None


def test_without_data_or_a_pass(tmp_path):
    """No folder is no news; data that no pass has read are."""
    assert new_data(tmp_path) is None
    (tmp_path / "data" / "scores").mkdir(parents=True)
    drop(tmp_path, "a.mid")
    assert new_data(tmp_path).line == "data/ has changed: 1 files"
