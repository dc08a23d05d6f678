"""ABC, the notation of folk tunes, read by way of MusicXML.

Read by rules of our own (after the standard, version 2.1) rather than with music21, which drops
lyrics and reads a thousand tunes where one is wanted. Of a file of several tunes the first is read.
"""

from __future__ import annotations

import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from fractions import Fraction

from kantor.errors import one_line
from kantor.formats import musicxml_reader
from kantor.formats.abc_fields import AbcKey, key_of, meter_of, tempo_of, unit_of, written_of
from kantor.formats.abc_lyrics import add_lyrics
from kantor.formats.abc_tree import key_attributes, meter_attributes, tree_of, unit_by_meter
from kantor.formats.abc_voice import Voice
from kantor.formats.parsed import Limits, ParsedFile, check_size
from kantor.formats.remarks import Remarks

_FIELD = re.compile(r"([A-Za-z+]):(?![|:])(.*)")
_TUNE = re.compile(r"^X:", re.MULTILINE)
_COMMENT = re.compile(r"(?<!\\)%.*")
_ACCENT = re.compile(r"\\([`'^\"~,])([A-Za-z])")
_ACCENTS = {
    "`": "\u0300",
    "'": "\u0301",
    "^": "\u0302",
    '"': "\u0308",
    "~": "\u0303",
    ",": "\u0327",
}
_NOT_KEPT = {
    "W": "words below the tune",
    "P": "the order of parts",
    "m": "macros",
    "s": "lines of symbols",
}


def recognises(data: bytes) -> bool:
    """Whether a file may be ABC: lines such as ``X:1`` and ``K:G``, and no binary content."""
    head = _text_of(data[:20_000])
    if "\0" in head or not re.search(r"^K:", head, re.MULTILINE):
        return False
    numbered = re.search(r"^X:[ \t]*\d", head, re.MULTILINE)
    return bool(numbered or re.match(r"(\s|%[^\n]*\n)*[A-DF-IK-OQ-TZ]:", head))


def parse(data: bytes, limits: Limits, *, expand_repeats: bool = False) -> ParsedFile:
    """Read the bytes of an ABC file; of several tunes the first.

    Raises
    ------
    InputError
        If the tune is damaged, without notes or beyond `limits`.
    """
    check_size(limits, bytes=len(data))
    remarks = Remarks()
    tune = _Tune(limits, remarks)
    for line in _first_tune(_text_of(data), remarks):
        tune.read(line)
    root = tree_of(tune.title, tune.composers, list(tune.voices.values()))
    return musicxml_reader.from_tree(
        root, limits, remarks, expand_repeats=expand_repeats, kind="abc"
    )


def _text_of(data: bytes) -> str:
    """The lines in the encoding that they have, not indented; the last may be cut anywhere."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            text = data.decode("utf-16", "replace")
        else:
            text = codecs.getincrementaldecoder("utf-8-sig")().decode(data)
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    return "\n".join(line.strip() for line in text.splitlines())


def _first_tune(text: str, remarks: Remarks) -> Iterator[str]:
    """The lines of the first tune, after the fields of the file's header."""
    starts = [match.start() for match in _TUNE.finditer(text)]
    if len(starts) > 1:
        remarks.tell(
            f"{len(starts):,} tunes in the file: read the first; split the file for the others"
        )
        text = text[: starts[1]]
    for line in text[: starts[0]].split("\n") if starts else ():
        if (field := _FIELD.match(line)) and field[1] in "MLQC":
            yield line
    has_music, before = False, ""
    for line in text[starts[0] if starts else 0 :].split("\n"):
        line = _COMMENT.sub("", line).replace("\\%", "%").strip()
        if line.startswith("+:"):  # the field before goes on
            before += f" {line[2:].strip()}"
            continue
        yield from filter(None, [before])
        before = line
        if line:
            has_music = has_music or not _FIELD.match(line)
        elif has_music:
            return
    yield from filter(None, [before])


