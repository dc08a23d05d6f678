"""Which seeds a piece's takes have used, so that asking again gives other takes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import count

MOST_PIECES = 256
"""Of which the seeds are remembered; those of others are read again."""


class Seeds:
    """The seeds in use, by piece; every method may be called from any thread."""

    def __init__(self) -> None:
        self._used: OrderedDict[str, set[int]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, id: str, known: Callable[[], Iterable[int]], seed: int | None = None) -> int:
        """Use a seed for a piece, by default the first that nobody has used: 0, then 1, ….

        `known` reads the seeds of the takes that the piece has.
        """
        with self._lock:
            if id not in self._used:
                self._used[id] = set(known())
            used = self._used[id]
            self._used.move_to_end(id)
            if len(self._used) > MOST_PIECES:
                self._used.popitem(last=False)
            if seed is None:
                seed = next(number for number in count() if number not in used)
            used.add(seed)
            return seed
