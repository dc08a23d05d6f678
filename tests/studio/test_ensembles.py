"""Pieces of any ensemble in Studio: what they keep, and that the page plays what files hold."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic_core import to_jsonable_python
from tests.ensembles import ROCK, rhythms

from kantor.music.dynamics import unevenness
from kantor.music.score import Meter, Score, onset_floor
from kantor.music.swing import steps_played, swing_changes
from kantor.registry.listing import Listed
from kantor.studio import model_preview, scores
from kantor.studio.catalogue import Offer
from kantor.studio.document import Piece, Source
from kantor.studio.exporting import export
from kantor.studio.lending import with_lenders
from kantor.styles import Style

WEB = Path(scores.__file__).parent / "web/js"
SCRIPT = """
const {{ swingOf, played, written, velocity }} = await import("{web}/lib/swing.js");
const {{ secondsAt, stepAt }} = await import("{web}/lib/music.js");
const piece = JSON.parse(process.argv[1]);
const swing = swingOf(piece);
const steps = Array.from({{ length: piece.steps + 1 }}, (_, step) => step);
const timing = {{ tempo: piece.tempo, tempi: piece.tempi, swing }};
console.log(JSON.stringify({{
  swing,
  played: steps.map((step) => played(swing, step)),
  again: steps.map((step) => written(swing, played(swing, step))),
  seconds: steps.map((step) => secondsAt(timing, step)),
  steps: steps.map((step) => stepAt(timing, secondsAt(timing, step))),
  velocities: steps.map((step) => piece.lines.map((_, line) => velocity(piece, step, line))),
}}));
"""


def piece_of(score) -> Piece:
    return scores.piece_of(score, score.pitches == score.pitches, Source(kind="form"))


@pytest.mark.skipif(not shutil.which("node"), reason="no node on this machine")
@pytest.mark.parametrize(
    ("meter", "pickup"), [(Meter(), 0), (Meter(), 2), (Meter(3, 4), 4), (Meter(6, 8), 0)]
)
def test_the_page_plays_as_files_do(meter, pickup):
    """The same swing from the same places, and the same velocities."""
    score = rhythms(meter=meter, pickup=pickup, seed=5)
    data = json.dumps(piece_of(score).model_dump(mode="json"))
    command = ("node", "--input-type=module", "-e", SCRIPT.format(web=WEB.as_uri()), "--", data)
    found = json.loads(subprocess.check_output(command, text=True))
    assert [tuple(change) for change in found["swing"]] == swing_changes(score)
    np.testing.assert_allclose(found["played"], steps_played(score))
    np.testing.assert_allclose(found["seconds"], score.seconds_at(steps_played(score)))
    for back in (found["again"], found["steps"]):
        np.testing.assert_allclose(back, np.arange(score.steps + 1), atol=1e-9)
    expected = np.rint(80 + 24 * 0.4 * unevenness((score.steps + 1, len(ROCK)), 3))
    np.testing.assert_allclose(found["velocities"], expected, atol=1)


def test_a_piece_keeps_its_ensemble():
    """As JSON and back: levels, the sound, who leads, what the bass is; music is as before."""
    score = rhythms()
    piece = Piece.model_validate_json(piece_of(score).model_dump_json())
    again = scores.score_of(piece)
    kept = again.ensemble
    assert (kept.leads, kept.bass, kept.writing) == (ROCK.leads, ROCK.bass, ROCK.writing)
    assert kept.sound == ROCK.sound
    assert [line.level for line in kept.lines] == [line.level for line in ROCK.lines]
    assert (again.pitches == score.pitches).all()


@pytest.mark.parametrize("kind", ["mid", "musicxml", "png", "pdf"])
def test_what_is_exported_is_as_the_ensemble_plays_it(kind, tmp_path):
    """As the command line writes it."""
    from kantor.compose.outputs import write

    score = rhythms()
    piece = piece_of(score)
    export(piece, kind, tmp_path / f"a.{kind}")
    assert (tmp_path / f"a.{kind}").stat().st_size > 500
    if kind in ("mid", "musicxml"):
        write(score, tmp_path / f"b.{kind}", kind)
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()


def test_a_sample_of_a_model_is_played_by_its_sound():
    """Swung, each line at its level, velocities uneven."""
    notes = [[(0, 4, line.low), (2, 3, line.low)] for line in ROCK.lines]
    heard = model_preview.hearing(ROCK, notes)
    assert heard["swing"] == [(0, 0.62)]
    assert heard["lines"][1]["volume"] == pytest.approx(0.8 * 0.8)
    assert [line["drum"] for line in heard["lines"]] == [False] * 5 + [True] * 8
    struck = {note[3] for line in heard["lines"] for note in line["notes"]}
    assert len(struck) > 5
    assert max(abs(one - 80) for one in struck) <= 10


def offers_of_a_duo(root, lines=(0, 1, 4)):
    """Versions of a style whose file names rock's drums, and of rock, which lends them."""
    (root / "styles").mkdir(exist_ok=True)
    (root / "params.yaml").write_text("ensemble: {}")
    (root / "styles/rock.yaml").write_text("{}")
    (root / "styles/duo.yaml").write_text("drums: {style: rock}")
    duo, rock = Listed("kantor-duo", 2, ""), Listed("kantor-rock", 3, "", ("champion",))
    own = replace(ROCK.only(*lines), name="duo")
    told = Style(title="Rock", licence="CC0")
    offers = with_lenders([Offer(duo, own), Offer(rock, ROCK, style=told)], root)
    return {one.listed.style: one for one in offers}


