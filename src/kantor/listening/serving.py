"""Run a listening test: choose the pairs, let the model compose, serve the pages."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kantor import registry
from kantor.data import corpus
from kantor.listening.app import HEALTH, build
from kantor.listening.blind import BlindTest
from kantor.listening.pairs import choose, compose_pairs
from kantor.listening.sounds import Sounds
from kantor.service.access import Access
from kantor.service.guard import serve
from kantor.service.opening import announce

SCORES = Path("build/scores.npz")
ANSWERS = Path("compositions/listening/answers.csv")


def prepare(
    root: Path,
    reference: str,
    count: int,
    seed: int,
    candidates: int,
    programs: Mapping[int, int],
    path: Path,
) -> BlindTest:
    """The test of a model, with all its compositions.

    Parameters
    ----------
    reference
        A model, as for `kantor.registry.load_model`.
    count, seed
        As for `kantor.listening.pairs.choose`.
    candidates, programs
        As for `kantor.listening.pairs.compose_pairs`.
    path
        The file of answers.

    Raises
    ------
    InputError, ModelError, SetupError
        If corpus or model are missing or cannot be used: one line with the remedy.
    """
    model = registry.load_model(reference)
    excerpts = choose(corpus.load(root / SCORES), count, seed)
    pairs = compose_pairs(excerpts, model, seed, candidates, programs)
    return BlindTest(pairs, model.source, candidates, seed, path)


def run(test: BlindTest, port: int, browser: bool) -> int:
    """Serve the pages until Ctrl-C, on this machine only; the exit code.

    Raises
    ------
    SetupError
        If the port is taken, or the environment asks for access from elsewhere without a token.
    """
    sounds = Sounds(test.pairs)
    announce("Bach or Kantor?", Access.from_environment(), port, browser)
    sounds.prepare()
    return serve(lambda _: build(test, sounds), port, HEALTH)
