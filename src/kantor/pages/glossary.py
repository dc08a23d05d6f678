"""The one glossary: Studio's panels, the report and the lessons explain a word by the same text.

The words stand in ``glossary.yaml``. Make the lessons' page of them anew with
``python -m kantor.pages.glossary docs/hands-on/glossary.html``.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TypedDict

import yaml

from kantor.pages import template


class Entry(TypedDict):
    """What a term is called at the head of its explanation, and the explanation."""

    title: str
    text: str


@cache
def sections() -> dict[str, dict[str, Entry]]:
    """The entries by their term, in lower case, within each section of the glossary."""
    text = (resources.files(__package__) / "glossary.yaml").read_text("utf-8")
    found: dict[str, dict[str, Entry]] = yaml.safe_load(text)
    return found


def entries() -> dict[str, Entry]:
    """All entries by their term."""
    return {term: entry for section in sections().values() for term, entry in section.items()}


def anchor(term: str) -> str:
    """A term's place on the page: ``gradient-penalty``."""
    return re.sub(r"\s+", "-", term.replace("'", ""))


def page() -> str:
    """The glossary as a page of its own."""
    made = template("kantor.pages", "glossary.html.j2")
    return made.render(sections=sections(), anchor=anchor) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), "utf-8")
