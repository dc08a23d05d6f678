"""Name results after the options that shape the music, so that they differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_LONGEST = 70  # bytes in UTF-8
_WORDS = {
    "given": "{}-given",
    "voices": "{}-composed",
    "lock_bars": "bars{}-locked",
    "compose_bars": "bars{}-composed",
    "fill": "filled",
    "more": "{}-more-bars",
    "track": "track-{}",
    "meter": "meter{}",
    "pickup": "pickup{:g}",
    "key": "{}",
    "tempo": "tempo{:g}",
    "transpose": "{}",
    "repeats": "{}",
    "bars": "{}-bars",
    "phrase": "phrase{}",
    "style": "{}",
    "drums": "drums",
    "model": "{}",
    "seed": "seed{}",
    "candidates": "best-of-{}",
    "temperature": "temperature{:g}",
    "passes": "passes{}",
    "particles": "particles{}",
    "plainness": "plainness{:g}",
    "layout": "{}",
    "instrument": "{}",
}
_SIGNS = {" ": "-", "#": "-sharp-", "♯": "-sharp-", "♭": "-flat-", ",-": "+", ",": "+"}


def suffix(said: Mapping[str, Any]) -> str:
    """The options that shape the music, such as ``"-bass-given-up3"``; empty where none is.

    Parameters
    ----------
    said
        The values that differ from the defaults, by the names of the options.
    """
    shown = {name: _shown(name, said[name]) for name in _WORDS if name in said}
    text = "".join(f"-{_WORDS[name].format(value)}" for name, value in shown.items() if value != "")
    for sign, word in _SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"-+", "-", re.sub(r"[^\w.+-]", "-", text))
    return text.encode()[:_LONGEST].decode(errors="ignore").rstrip("-")


def _shown(name: str, value: Any) -> Any:
    """A value as its name has it; what says nothing to a reader, such as a path, is empty."""
    if name == "transpose" and re.fullmatch(r"[+-]?\d+", value.strip()):
        number = int(value)
        return f"{'down' if number < 0 else 'up'}{abs(number)}" if number else ""
    if name == "model":
        alias = value.rpartition("@")[2]
        if "/" in alias or alias.endswith(".kantor"):
            return ""
        return f"version{alias}" if alias.isdecimal() else alias
    return value
