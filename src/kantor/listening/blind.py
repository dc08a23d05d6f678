"""A blind test: which pairs each listener hears in which order, and what has been answered.

Conventions
-----------
Each listener, known by name, hears the pairs in an order of their own. Answers are read from the
file each time, so a listener who comes back goes on where they were.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kantor.listening import answers
from kantor.listening.answers import Answer
from kantor.listening.pairs import Pair

BACH, KANTOR = 0, 1  # places in a pair
LETTERS = "AB"
ORDERS = ("bach-kantor", "kantor-bach")
"""What is A and what is B, by the place of what is A."""


class Turn(NamedTuple):
    """A pair as one listener hears it; `order` is the place in the pair of what is A."""

    pair: int
    order: int

    @property
    def bach(self) -> str:
        """The letter of Bach's setting."""
        return LETTERS[self.order]


@dataclass(frozen=True, eq=False)
class BlindTest:
    """What is compared, by which model and seed, and the file in which answers are kept."""

    pairs: Sequence[Pair]
    model: str
    candidates: int
    seed: int
    path: Path
    _appending: threading.Lock = field(default_factory=threading.Lock, init=False)

    def turns(self, listener: str) -> list[Turn]:
        """All pairs in a listener's own order."""
        chance = random.Random(f"{self.seed} {listener}")
        turns = [Turn(pair, chance.choice((BACH, KANTOR))) for pair in range(len(self.pairs))]
        chance.shuffle(turns)
        return turns

    def answered(self, listener: str | None = None) -> list[Answer]:
        """The answers to this test, of one listener or of all.

        Raises
        ------
        InputError
            If the file holds something else.
        """
        same = (self.model, self.candidates, self.seed)
        return [
            one
            for one in answers.read(self.path)
            if (one.model, one.candidates, one.seed) == same
            and 1 <= one.pair <= len(self.pairs)
            and listener in (None, one.listener)
        ]

    def next(self, listener: str) -> tuple[int, Turn] | None:
        """A listener's first turn without an answer, and the number before it; None at the end."""
        done = {one.pair - 1 for one in self.answered(listener)}
        turns = enumerate(self.turns(listener))
        return next(((at, turn) for at, turn in turns if turn.pair not in done), None)

    def keep(self, listener: str, pair: int, votes: Mapping[str, int], plays: int) -> bool:
        """Add a line to the file for each vote; False if it is not this `pair`'s turn.

        Parameters
        ----------
        votes
            How many say that A is Bach's, and how many that B is.
        plays
            How often either was played.
        """
        with self._appending:
            found = self.next(listener)
            if found is None or found[1].pair != pair:
                return False
            answers.append(self.path, self._lines(found[1], listener, votes, plays))
        return True

    def _lines(
        self, turn: Turn, listener: str, votes: Mapping[str, int], plays: int
    ) -> list[Answer]:
        excerpt = self.pairs[turn.pair].excerpt
        now = datetime.now().astimezone().isoformat(timespec="seconds")
        return [
            Answer(
                time=now,
                listener=listener,
                model=self.model,
                candidates=self.candidates,
                seed=self.seed,
                pair=turn.pair + 1,
                piece=excerpt.piece.id,
                first_bar=excerpt.first_bar,
                order=ORDERS[turn.order],
                answer=letter,
                right=int(letter == turn.bach),
                plays=plays,
            )
            for letter in LETTERS
            for _ in range(votes[letter])
        ]
