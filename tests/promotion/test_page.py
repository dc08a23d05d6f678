"""The page of a comparison lets a person hear both versions, and says why where it cannot."""

import html
import re

import pytest
from tests.registries import Rule

from kantor.data import corpus
from kantor.errors import ModelError, SetupError
from kantor.promotion import page


@pytest.fixture
def root(pieces, tmp_path):
    """A repository with pieces that are held out; nothing is played."""
    (tmp_path / "build").mkdir()
    (tmp_path / "reports").mkdir()
    corpus.save(pieces, tmp_path / "build/scores.npz")
    (tmp_path / "params.yaml").write_text("evaluate: {split: valid, samples: 1, seed: 7}\n")
    return tmp_path


@pytest.fixture
def load_model(monkeypatch):
    """Versions that compose by rule, each at another distance."""

    def load(uri, root):
        return Rule(3 + int(uri[-1])).compose

    monkeypatch.setattr(page, "load_model", load)
    monkeypatch.setattr(page, "embed", lambda scores, room: ["data:audio/mpeg,"] * len(scores))


@pytest.mark.usefixtures("load_model")
def test_both_versions_and_bach_are_heard(outcome, root):
    """Of each piece three takes that differ below the melody, with the figures and the drawing."""
    page.write(outcome, root)
    text = (root / page.PAGE).read_text()
    assert "kantor-bach version 2 is better than the champion, version 1" in text
    kinds = ["Challenger, version 2", "Champion, version 1", "Real"]
    assert re.findall("<figcaption>(.*?)</figcaption>", text) == kinds * page.PIECES
    assert text.count("<audio") == len(kinds) * page.PIECES
    rolls = re.findall(r'<svg class="roll".*?</svg>', text)
    assert len({re.sub("aria-label=.*?>", "", roll) for roll in rolls[:3]}) == 3
    assert all(row.label in html.unescape(text) for row in outcome.rows)
    assert (root / page.PLOT).read_bytes().startswith(b"\x89PNG")
    assert 'src="comparison.png"' in text
    assert not re.search(r"https?://(?!www.w3.org)", text)


@pytest.mark.parametrize("fault", [ModelError, SetupError])
def test_where_nothing_can_be_heard_the_page_says_why(outcome, root, monkeypatch, fault):
    """The verdict is there all the same: a decision does not wait for sound."""

    def broken(uri, root):
        raise fault(f"{uri}: <broken>")

    monkeypatch.setattr(page, "load_model", broken)
    page.write(outcome, root)
    text = (root / page.PAGE).read_text()
    assert "nothing to hear: models:/kantor-bach/2: &lt;broken&gt;" in text
    assert "is better than the champion" in text
    assert "<audio" not in text
    (root / "build/scores.npz").unlink()
    page.write(outcome, root)
    assert "scores.npz" in (root / page.PAGE).read_text()
