"""What is heard of each pair: two recordings that differ in nothing but the lower voices."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence

import numpy as np

from kantor.formats import audio
from kantor.listening.pairs import Pair
from kantor.report.samples import RATE


class Sounds:
    """The recordings of all pairs, each made when it is asked for or when there is time.

    Attributes
    ----------
    words : list of (str, str)
        By pair, random words that stand for Bach's setting and for Kantor's in an address.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._pairs = pairs
        self._made: dict[int, tuple[bytes, bytes]] = {}
        self._locks = [threading.Lock() for _ in pairs]
        self.words = [(secrets.token_urlsafe(9), secrets.token_urlsafe(9)) for _ in pairs]
        self._pair_of = {word: pair for pair, words in enumerate(self.words) for word in words}

    def of(self, word: str) -> bytes | None:
        """The MP3 file that a word stands for, if it is one of them.

        Both of a pair are equally long and are made together: how long it takes tells nothing.
        """
        if (pair := self._pair_of.get(word)) is None:
            return None
        return self._both(pair)[self.words[pair].index(word)]

    def _both(self, pair: int) -> tuple[bytes, bytes]:
        with self._locks[pair]:
            if pair not in self._made:
                self._made[pair] = recorded(self._pairs[pair])
            return self._made[pair]

    def prepare(self) -> None:
        """Make all that are missing, in the background."""

        def work() -> None:
            for pair in range(len(self._pairs)):
                self._both(pair)

        threading.Thread(target=work, daemon=True).start()


def recorded(pair: Pair) -> tuple[bytes, bytes]:
    """Bach's setting and Kantor's as MP3 files, equally loud: by root mean square."""
    sounds = [list(audio.levelled(score, RATE)) for score in (pair.bach, pair.kantor)]
    loud = [float(np.sqrt(np.mean(np.concatenate(blocks) ** 2))) for blocks in sounds]
    bach, kantor = (
        audio.mp3_of([block * np.float32(min(loud) / own) for block in blocks], RATE)
        for blocks, own in zip(sounds, loud, strict=True)
    )
    return bach, kantor