def test_drums_of_another_model_are_offered(tmp_path):
    """With their lines and licence, where the style's file names them; lines tell who plays."""
    offers = offers_of_a_duo(tmp_path)
    assert offers["rock"].document()["drums"] is None
    drums = offers["duo"].document()["drums"]
    assert (drums["name"], drums["version"], drums["licence"]) == ("kantor-rock", 3, "CC0")
    names = [line["name"] for line in drums["lines"]]
    assert names == list(ROCK.names[ROCK.pitched :])
    own = offers["duo"].ensemble.names
    assert not offers["duo"].for_lines(own).drums
    drummed = offers["duo"].for_lines([*own, *names])
    assert (drummed.drums, drummed.ensemble.names) == (True, (*own, *names))
    assert not offers["duo"].for_lines([*own, "gong"]).drums
    with_snare = offers_of_a_duo(tmp_path, (0, 1, 4, ROCK.index("snare")))
    assert with_snare["duo"].lender is None


DRUMS = """
const {{ hasDrums, isForOthers, setDrums }} = await import("{web}/lib/recasting.js");
const [piece, model] = JSON.parse(process.argv[1]);
const found = [isForOthers(piece, model), hasDrums(piece, model)];
setDrums(piece, model, true);
const names = piece.lines.map((line) => line.name);
found.push(isForOthers(piece, model), hasDrums(piece, model), names);
setDrums(piece, model, false);
console.log(JSON.stringify([...found, piece]));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no node on this machine")
def test_the_page_adds_drums_and_takes_them_away(tmp_path):
    """The piece's own lines stay as they are, and the same model composes for both."""
    offer = offers_of_a_duo(tmp_path)["duo"]
    pitches = np.repeat([[72, 67, 48]], 32, axis=0)
    piece = piece_of(Score(pitches, onset_floor(pitches), ensemble=offer.ensemble))
    before = piece.model_dump(mode="json")
    data = json.dumps([before, to_jsonable_python(offer.document())])
    command = ("node", "--input-type=module", "-e", DRUMS.format(web=WEB.as_uri()), "--", data)
    *found, after = json.loads(subprocess.check_output(command))
    names = [*offer.ensemble.names, *ROCK.names[ROCK.pitched :]]
    assert found == [False, False, False, True, names]
    assert after == before


RECAST = """
const {{ recast }} = await import("{web}/lib/recasting.js");
const [piece, model] = JSON.parse(process.argv[1]);
recast(piece, model, 0);
console.log(JSON.stringify(piece));
"""


@pytest.mark.skipif(not shutil.which("node"), reason="no node on this machine")
def test_choosing_a_model_of_another_ensemble_brings_its_sound():
    """The page's script gives the piece the model's lines and cast; the melody stays."""
    pitches = np.repeat([[72, 67, 64, 48]], 32, axis=0)
    piece = piece_of(Score(pitches, onset_floor(pitches)))
    offer = Offer(Listed("kantor-rock", 1, ""), ROCK).document()
    data = json.dumps([piece.model_dump(mode="json"), to_jsonable_python(offer)])
    command = ("node", "--input-type=module", "-e", RECAST.format(web=WEB.as_uri()), "--", data)
    made = scores.score_of(Piece.model_validate_json(subprocess.check_output(command)))
    assert (made.ensemble.sound, made.ensemble.names) == (ROCK.sound, ROCK.names)
    assert [line.level for line in made.ensemble.lines] == [line.level for line in ROCK.lines]
    assert (made.pitches[:, 0] == 72).all()
    assert (made.pitches[:, 1:] == -1).all()
