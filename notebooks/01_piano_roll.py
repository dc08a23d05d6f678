# %% [markdown]
# # 1. The piano roll: music as a grid of numbers
#
# A piece of music becomes a grid of yes and no, and a network learns from many such grids at
# once.
#
# This lesson runs for about a minute. It needs `data/`, which `make hands-on` brings. It prepares
# questions 1 to 3 of the [twenty questions](../docs/hands-on/questions.md). You need not know how
# to program: read the text, press the players, look at the pictures. To run a cell in JupyterLab,
# click on it and press Shift and Enter.

# %% [markdown]
# ## A chorale as numbers
#
# A *chorale* is a hymn for four voices: [soprano, alto, tenor and
# bass](../docs/hands-on/glossary.html#voice). Bach wrote several hundred. This one opens his
# motet BWV 227, "Jesu, meine Freude". Here are its first two bars.

# %%
from lesson import bars, budget, chorale, chorales, hear, show

jesu = chorale("bwv227.1")
phrase = bars(jesu, 1, 2)
hear(phrase, "Four voices")

# %% [markdown]
# Kantor cuts time into [steps](../docs/hands-on/glossary.html#step). One step is a sixteenth
# note, so four steps are a quarter note. In each step each voice has one number, its
# [pitch](../docs/hands-on/glossary.html#pitch). These are the numbers of MIDI: 60 is the C in the
# middle of the piano, and one more is the next key to the right, black or white. A rest is -1.

# %%
print("soprano, alto, tenor, bass:", phrase.pitches.shape)
phrase.pitches[:12]

# %% [markdown]
# Each row is a step, each column a voice. The soprano, on the left, sings 71 for the first
# eight steps.
#
# The same numbers as a picture are a [piano roll](../docs/hands-on/glossary.html#piano-roll). It
# is named after the paper rolls that once drove automatic pianos. Time runs to the right, pitch
# upwards.

# %%
show(phrase)

# %% [markdown]
# Each bar of colour is a note. The soprano, in orange, begins with two notes of the same pitch.
#
# ## Onsets: what pitches leave out
#
# The numbers say 71 eight times. Is this one long note or two shorter ones? They cannot tell. So
# Kantor keeps a second table: the [onsets](../docs/hands-on/glossary.html#onset). An onset is
# True in the step where a note starts.

# %%
for step in range(12):
    print(step, phrase.pitches[step, 0], "starts" if phrase.onsets[step, 0] else "is held")

# %% [markdown]
# Two notes of four steps each, then the next pitch. Without the table of onsets, what would be
# left? `onset_floor` knows only the onsets that are certain: those where the pitch changes.

# %%
from dataclasses import replace

from kantor.music.score import onset_floor

melody = phrase.line(0)
hear(melody, "The melody with its onsets")

# %%
without = replace(melody, onsets=onset_floor(melody.pitches))
hear(without, "The same pitches, all repeated notes held")

# %% [markdown]
# The first two notes became one. Two syllables have to share it, and "Je-su" cannot be sung to
# it. So two tables are needed.
#
# ## All chorales
#
# A network learns from examples, so it needs more than one piece. `data/` holds 371 chorales.
# They are in three groups, which stay apart. Most are for *training*: the network learns from
# them. Some are for *validation*: they show how a training goes. The last are the *test*: the
# finished model is measured on them and has never seen them.

# %%
from collections import Counter

pieces = chorales(budget(371, 24))
print(len(pieces), "chorales:", dict(Counter(piece.split for piece in pieces)))
print("steps in all:", sum(piece.score.steps for piece in pieces))

# %% [markdown]
# Which pitches does each voice sing, and how often? A table of such counts is a
# [histogram](../docs/hands-on/glossary.html#pitch-histogram). Lesson 5 uses it to judge music.

# %%
import matplotlib.pyplot as plt
import numpy as np

for index, line in enumerate(jesu.ensemble.lines):
    sung = np.concatenate([piece.score.pitches[:, index] for piece in pieces])
    counts = np.bincount(sung[sung >= 0], minlength=128)
    plt.step(range(128), counts / counts.sum(), where="mid", color=line.colour, label=line.name)
plt.xlim(34, 84)
plt.xlabel("pitch (60 is middle C)")
plt.ylabel("share of the steps")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# Each voice has its own region, and neighbours overlap. The curves are jagged, because a key uses
# seven of the twelve pitches in an octave far more than the other five.
#
# ## A window of 32 x 128 x 4
#
# Pieces differ in length, and a network wants grids of one size. So Kantor cuts each piece into
# [windows](../docs/hands-on/glossary.html#window) of 32 steps, which is two bars of four
# quarters. A new window begins at every bar line, so each bar is seen at the start and at the end
# of a window.

# %%
from kantor.data.windows import cut
from kantor.settings import Windows

windows = cut(pieces, Windows(steps=32, hop_bars=1))
print(windows.rolls.shape, windows.rolls.dtype)

# %% [markdown]
# The shape says: so many windows, each of 32 steps, 128 pitches and 4 voices. A cell of this grid
# is True where that voice sings that pitch in that step. This is one window, voice by voice.

