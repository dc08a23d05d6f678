"""Lyrics of ABC, syllable by syllable on the notes of a line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from kantor.errors import one_line
from kantor.formats.abc_signs import Sound

_PIECE = re.compile(r"(?P<syllable>(?:\\-|[^\s\-_*|])+)|(?P<sign>[-_*|])")


def add_lyrics(text: str, notes: Sequence[Sound], verse: int) -> None:
    """Add a line of lyrics to the notes of a line; syllables without a note are left out."""
    place = 0
    last: Element | None = None
    inside = False  # whether the word goes on
    after_hyphen = False
    for match in _PIECE.finditer(text):
        sign = match["sign"]
        if place >= len(notes):
            break
        if sign is None:
            last = _lyric(match["syllable"], verse, inside)
            notes[place].lyrics.append(last)
            place += 1
            inside = after_hyphen = False
        elif sign == "-":
            joined = match.start() > 0 and not text[match.start() - 1].isspace()
            if after_hyphen or not joined or last is None:
                place += 1  # a syllable is held
            if last is not None and not inside:
                _goes_on(last)
                inside = True
            after_hyphen = True
        elif sign == "|":
            bar = notes[place].bar if place == 0 else notes[place - 1].bar
            while place < len(notes) and notes[place].bar <= bar:
                place += 1
        else:
            if sign == "_" and last is not None and last.find("extend") is None:
                SubElement(last, "extend")
            place += 1


def _lyric(text: str, verse: int, inside: bool) -> Element:
    lyric = Element("lyric", number=str(verse))
    SubElement(lyric, "syllabic").text = "end" if inside else "single"
    plain = text.replace("\\-", "-").replace("~", " ")
    SubElement(lyric, "text").text = one_line(plain, 60)
    return lyric


def _goes_on(lyric: Element) -> None:
    syllabic = lyric.find("syllabic")
    if syllabic is not None:
        syllabic.text = "middle" if syllabic.text == "end" else "begin"