class _Tune:
    """Reads a tune line by line."""

    def __init__(self, limits: Limits, remarks: Remarks) -> None:
        self.title = ""
        self.composers: list[str] = []
        self.voices: dict[str, Voice] = {}
        self._limits, self._remarks = limits, remarks
        self._meter: tuple[str, int] | None = None
        self._unit: Fraction | None = None
        self._key: AbcKey | None = None  # None before the field that ends the header
        self._tempo = ""
        self._has_meter = False
        self._described: dict[str, str] = {}  # what the header says of voices
        self._voice: Voice | None = None

    def read(self, line: str) -> None:
        """Read a line without its comment."""
        if field := _FIELD.match(line):
            self._read_field(field[1], field[2].strip())
        elif self._key is not None:
            self._read_music(line)

    def _read_field(self, name: str, text: str) -> None:
        if name == "T":
            self.title = self.title or _plain(text)
        elif name == "C" and text and len(self.composers) < 8:
            self.composers.append(_plain(text))
        elif name == "V":
            self._choose_voice(text)
        elif name == "w" and self._voice is not None:
            self._voice.verses += 1
            add_lyrics(_plain(text, spaces=True), self._voice.line, self._voice.verses)
        elif name in ("M", "L", "Q", "K"):
            self._change(name, text)
        elif name in _NOT_KEPT and (name != "P" or self._key is None):
            self._remarks.lost.add(_NOT_KEPT[name])

    def _change(self, name: str, text: str) -> None:
        """A change of meter, unit, tempo or key: before the music for all voices, else for one."""
        voice = self._voice
        if name == "M":
            meter = meter_of(text)
            if voice is None:
                self._meter, self._has_meter = meter, True
            else:
                voice.put(meter_attributes(meter))
                voice.compound = _is_compound(meter)
        elif name == "L":
            if voice is None:
                self._unit = unit_of(text)
            else:
                voice.unit = unit_of(text)
        elif name == "Q":
            if voice is None:
                self._tempo = text
            elif (tempo := tempo_of(text, voice.unit)) is not None:
                voice.put(tempo)
        else:
            before, key = voice.key if voice else self._key, key_of(text)
            if before is not None and key.fifths is None:  # a clef alone
                key = key._replace(fifths=before.fifths, mode=before.mode, implied=before.implied)
            if voice is None:
                self._key = key
            else:
                voice.key = key
                voice.put(key_attributes(key, with_clef=False))

    def _choose_voice(self, text: str) -> None:
        identity, _, about = text.partition(" ")
        if self._key is None:
            self._described[identity] = about
            return
        self._voice = self.voices.get(identity) or self._new_voice(identity, about)

    def _new_voice(self, identity: str, about: str = "") -> Voice:
        check_size(self._limits, tracks=len(self.voices) + 1)
        about = f"{self._described.get(identity, '')} {about}"
        name = re.search(r'\b(?:name|nm)=(?:"([^"]*)|(\S+))', about)
        assert self._key is not None
        clef, octaves, semitones = written_of(about)
        key = self._key._replace(
            clef=clef or self._key.clef,
            octaves=octaves or self._key.octaves,
            semitones=semitones or self._key.semitones,
        )
        unit = self._unit or unit_by_meter(self._meter)
        voice = Voice(
            _plain((name[1] or name[2] or "") if name else identity), key, unit, self._remarks
        )
        voice.compound = _is_compound(self._meter)
        voice.put(key_attributes(key, with_clef=True))
        if self._has_meter:
            voice.put(meter_attributes(self._meter))
        if not self.voices and (tempo := tempo_of(self._tempo, unit)) is not None:
            voice.put(tempo)
        self.voices[identity] = voice
        return voice

    def _read_music(self, line: str) -> None:
        first = True
        while line:
            if self._voice is None:
                names = list(self._described) or [""]
                self._voice = self._new_voice(names[0])
            voice = self._voice
            if first and not voice.goes_on:
                voice.line, voice.verses = [], 0
            first = False
            goes_on = line.endswith("\\")
            rest = voice.read(line.rstrip("\\"))
            voice.goes_on = goes_on
            check_size(self._limits, notes=voice.notes, bars=len(voice.bars))
            if not rest:
                break
            self._read_field(rest[0][0], rest[0][2:].strip())
            line = rest[1]


def _is_compound(meter: tuple[str, int] | None) -> bool:
    return meter is not None and meter[1] >= 8 and meter[0] in ("6", "9", "12")


def _plain(text: str, spaces: bool = False) -> str:
    """Text with its accents, which may be written by a backslash or as in HTML."""
    accented = _ACCENT.sub(lambda match: match[2] + _ACCENTS[match[1]], html.unescape(text))
    plain = unicodedata.normalize("NFC", accented)
    return plain if spaces else one_line(plain)