# %%
figure, axes = plt.subplots(1, 4, figsize=(7, 2.6), sharey=True)
for index, (axis, line) in enumerate(zip(axes, jesu.ensemble.lines, strict=True)):
    axis.imshow(windows.rolls[0, :, :, index].T, origin="lower", aspect="auto", cmap="Greys")
    axis.set(title=line.name, xlabel="step", ylim=(30, 90))
axes[0].set_ylabel("pitch")
plt.show()

# %% [markdown]
# Nearly all cells are white. A voice that sings has one True among its 128 pitches.
# DeepComposer's workshop gave its network just this grid. Its network had to learn by itself that
# a voice sings one pitch at a time, and lesson 4 shows how hard that is. Kantor's own network
# (lesson 6) cannot do anything else.
#
# ## Why batches
#
# A training does not look at one window at a time but at a
# [batch](../docs/hands-on/glossary.html#batch), 64 of them for example. TensorFlow, the library
# that Kantor trains with, has `tf.data` for this. It takes the arrays, shuffles the windows and
# hands out batches.

# %%
import kantor.model  # starts TensorFlow, without its many messages
import tensorflow as tf

stream = tf.data.Dataset.from_tensor_slices(windows.rolls)
stream = stream.shuffle(10_000, seed=1).batch(64)
for batch in stream.take(3):
    print(batch.shape)

# %% [markdown]
# The first number is new: 64 windows at once. There are two reasons for batches. The first is
# speed: a computer multiplies one large table faster than many small ones.

# %%
import time

table = tf.random.stateless_uniform((32 * 128 * 4, 64), seed=(1, 1))
flat = tf.reshape(tf.cast(windows.rolls[:64], tf.float32), (64, -1))
tf.matmul(flat, table)  # the first time is always slow
for size in (1, 8, 64):
    began = time.perf_counter()
    for start in range(0, 64, size):
        tf.matmul(flat[start : start + size], table)
    print(f"batches of {size:2}: {1e6 * (time.perf_counter() - began) / 64:6.0f} µs a window")

# %% [markdown]
# The second reason is noise. After each batch the network changes a little, in the direction that
# this batch asks for. One window says little about all of Bach. We can see it with a plain
# question: *how many notes begin in a bar?* Here is what 200 batches of each size answer.

# %%
chance = np.random.default_rng(1)
notes = windows.onsets.sum(axis=(1, 2)) / 2  # a window is two bars
sizes = [1, 4, 16, 64]
answers = [chance.choice(notes, (200, size)).mean(axis=1) for size in sizes]
for place, answer in enumerate(answers):
    plt.scatter(place + chance.uniform(-0.2, 0.2, 200), answer, s=5, alpha=0.5)
plt.axhline(notes.mean(), color="black", linewidth=0.8)
plt.xticks(range(4), [f"batches of {size}" for size in sizes])
plt.ylabel("notes in a bar")
plt.show()
print("spread:", *(f"{answer.std():.2f}" for answer in answers))

# %% [markdown]
# The black line is the answer of all windows. Batches of four times as many windows lie about
# half as far from it: the spread falls with the square root of the size. Larger batches are
# surer, but each takes longer. 64 is a common middle.
#
# Kantor's own batches hold more than rolls. They come from the same windows.

# %%
from kantor.model.train.batches import dataset, pool

training = pool(tuple(pieces), windows, "train")
batch = next(iter(dataset(training, size=64, seed=1)))
print(*(f"{name:12} {tuple(values.shape)}" for name, values in batch.items()), sep="\n")

# %% [markdown]
# `pitches` and `onsets` you know. `bars` says where in its bar each step is, and `fermatas` where
# a phrase ends. `mask` says which notes are given, such as the melody, and which the network must
# find. Each window comes with some steps before and after it, so that the network hears what came
# before.
#
# ## Exercises
#
# 1. A window has 32 x 128 x 4 cells. How many of them can be True at most? How many are on
#    average?
# 2. Play the phrase backwards. Which table can simply be turned around, and which can not?

# %% [markdown]
# ## Answers
#
# **1.** Each of the four voices sings at most one pitch in each of the 32 steps: 128 cells of
# 16,384, or one in
# 128. Rests make it a little less.

# %%
true = windows.rolls.sum(axis=(1, 2, 3))
print("at most", 32 * 4, "- on average", round(float(true.mean()), 1), "of", 32 * 128 * 4)

# %% [markdown]
# **2.** The pitches can. The onsets can not: turned around, they mark the *last* step of each
# note. It is easier with notes. A note from `start` to `end` now begins where the end was,
# counted from the other side.

# %%
from kantor.music.notes import Note, arrays_of, notes_of

last = phrase.steps
turned = [Note(last - end, last - start, *rest) for start, end, *rest in notes_of(phrase)]
pitches, onsets = arrays_of(turned, last)
hear(replace(phrase, pitches=pitches, onsets=onsets), "Backwards")

# %% [markdown]
# Bach backwards is still in tune, step by step. But the chords lead nowhere: music has a
# direction, and a network must learn it.
