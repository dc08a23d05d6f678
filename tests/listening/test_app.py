"""The pages: what they must not tell before an answer, and what they keep of it."""

import io
import re

import httpx
import numpy as np
import pytest
import soundfile
from tests.listening.chorales import MODEL, corpus

from kantor.listening import answers
from kantor.listening.app import build
from kantor.listening.blind import BlindTest
from kantor.listening.pairs import choose, compose_pairs
from kantor.listening.sounds import Sounds
from kantor.service.access import Access
from kantor.service.guard import Guard

COUNT = 4


@pytest.fixture(scope="module")
def pairs():
    return compose_pairs(choose(corpus(), COUNT, 0), MODEL.compose, 0)


@pytest.fixture
def blind(pairs, tmp_path):
    return BlindTest(pairs, MODEL.source, 1, 0, tmp_path / "answers.csv")


@pytest.fixture
def sounds(pairs):
    return Sounds(pairs)


@pytest.fixture
def ask(blind, sounds):
    """Ask the guarded application; redirects are followed."""
    import asyncio

    app = Guard(build(blind, sounds), Access())

    def ask(path, headers=None, **form):
        async def asked():
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost:8410", follow_redirects=True
            ) as client:
                if form:
                    return await client.post(path, data=form, headers=headers)
                return await client.get(path, headers=headers)

        return asyncio.run(asked())

    return ask


def pair_of(page):
    """The pair that a page asks for, as its form has it."""
    return re.search(r'name="pair" value="(\d+)"', page.text)[1]


def test_a_page_tells_nothing_before_the_answer(ask, blind, sounds):
    """Bach as A or as B: but for the random words the pages are the same, byte by byte."""
    pages = {}
    for number in range(40):
        name = f"listener{number:02}"
        turn = blind.turns(name)[0]
        page = ask(f"/pair?listener={name}")
        words = re.findall(r"/sound/([\w-]{12})", page.text)
        assert words == list(sounds.words[turn.pair][:: -1 if turn.order else 1])
        shown = page.text.replace(name, "listener")
        for word in words:
            shown = shown.replace(word, "word")
        pages.setdefault(turn.pair, {}).setdefault(turn.order, shown)
    assert [set(by_order) for by_order in pages.values()] == [{0, 1}] * COUNT
    assert all(by_order[0] == by_order[1] for by_order in pages.values())
    assert not re.search(r"jsb|Chorale \d|kantor-bach", "".join(pages[0].values()))


def test_recordings_are_alike_in_length_and_loudness(sounds):
    """The same bytes and samples in number, the same root mean square; not the same sound."""
    files = [sounds.of(word) for word in sounds.words[0]]
    assert len(files[0]) == len(files[1])
    bach, kantor = (soundfile.read(io.BytesIO(file))[0] for file in files)
    assert bach.shape == kantor.shape
    loud = [float(np.sqrt((sound**2).mean())) for sound in (bach, kantor)]
    assert loud[0] == pytest.approx(loud[1], rel=0.01)
    assert np.abs(bach - kantor).max() > 0.05
    assert sounds.of("another word") is None


def test_a_recording_says_nothing_else(ask, sounds):
    """Its headers are those of any other; an unknown address is no recording."""
    answered = [ask(f"/sound/{word}") for word in sounds.words[1]]
    assert answered[0].headers == answered[1].headers
    assert answered[0].headers["content-type"] == "audio/mpeg"
    assert "etag" not in answered[0].headers
    assert ask("/sound/another").status_code == 404


