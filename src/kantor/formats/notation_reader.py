"""What a whole MusicXML file has beside its notes: authors, and the marks of all measures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any
from xml.etree.ElementTree import Element

from kantor.errors import one_line
from kantor.formats.mark_reader import DirectionWords, Mark, SlurEdge
from kantor.formats.measure_order import Bar
from kantor.formats.measures import Measure
from kantor.music.notation import ChordSymbol, Dynamic, LineNotation, Lyric, Slur, Words

_PLACEHOLDERS = ("composer", "composer / arranger", "lyricist")  # of an empty form


def creator(root: Element, *kinds: str) -> str:
    """Who is named as one of these kinds, such as the composer; empty where nobody is."""
    for kind in kinds:
        named = [
            item.text
            for item in root.iterfind("identification/creator")
            if item.get("type", "").strip().lower() == kind
        ] or credits_of(root, kind)
        fit = [line for text in named if (line := one_line(text or ""))]
        fit = [line for line in dict.fromkeys(fit) if line.lower() not in _PLACEHOLDERS]
        if fit:
            return ", ".join(fit[:4])
    return ""


def credits_of(root: Element, kind: str) -> list[str]:
    """The credits of a kind, such as the title, on the first page."""
    return [
        " ".join(words.text or "" for words in credit.iterfind("credit-words"))
        for credit in root.iterfind("credit")
        if (credit.findtext("credit-type") or "").strip().lower() == kind
    ]


def largest_credit(root: Element) -> str:
    """The largest centred words at the head of the first page, of those without a type.

    Some programs write the title there alone; ordinary text is smaller than 14 points.
    """
    found = (14.0, "")
    for credit in root.iterfind("credit"):
        words = credit.find("credit-words")
        if (
            words is None
            or credit.find("credit-type") is not None
            or credit.get("page", "1") != "1"
        ):
            continue
        centred = "center" in (words.get("justify"), words.get("halign"))
        size = re.fullmatch(r"\d{1,3}(\.\d{1,6})?", words.get("font-size", ""))
        if centred and words.get("valign") != "bottom" and size and float(size[0]) > found[0]:
            found = float(size[0]), words.text or ""
    return found[1]


def placed(measures: Sequence[Measure], bars: Sequence[Bar]) -> list[Mark]:
    """The marks of one part, in quarters from the beginning, ascending.

    Of a measure that is played several times each turn keeps its own verses.
    """
    marks: list[Any] = []
    first = min(
        (mark.verse for one in measures for mark in one.marks if isinstance(mark, Lyric)),
        default="1",
        key=int,
    )
    repeats = any(bar.turns > 1 for bar in bars)
    for bar in bars:
        own = measures[bar.measure].marks if bar.measure < len(measures) else []
        if repeats:
            own = list(_of_turn(own, bar, first))
        marks.extend(mark._replace(start=bar.start + mark.start) for mark in own)
    return sorted(marks, key=lambda mark: mark.start)


def _of_turn(marks: Sequence[Mark], bar: Bar, first: str) -> Iterator[Mark]:
    """Marks with the verses of a turn; a measure with the first verse alone keeps it each time.

    One that is played once, such as a second ending, keeps all; a verse alone is the first.
    """
    verses = {mark.verse for mark in marks if isinstance(mark, Lyric)}
    for mark in marks:
        if isinstance(mark, Lyric) and bar.turns == 1 and len(verses) == 1:
            yield mark._replace(verse=first)
        elif isinstance(mark, Lyric) and bar.turns > 1 and verses != {first}:
            number = int(mark.verse) - 1
            if number % bar.turns == bar.turn:
                yield mark._replace(verse=str(number // bar.turns + 1))
        else:
            yield mark


def line_notation(
    marks: Sequence[Mark],
    clef: tuple[str, int, int] | None,
    transposition: tuple[int, int] | None,
) -> LineNotation:
    """What belongs to one line; of two lyrics of a verse at one time the first is kept."""
    lyrics = {(mark.start, mark.verse): mark for mark in reversed(marks) if isinstance(mark, Lyric)}
    return LineNotation(
        lyrics=tuple(sorted(lyrics.values(), key=lambda one: (one.start, int(one.verse)))),
        dynamics=tuple(dict.fromkeys(mark for mark in marks if isinstance(mark, Dynamic))),
        slurs=tuple(sorted(_slurs(marks))),
        clef=clef,
        transposition=transposition if transposition != (0, 0) else None,
    )


def _slurs(marks: Sequence[Mark]) -> Iterator[Slur]:
    """Edges of slurs joined by number, first within a voice; what stays open is left out."""
    open_slurs: dict[tuple[str, str], Fraction] = {}
    edges = [mark for mark in marks if isinstance(mark, SlurEdge)]
    # Where one stops and the next begins, the stop counts first.
    for edge in sorted(edges, key=lambda one: (one.start, one.begins)):
        place = edge.number, edge.voice
        if edge.begins:
            open_slurs[place] = edge.start
            continue
        if place not in open_slurs:
            place = next((one for one in open_slurs if one[0] == edge.number), place)
        start = open_slurs.pop(place, edge.start)
        if start < edge.start:
            yield Slur(start, edge.start)


def words_of(of_parts: Sequence[Sequence[Mark]]) -> tuple[Words, ...]:
    """Words on the tempo of all parts, those on the expression of the first one only."""
    words = {
        Words(mark.start, mark.text): None
        for number, marks in enumerate(of_parts)
        for mark in marks
        if isinstance(mark, DirectionWords) and (mark.tempo or number == 0)
    }
    return tuple(sorted(words, key=lambda one: one.start))


def chords_of(of_parts: Sequence[Sequence[Mark]]) -> tuple[ChordSymbol, ...]:
    """The chord symbols of the first part that has some; of two at one time the last."""
    for marks in of_parts:
        chords = {mark.start: mark for mark in marks if isinstance(mark, ChordSymbol)}
        if chords:
            return tuple(chords.values())
    return ()
