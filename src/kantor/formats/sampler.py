"""Notes played with the samples of a soundfont, by numpy alone.

The filter stands still, where its envelope is on the average of the first second. Vibrato and
chorus are left out. Some samples are out of tune, those of the choir by up to 25 cents, so each
key's sound is measured once and moved to its pitch. Programs are measured as well, and made
equally loud: a piano's melody is heard over a choir.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kantor.formats.soundfont import DRUMS, OPEN, Samples, Zone, zones_of

LONGEST_RELEASE = 1.5
"""Seconds that a note sounds on at most."""
_HEARD = 0.6  # of a release, which ends at -100 dB
_FADE = 0.03  # seconds before it is cut off
_CENTS = np.arange(-80, 81)  # in which the tuning of a key is sought
_HARMONICS = np.arange(1, 11)  # by which it is measured
_PROBE = 22_050  # samples a second of that
_LEVEL, _SOFTEST = 0.3, 0.03  # root mean squares: what programs are brought to, and from
_BROAD = np.hanning(41)  # cents; many voices are spread over so many


class Event(NamedTuple):
    """A note: times in samples, velocity 1 to 127."""

    start: int
    end: int
    pitch: int
    velocity: int


def play(notes: Sequence[Event], program: int, rate: int, bank: int = 0) -> Samples:
    """The sound of notes, ``(2, samples)``, from time 0 until the last one has died away.

    Raises
    ------
    InputError
        If the soundfont is not installed.
    """
    sound = np.zeros((2, max(note.end for note in notes) + int(LONGEST_RELEASE * rate)), np.float32)
    gain = np.float32(1) if bank == DRUMS else _gain(program)
    for pitch in sorted({note.pitch for note in notes}):
        same = [note for note in notes if note.pitch == pitch]
        zones = zones_of(bank, program, pitch)
        release = max((zone.release for zone in zones), default=0.0)
        after = int(min(_HEARD * release, LONGEST_RELEASE) * rate)
        time = np.arange(after, dtype=np.float32) / rate
        dying = 10 ** (-5 * time / release) * np.clip((after / rate - time) / _FADE, 0, 1)
        key = pitch if bank == DRUMS else pitch - _detuning(program, pitch) / 100
        held = np.zeros((2, max(note.end - note.start for note in same) + after), np.float32)
        for zone in zones:
            held += _tone(zone, key, held.shape[1], rate) * (gain * zone.places[:, None])
        for start, end, _, velocity in same:
            played = held[:, : end - start + after] * np.float32((velocity / 127) ** 2)
            played[:, end - start :] *= dying
            sound[:, start : start + played.shape[1]] += played
    return sound


@cache
def _detuning(program: int, pitch: int) -> float:
    """By how many cents a key sounds too high: where a comb of harmonics finds most."""
    tone = _probe(program, pitch)
    size = 1 << 17
    spectrum = np.abs(np.fft.rfft(tone * np.hanning(len(tone)), size))
    harmonics = 440 * 2 ** ((pitch - 69) / 12) * _HARMONICS
    at = harmonics[:, None] * 2 ** (_CENTS / 1200) * size / _PROBE
    comb = np.interp(at, np.arange(len(spectrum)), spectrum, right=0).sum(axis=0)
    return float(_CENTS[np.convolve(comb, _BROAD, "same").argmax()])


@cache
def _gain(program: int) -> np.float32:
    """What makes a program as loud as the others: by the first half second of three keys."""
    tones = [_probe(program, pitch)[: _PROBE // 2] for pitch in (48, 60, 72)]
    return np.float32(_LEVEL / max(_SOFTEST, np.sqrt(np.mean(np.square(tones)))))


def _probe(program: int, pitch: int) -> Samples:
    """A second and a half of a key as the soundfont has it, left and right together."""
    tone = np.zeros(3 * _PROBE // 2, np.float32)
    for zone in zones_of(0, program, pitch):
        tone += _tone(zone, pitch, len(tone), _PROBE) * zone.places.sum()
    return tone


def _tone(zone: Zone, key: float, length: int, rate: int) -> Samples:
    """A note of a key, whole or not, that is held, ``(length,)``."""
    values = zone.values
    kept = 1 - values["mod_sustain"] / 1000  # of what the modulation envelope bends
    cents = (key - zone.root) * values["scale"] + values["bend"] * kept
    step = zone.rate / rate * 2 ** (cents / 1200)
    place = np.arange(length) * step
    whole = place.astype(np.int32)
    part = (place - whole).astype(np.float32)
    around = _held(zone, int(length * step) + 4)
    a, b, c, d = (around[shift:].take(whole) for shift in range(4))
    curve = 3 * (b - c) + d - a  # through four points (Catmull and Rom, 1974)
    curve = curve * part + 2 * a - 5 * b + 4 * c - d
    tone = np.asarray((curve * part + c - a) * part / 2 + b, np.float32)
    return _filtered(tone, zone, rate) * _envelope(zone, length, rate)


def _held(zone: Zone, length: int) -> Samples:
    """One of silence, then the samples, and their loop again and again, or silence."""
    held = np.zeros(length, np.float32)
    start, end = zone.loop
    if zone.values["looped"] and end > start:
        index = np.arange(length - 1)
        index = np.where(index < end, index, start + (index - start) % (end - start))
    else:
        index = np.arange(min(length - 1, len(zone.samples)))
    held[1 : len(index) + 1] = zone.samples[index]
    return held


def _envelope(zone: Zone, length: int, rate: int) -> Samples:
    """The volume while a key is held, ``(length,)``: a rise, then a fall in decibels."""
    delay, attack, hold, decay = map(zone.seconds, ("delay", "attack", "hold", "decay"))
    time = np.arange(length, dtype=np.float32) / rate - np.float32(delay)
    lowest = zone.values["sustain"] / 10
    fallen = np.clip((time - (attack + hold)) * (100 / decay), 0, lowest)
    return np.asarray(np.clip(time / attack, 0, 1) * 10 ** (-fallen / 20), np.float32)


def _filtered(tone: Samples, zone: Zone, rate: int) -> Samples:
    """The tone behind the low-pass, two poles (R. Bristow-Johnson, "Audio EQ Cookbook")."""
    rise, hold, fall = (zone.seconds(f"mod_{name}") for name in ("attack", "hold", "decay"))
    time = np.linspace(0, 1, 20) - zone.seconds("mod_delay")
    sustain = 1 - zone.values["mod_sustain"] / 1000
    level = np.clip(time / rise, 0, np.clip(1 - (time - rise - hold) / fall, sustain, 1))
    cents = zone.values["cutoff"] + zone.values["sweep"] * float(level.mean())
    cutoff = 8.176 * 2 ** (cents / 1200)
    if cents >= OPEN or cutoff > 0.4 * rate:
        return tone
    angle = 2 * np.pi * cutoff / rate
    quality = 10 ** ((zone.values["resonance"] / 10 - 3.01) / 20)
    alpha, cosine = float(np.sin(angle) / (2 * quality)), float(np.cos(angle))
    size = fast_length(len(tone) + rate // 4)
    delay = _delay(size)
    response = (1 - cosine) / 2 * (1 + delay) ** 2
    response /= 1 + alpha - 2 * cosine * delay + (1 - alpha) * delay**2
    filtered = np.fft.irfft(np.fft.rfft(tone, size) * response, size)
    return np.asarray(filtered[: len(tone)], np.float32)


@lru_cache(maxsize=8)
def _delay(size: int) -> NDArray[np.complex64]:
    """The response of a sample's delay, for transforms of `size`."""
    angles = np.linspace(0, -np.pi, size // 2 + 1)
    return np.asarray(np.exp(1j * angles), np.complex64)


def fast_length(length: int) -> int:
    """A number of samples, at least `length`, of small factors: such transforms are fast."""
    power = 1 << max(0, length.bit_length() - 4)
    return -(-length // power) * power
