"""The page with the same melodies in every style."""

import re
from pathlib import Path

import pytest
from tests.ensembles import tune

from kantor.compose.from_file import read_request
from kantor.errors import InputError
from kantor.music.score import Score
from kantor.publishing.styles_page import Heard, Told, melodies, write
from kantor.styles import Style

ROOT = Path(__file__).parents[2]


def test_a_melody_stands_in_every_style(tmp_path):
    """Each with its own lines, sound and roll; words are escaped, and nothing is loaded."""
    path, scores = tmp_path / "styles.html", (tune(1), tune(2).line(1))
    styles = [
        Told("band", Style(title="<b>Band</b>", licence="CC0"), "kantor-band version 1"),
        Told("solo", Style(title="Solo"), "kantor-solo version 2"),
    ]
    heard = [Heard("band", scores[0], ("no 3/4",)), Heard("solo", scores[1])]
    write(path, styles, {"A tune": heard}, lambda score, rate: b"sound of it")
    text = path.read_text()
    assert text.count("<audio") == text.count("data:audio/mpeg;base64,") == 2
    assert "<b>Band" not in text
    assert "kantor-solo version 2" in text
    assert "Learned from: CC0" in text
    assert '<p class="told">no 3/4</p>' in text
    assert not re.findall(r'(?:src|href)="(?!data:|#)', text)
    with pytest.raises(InputError, match="cannot be written"):
        write(tmp_path / "none" / "x.html", styles, {}, lambda score, rate: b"")


def test_the_melodies_are_there():
    """Six, each of which can be composed to; a folder without any says what to do."""
    found = melodies(ROOT)
    assert len(found) == 6
    for path in found:
        request = read_request(path)
        assert isinstance(request.score, Score)
        assert path.suffix == ".mid" or not request.messages, (path, request.messages)
    with pytest.raises(InputError, match="name files of your own"):
        melodies(ROOT / "styles")
