"""Write what MusicXML has beside the notes: words, tempi, chords, dynamics, slurs, lyrics, repeats.

Marks of a line or of the whole score stand in the stream of a voice, before the head that begins
with them; one that stands within a head has an offset.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from kantor.errors import one_line
from kantor.formats.engraving import Head, fifths_between, letter_of
from kantor.formats.mark_reader import ELISION
from kantor.music.notation import ChordSymbol, Dynamic, Lyric, Sign, Slur, Time
from kantor.music.score import REST, Score
from kantor.music.swing import EVEN, swing_changes

_DYNAMICS = (
    "p pp ppp pppp ppppp pppppp f ff fff ffff fffff ffffff mp mf sf sfp sfpp fp rf rfz sfz sffz fz"
    " n pf sfzp"
)
_HAIRPINS = ("crescendo", "diminuendo", "stop")
_PRINTED = 0.1  # change of tempo, as a share of the last printed one, that is worth a mark
_FINEST = 100  # of the whole numbers that say how long swung eighths are
_MOST_SLURS = 6  # that overlap in a voice; MusicXML numbers them
_CLOSING = ("ending-stop", "ending-open", "backward")  # at the end of a measure, in this order
_OPENING = ("ending", "forward")


class Mark(NamedTuple):
    """An element at `start`; an offset may stand between its two halves."""

    start: Time
    before: str
    after: str

    def placed(self, at: Time) -> str:
        """The element as it stands before a head that begins at `at`."""
        offset = f"{float(self.start - at):g}"
        return (
            self.before + f'<offset sound="yes">{offset}</offset>' * (self.start > at) + self.after
        )


def score_marks(score: Score, transposition: tuple[int, int]) -> list[Mark]:
    """The tempo words, tempi and chord symbols, for a staff that is written transposed."""
    notation = score.notation
    marks = [_direction(words.start, _words(words.text)) for words in notation.words]
    marks += [*_tempi(score), *_swing(score)]
    fifths = fifths_between(*transposition)
    marks += [_harmony(chord, fifths) for chord in notation.chords]
    return sorted(marks, key=lambda mark: mark.start)


def _words(text: str) -> str:
    return f"<words>{escape(one_line(text))}</words>"


def _direction(start: Time, content: str, placement: str = "above", sound: str = "") -> Mark:
    kind = f"<direction-type>{content}</direction-type>"
    return Mark(start, f'<direction placement="{placement}">{kind}', f"{sound}</direction>")


def _tempi(score: Score) -> Iterator[Mark]:
    """Every tempo, in dotted quarters where these are the beats; slight changes are only heard."""
    printed = 0.0
    dotted = score.meter.beat_steps == 6
    unit = f"<beat-unit>quarter</beat-unit>{'<beat-unit-dot/>' * dotted}"
    for start, value in ((0, score.tempo), *score.tempi):
        tempo = f"{value:.10g}"
        if abs(value - printed) >= _PRINTED * printed:
            printed = value
            beats = f"{value / 1.5 if dotted else value:.6g}"
            mark = f"{unit}<per-minute>{beats}</per-minute>"
            sound = f'<sound tempo="{tempo}"/>'
            yield _direction(start, f"<metronome>{mark}</metronome>", sound=sound)
        else:
            yield Mark(start, f'<sound tempo="{tempo}">', "</sound>")


def _swing(score: Score) -> Iterator[Mark]:
    """Where eighths are to be swung, and where they are not any more."""
    before = EVEN
    for start, ratio in swing_changes(score):
        if ratio == before:
            continue
        share = Fraction(ratio).limit_denominator(_FINEST)
        first, second = share.numerator, share.denominator - share.numerator
        how = f"<first>{first}</first><second>{second}</second><swing-type>eighth</swing-type>"
        words, how = ("Straight", "<straight/>") if ratio == EVEN else ("Swing", how)
        at = start if before != EVEN else 0
        sound = f"<sound><swing>{how}</swing></sound>"
        yield _direction(at, _words(words), sound=sound)
        before = ratio


def _harmony(chord: ChordSymbol, fifths: int) -> Mark:
    """A chord symbol `fifths` below what sounds, on the line of fifths."""

    def place(tag: str, sounding: int) -> str:
        letter, alteration = letter_of(sounding - fifths)
        alter = f"<{tag}-alter>{alteration}</{tag}-alter>" if alteration else ""
        return f"<{tag}><{tag}-step>{letter}</{tag}-step>{alter}</{tag}>"

    text = one_line(chord.text)
    if chord.root is None:
        root = '<root><root-step text="">C</root-step></root>'
        kind = f"<kind text={quoteattr(text or 'N.C.')}>none</kind>"
    else:
        root = place("root", chord.root)
        shown = f" text={quoteattr(text)}" if text else ""
        kind = f"<kind{shown}>{escape(one_line(chord.kind))}</kind>"
    bass = "" if chord.bass is None else place("bass", chord.bass)
    degrees = "".join(
        f"<degree><degree-value>{value}</degree-value><degree-alter>{alter}</degree-alter>"
        f"<degree-type>{escape(kind_of)}</degree-type></degree>"
        for value, alter, kind_of in chord.degrees
    )
    return Mark(chord.start, f"<harmony>{root}{kind}{bass}{degrees}", "</harmony>")


def dynamic_marks(dynamics: Iterable[Dynamic], steps: int, placement: str) -> list[Mark]:
    """Dynamics and hairpins; only one hairpin is open at a time, and each is closed."""
    marks = []
    opened = False
    for start, mark in sorted(dynamics, key=lambda dynamic: dynamic.start):
        if mark not in _HAIRPINS:
            name = one_line(mark)
            shown = f"<{name}/>" if name in _DYNAMICS.split() else _other(name)
            marks.append(_direction(start, f"<dynamics>{shown}</dynamics>", placement))
            continue
        if opened:
            marks.append(_direction(start, '<wedge type="stop"/>', placement))
        opened = mark != "stop"
        if opened:
            marks.append(_direction(start, f'<wedge type="{mark}"/>', placement))
    if opened:
        marks.append(_direction(steps, '<wedge type="stop"/>', placement))
    return marks


def _other(name: str) -> str:
    return f"<other-dynamics>{escape(name)}</other-dynamics>"


def slurs_of(slurs: Iterable[Slur], heads: Iterable[Sequence[Head]]) -> dict[int, str]:
    """The ``<slur>`` elements of heads, by their start; slurs within one note are left out.

    `heads` are those of the line by bar. A slur goes from the first head of a note to the last
    head of another.
    """
    notes: list[list[int]] = []  # the starts of each one's heads
    for head in (head for bar in heads for head in bar if head.pitch != REST):
        if head.tied_back:
            notes[-1].append(head.start)
        else:
            notes.append([head.start])
    starts = [note[0] for note in notes]
    written: dict[int, str] = {}
    ends = [-1] * _MOST_SLURS  # the number of the note at which each number is free again
    for slur in sorted(slurs):
        first, last = (bisect_right(starts, time) - 1 for time in slur)
        free = next((number for number, end in enumerate(ends) if end < first), None)
        if free is None or not 0 <= first < last:
            continue
        ends[free] = last
        for kind, start in (("start", notes[first][0]), ("stop", notes[last][-1])):
            sign = f'<slur type="{kind}" number="{free + 1}"/>'
            written[start] = written.get(start, "") + sign
    return written


def lyrics_of(lyrics: Iterable[Lyric]) -> dict[int, str]:
    """The syllables under each note, by its start, the first verse above."""
    written: dict[int, str] = {}
    for lyric in sorted(lyrics, key=lambda lyric: (lyric.start, len(lyric.verse), lyric.verse)):
        number = lyric.verse if re.fullmatch(r"[\w.-]+", lyric.verse) else "1"
        texts = escape(one_line(lyric.text)).split(ELISION)
        text = f"</text><elision>{ELISION}</elision><text>".join(texts)
        syllable = f"<syllabic>{lyric.syllabic}</syllabic><text>{text}</text>"
        syllable += "<extend/>" * lyric.extend
        start = int(lyric.start)
        written[start] = written.get(start, "") + f'<lyric number="{number}">{syllable}</lyric>'
    return written


def barlines_of(signs: Iterable[Sign], steps: int) -> dict[tuple[str, int], str]:
    """The bar lines that are not plain, by their side of the measure and their step."""
    found: dict[tuple[str, int], dict[str, str]] = {("right", steps): {"style": "light-heavy"}}
    opened = ""
    order = _CLOSING + _OPENING
    for sign in sorted(signs, key=lambda sign: (sign.start, order.index(sign.kind))):
        start = int(sign.start)
        closes = sign.kind in _CLOSING
        if not (0 < start <= steps if closes else 0 <= start < steps):
            continue
        bar = found.setdefault(("right" if closes else "left", start), {})
        if sign.kind == "ending":
            if opened:  # nothing closed it
                before = found.setdefault(("right", start), {})
                before.setdefault("ending", f'<ending number="{opened}" type="stop"/>')
            opened = ",".join(map(str, sign.numbers)) or "1"
            text = ", ".join(f"{number}." for number in sign.numbers)
            bar["ending"] = f'<ending number="{opened}" type="start">{text}</ending>'
        elif sign.kind in ("ending-stop", "ending-open"):
            kind = "stop" if sign.kind == "ending-stop" else "discontinue"
            if opened:
                bar["ending"] = f'<ending number="{opened}" type="{kind}"/>'
            opened = ""
        else:
            bar["style"] = "light-heavy" if closes else "heavy-light"
            times = f' times="{sign.numbers[0]}"' if closes and sign.numbers else ""
            bar["repeat"] = f'<repeat direction="{sign.kind}"{times}/>'
    if opened:
        found["right", steps].setdefault(
            "ending", f'<ending number="{opened}" type="discontinue"/>'
        )
    return {
        (side, start): f'<barline location="{side}">{_barline(**bar)}</barline>'
        for (side, start), bar in found.items()
        if bar
    }


def _barline(style: str = "", ending: str = "", repeat: str = "") -> str:
    return (f"<bar-style>{style}</bar-style>" if style else "") + ending + repeat
