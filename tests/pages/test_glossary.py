"""The glossary: one source, whose page is the committed one and in which every link ends."""

import re
from pathlib import Path

import pytest

from kantor.pages import glossary

ROOT = Path(__file__).parents[2]
HANDS_ON = ROOT / "docs/hands-on"
LINKING = sorted([*ROOT.glob("notebooks/*.py"), *HANDS_ON.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_committed_page_is_that_of_the_source():
    """Else: python -m kantor.pages.glossary docs/hands-on/glossary.html."""
    assert (HANDS_ON / "glossary.html").read_text() == glossary.page()


def test_terms_are_unique_and_explained_briefly():
    """Every term stands once, in lower case, and its text is one to four whole sentences."""
    terms = [term for section in glossary.sections().values() for term in section]
    assert len({glossary.anchor(term) for term in terms}) == len(terms)
    for term, entry in glossary.entries().items():
        assert term == term.lower()
        assert set(entry) == {"title", "text"}, term
        sentences = re.findall(r"[.?](?= [A-Z]|$)", entry["text"])
        assert entry["text"].endswith("."), term
        assert 1 <= len(sentences) <= 4, term
        assert len(entry["text"]) <= 350, term


@pytest.mark.parametrize("file", LINKING, ids=lambda file: file.name)
def test_links_lead_to_a_term(file):
    """A lesson that links a word links one that is there."""
    places = {glossary.anchor(term) for term in glossary.entries()}
    assert {*re.findall(r"glossary\.html#([^)\s\"]+)", file.read_text())} <= places
