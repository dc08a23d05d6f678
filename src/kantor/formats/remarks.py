"""Messages of a reader: what it mended, and what of the score it does not keep."""

from __future__ import annotations

from kantor.errors import one_line

_MOST = 12  # lines; damaged files could fill a screen


class Remarks:
    """Collects messages, each once."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}
        self.lost: set[str] = set()
        """What is not kept, in the field's words, such as "grace notes"."""

    def tell(self, line: str) -> None:
        """Add a message of one line, unless it is there."""
        if len(self._lines) < _MOST:
            self._lines[one_line(line)] = None

    @property
    def messages(self) -> tuple[str, ...]:
        """The messages; the last one names all that is not kept."""
        lost = [f"not kept: {', '.join(sorted(self.lost))}"] if self.lost else []
        return (*self._lines, *lost)
