"""Check a piece that a client sends; what is wrong in it is told by bar and voice."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fastapi.exceptions import RequestValidationError

from kantor.errors import InputError, one_line
from kantor.studio.document import LineDocument, Piece
from kantor.studio.problems import plain
from kantor.studio.request_checks import checked
from kantor.studio.scores import bar_of, score_of, span_fault

_PARTS = {
    "notes": "a note",
    "given": "what is given",
    "locked": "what is locked",
    "fermatas": "a fermata",
}
"""What stands in bars, by its name in the document."""


def piece_sent(data: bytes) -> Piece:
    """The piece in a body.

    Raises
    ------
    InputError
        One line, which names bar and voice where these are at fault.
    RequestValidationError
        If it is no such document.
    """
    try:
        piece = checked(Piece, data)
    except RequestValidationError as error:
        if told := _told(error.errors()[0], data):
            raise InputError(told) from None
        raise
    score_of(piece)
    for line in piece.lines:
        _check_spans(piece, line)
    for span in piece.fermatas:
        if fault := span_fault(piece, span):
            raise InputError(f"bar {bar_of(piece, span[0])}: a fermata {fault}")
    if piece.played and piece.played.line >= len(piece.lines):
        raise InputError(f"what was played: there is no voice {piece.played.line}")
    return piece


def _check_spans(piece: Piece, line: LineDocument) -> None:
    for part in ("given", "locked"):
        for span in getattr(line, part):
            if fault := span_fault(piece, span):
                where = f"bar {bar_of(piece, span[0])}, {line.name}"
                raise InputError(f"{where}: {_PARTS[part]} {fault}")


def _told(fault: Mapping[str, Any], data: bytes) -> str:
    """What is wrong in a voice or a bar, by these; empty where the fault is another one."""
    sent = json.loads(data)
    match fault["loc"]:
        case ["lines", int(line), str(part), *rest]:
            within, name = sent["lines"][line], _name(sent["lines"][line], line)
        case ["fermatas" as part, *rest]:
            within, name = sent, ""
        case _:
            return ""
    bar = ""
    if part in _PARTS and rest:
        with suppress(LookupError, TypeError):  # it has no such number
            bar = f"bar {bisect_right(sent['bar_lines'], within[part][rest[0]][0])}"
    where = ", ".join(filter(None, (bar, name))) or "the piece"
    return f"{where}: {_PARTS.get(part, part)} {_fault(fault, rest[1:])}"


def _name(line: Any, index: int) -> str:
    name = line.get("name") if isinstance(line, dict) else None
    return one_line(name, 60) if isinstance(name, str) and name else f"voice {index}"


def _fault(fault: Mapping[str, Any], element: list[Any]) -> str:
    """What is wrong with a note or a span; `element` is which of its numbers it is, if one is."""
    if not element:
        return plain(fault)
    if fault["type"] not in ("less_than_equal", "greater_than_equal"):
        return "is not made of whole numbers"
    if element == [2]:
        return f"has the MIDI number {fault['input']}; 0 to 127 are there"
    return "leaves the piece"