def test_all_pairs_are_answered_once_and_then_counted(ask, blind):
    """The file has a line each; a form that was sent twice counts once; the result follows."""
    page = ask("/pair?listener=Anna")
    for number in range(COUNT):
        assert f"Pair {number + 1} of {COUNT}" in page.text
        form = {"listener": "Anna", "pair": pair_of(page), "plays": "3", "answer": "A"}
        page = ask("/answer", **form)
        assert ask("/answer", **form).text == page.text
    kept = answers.read(blind.path)
    assert [one.pair - 1 for one in kept] == [turn.pair for turn in blind.turns("Anna")]
    assert [one.right for one in kept] == [1 - turn.order for turn in blind.turns("Anna")]
    assert {(one.plays, one.answer, one.model) for one in kept} == {(3, "A", MODEL.source)}
    for one in kept:
        assert (one.order == "bach-kantor") == (one.right == 1)
        assert one.piece == blind.pairs[one.pair - 1].excerpt.piece.id
    right = sum(one.right for one in kept)
    low, high = answers.wilson(right, COUNT)
    assert f"{right} of {COUNT} right" in page.text
    assert f"95% interval {100 * low:.0f} to {100 * high:.0f}%" in page.text
    assert ask("/pair?listener=Anna").url.path == "/result"


def test_a_result_tells_only_of_what_was_answered(ask, blind):
    """Of one pair of four; who comes back goes on with the second."""
    page = ask("/pair?listener=Bo")
    ask("/answer", listener="Bo", pair=pair_of(page), plays="2", answer="B")
    result = ask("/result?listener=Bo").text
    assert re.findall(r"Chorale \d+(?=</th>)", result) == [
        blind.pairs[blind.turns("Bo")[0].pair].excerpt.piece.score.title
    ]
    assert "3 pairs left" in result
    assert "Pair 2 of 4" in ask("/pair?listener=Bo").text


def test_hands_are_a_line_each(ask, blind):
    """14 for A and 9 for B are 23 answers of one listener."""
    page = ask("/pair?listener=8b&hands=on")
    form = {"listener": "8b", "hands": "on", "pair": pair_of(page), "plays": "2"}
    assert "Hands for A" in ask("/answer", **form, A="14", B="9").text
    letters = [one.answer for one in answers.read(blind.path)]
    assert letters == ["A"] * 14 + ["B"] * 9
    bach = blind.turns("8b")[0].bach
    assert [one.right for one in answers.read(blind.path)] == [int(one == bach) for one in letters]


def test_answers_to_another_test_do_not_count(ask, blind):
    """Neither another model's nor another seed's."""
    page = ask("/pair?listener=Cy")
    ask("/answer", listener="Cy", pair=pair_of(page), plays="2", answer="B")
    (one,) = answers.read(blind.path)
    answers.append(blind.path, [one._replace(seed=1), one._replace(model="build/model")])
    assert blind.answered() == [one]


@pytest.mark.parametrize(
    ("form", "fault"),
    [
        ({"listener": "=1+1"}, "a name has"),
        ({"listener": "x" * 41}, "a name has"),
        ({"answer": "C"}, "choose A or B"),
        ({"plays": "many"}, "'many': expected a whole number"),
        ({"hands": "on"}, "count the hands"),
        ({"more": "x" * 10_000}, "too long"),
    ],
)
def test_what_cannot_be_an_answer(ask, blind, form, fault):
    """It is refused in one line, and nothing is kept."""
    answer = ask("/answer", **({"listener": "Di", "pair": "0", "plays": "2", "answer": "A"} | form))
    assert answer.status_code == 400
    assert fault in answer.text
    assert answer.text.count("\n") == 1
    assert not blind.path.exists()


def test_a_full_disk_is_told(ask, blind, monkeypatch):
    """The answer is not lost in silence."""
    monkeypatch.setattr(answers, "append", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
    page = ask("/pair?listener=Ed")
    answer = ask("/answer", listener="Ed", pair=pair_of(page), plays="2", answer="A")
    assert (answer.status_code, answer.text) == (507, "the answer was not kept: full\n")


def test_a_foreign_page_gets_nothing(ask):
    """The guard stands before all of it."""
    assert ask("/pair?listener=Fe", headers={"origin": "http://evil.example"}).status_code == 403
