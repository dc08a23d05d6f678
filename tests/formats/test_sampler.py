"""The soundfont's instruments: in tune, at the level that the velocity says, without clicks."""

import numpy as np
import pytest

from kantor.formats.sampler import LONGEST_RELEASE, Event, play
from kantor.formats.soundfont import DRUMS

RATE = 22_050
PROGRAMS = 0, 6, 19, 24, 32, 48, 52, 56, 68, 73


def held(program, pitch, velocity=80, seconds=1.5, bank=0):
    """A note without its release, left and right together."""
    samples = int(seconds * RATE)
    return play([Event(0, samples, pitch, velocity)], program, RATE, bank)[:, :samples].sum(axis=0)


def cents(sound, pitch):
    """How far the sound's period is from the pitch's, by autocorrelation at about 16 ms.

    That is another way than the one by which the instruments are tuned.
    """
    sound = sound[RATE // 10 :]
    size = 1 << 17
    power = np.abs(np.fft.rfft(sound, size)) ** 2
    similar = np.fft.irfft(power, 8 * size)  # eight times the rate: finer lags
    period = 8 * RATE / (440 * 2 ** ((pitch - 69) / 12))
    periods = max(1, round(0.016 * 8 * RATE / period))
    off = np.arange(-45, 46)
    at = periods * period * 2 ** (-off / 1200)
    return off[np.interp(at, np.arange(len(similar)), similar).argmax()]


@pytest.mark.parametrize("program", PROGRAMS)
def test_instruments_are_in_tune(program):
    """Within 10 cents from C2 to C6; the many voices of the choir's C2 within 12."""
    off = [int(cents(held(program, pitch), pitch)) for pitch in range(36, 85, 4)]
    assert abs(off[0]) <= 12, off
    assert max(map(abs, off[1:])) <= 10, off


@pytest.mark.parametrize(("program", "bank"), [(52, 0), (0, 0), (0, DRUMS)])
def test_louder_is_louder(program, bank):
    """The level goes with the square of the velocity."""
    soft, loud = (held(program, 60, velocity, bank=bank) for velocity in (40, 80))
    np.testing.assert_allclose(loud, 4 * soft, rtol=1e-4, atol=1e-6)


def test_instruments_have_a_level_in_common():
    """None is lost among the others, and none covers them."""
    levels = [np.sqrt(np.mean(held(program, 64, seconds=0.5) ** 2)) for program in PROGRAMS]
    assert 20 * np.log10(max(levels) / min(levels)) < 6


def test_notes_begin_and_die_away_without_a_click():
    """From silence to silence, no note longer than its release; two notes are the sum of both."""
    first, second = Event(0, RATE, 60, 80), Event(RATE // 2, RATE, 64, 80)
    both = play([first, second], 52, RATE)
    assert both.shape == (2, int((1 + LONGEST_RELEASE) * RATE))
    assert np.abs(both[:, 0]).max() < 1e-3
    assert np.abs(both[:, -1]).max() < 1e-4
    alone = play([first], 52, RATE) + play([second], 52, RATE)
    np.testing.assert_allclose(both, alone, atol=1e-5)
    steps = np.abs(np.diff(both[0]))
    assert steps[RATE : RATE + 200].max() <= 1.2 * steps[: RATE - 10].max()


def test_every_key_of_every_program_sounds():
    """Also keys for which the soundfont has nothing, such as 64 of the alto saxophone's."""
    for program, pitches in (
        (65, [64]),
        *((program, [0, 60, 127]) for program in range(0, 128, 9)),
    ):
        for pitch in pitches:
            assert np.isfinite(sound := held(program, pitch, seconds=0.1)).all()
            assert sound.any(), (program, pitch)
    assert all(held(0, pitch, seconds=0.1, bank=DRUMS).any() for pitch in (0, 36, 127))
