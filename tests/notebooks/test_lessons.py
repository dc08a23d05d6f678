"""The lessons run from top to bottom, keep their form, and have pages that are theirs."""

import re
import subprocess

import jupytext
import pytest
from notebooks import render
from tests.pipeline.conftest import ROOT

from kantor.registry import versions

MOST_BYTES = 800_000
LESSONS = {name: jupytext.read(render.HERE / f"{name}.py") for name in render.lessons()}
PAGES = sorted(render.PAGES.glob("*.html"))
lessons = pytest.mark.parametrize("name", LESSONS)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text_of(name, kind="markdown"):
    return "\n\n".join(cell.source for cell in LESSONS[name].cells if cell.cell_type == kind)


def kept(line):
    """What no lesson changes: files, versions with their aliases, the model."""
    registered = versions(line.root) if (line.root / "mlflow.db").exists() else []
    return line.run("git", "status", "--porcelain"), registered, line.contents("build/model")


def turn(name):
    """Of two workers one begins with the longest lesson, one with those that need no model.

    A worker keeps the test that it has next: here a short one.
    """
    number = int(name[:2])
    return number < 5, number != 7, number != 8


@pytest.mark.long
@pytest.mark.parametrize("name", sorted(LESSONS, key=turn))
def test_a_lesson_runs_from_top_to_bottom(request, name):
    """On a small budget; a failed cell is shown with its error. Nothing else has changed."""
    line = request.getfixturevalue("begun" if int(name[:2]) < 4 else "small")
    before = kept(line)
    environment = line.environment | {"KANTOR_HOME": str(line.root), "KANTOR_LESSON_QUICK": "1"}
    notebook = render.run(name, line.root / "notebooks", environment)
    cells = render.cells_of(notebook)
    assert "<audio" in cells
    assert "<img" in cells or "<svg" in cells
    assert kept(line) == before


@lessons
def test_a_lesson_has_exercises_with_answers(name):
    """Two of each, and at its head its number and how long it runs."""
    text = text_of(name)
    number = int(name[:2])
    assert text.startswith(f"# {number}. ")
    assert re.search(r"minute|second", text.split("\n## ")[0])
    exercises, answers = text.partition("## Exercises")[2].split("## Answers")
    assert re.findall(r"(?m)^(\d)\. ", exercises) == ["1", "2"]
    assert re.findall(r"\*\*(\d)\.", answers) == ["1", "2"]


@lessons
def test_links_of_a_lesson_lead_somewhere(name):
    """To a file that is there, and a term of the glossary that is there."""
    glossary = (render.PAGES / "glossary.html").read_text()
    for path, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", " ".join(text_of(name).split())):
        assert "://" in path or not path or (render.HERE / path).exists(), path
        if "glossary.html" in path and anchor:
            assert f'id="{anchor}"' in glossary, anchor


@lessons
def test_a_lesson_prepares_the_questions_that_are_its(name):
    """It names the first and the last of those below its heading in the questions."""
    asked = (render.PAGES / "questions.md").read_text()
    section = re.split(r"(?m)^## ", asked)[int(name[:2])]
    numbers = re.findall(r"(?m)^\*\*(\d+)\.\*\*", section)
    named = re.search(
        r"questions? (\d+)(?:(?: to |, | and )(\d+))*", text_of(name).replace("\n", " ")
    )
    assert named, f"it should name the questions {numbers[0]} to {numbers[-1]}"
    assert {named[1], named[2] or named[1]} == {numbers[0], numbers[-1]}


def test_notebooks_are_not_committed():
    """A lesson is its Python file; what ran is a page."""
    tracked = subprocess.run(
        ["git", "ls-files", "*.ipynb"], cwd=ROOT, capture_output=True, text=True
    )
    assert tracked.stdout == ""


@lessons
def test_a_page_is_that_of_its_lesson(name):
    """Else: make hands-on-pages LESSONS=NAME."""
    page = render.PAGES / f"{name}.html"
    assert page.exists()
    assert render.told(page.read_text())["lesson"] == render.digest(name)


@pages
def test_a_page_asks_no_other_site(page):
    """It is one file, of a size that a phone loads; what it links beside it is there."""
    text = page.read_text()
    assert len(text.encode()) <= MOST_BYTES
    assert re.findall(r"""(?:src=|<link[^>]*href=|url\(|@import )["']?(?:https?:)?//""", text) == []
    paths = [path for path in re.findall(r'href="([^"#]+)', text) if ":" not in path]
    assert [path for path in paths if not (page.parent / path).exists()] == []
