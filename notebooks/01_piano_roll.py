# %% [markdown]
# # 1. The piano roll: music as a grid of numbers
#
# A network computes with numbers, so music must become numbers: a grid of yes and no. The network
# learns from many such grids at once.
#
# This lesson runs for about a minute. It needs `data/`, which `make hands-on` brings. It prepares
# questions 1 to 3 of the [twenty questions](../docs/hands-on/questions.md). You need not know how
# to program: read the text, press the players, look at the pictures. The *cells* of code are
# written in Python; below each stands what it prints or draws. To run one in JupyterLab, click on
# it and press Shift and Enter.
#
# ## A chorale as numbers
#
# A *chorale* is a hymn for four voices: [soprano, alto, tenor and
# bass](../docs/hands-on/glossary.html#voice). Bach wrote several hundred. This one opens his motet
# BWV 227, "Jesu, meine Freude". Here are its first two [bars](../docs/hands-on/glossary.html#bar).

# %%
from lesson import bars, budget, chorale, chorales, hear, show

jesu = chorale("bwv227.1")
phrase = bars(jesu, 1, 2)
hear(phrase, "Four voices")

# %% [markdown]
# Kantor cuts time into [steps](../docs/hands-on/glossary.html#step). One step is a sixteenth note,
# so four steps are a quarter note. In each step each voice has one number, its
# [pitch](../docs/hands-on/glossary.html#pitch). These are the numbers of MIDI: 60 is the C in the
# middle of the piano, and one more is the next key to the right, black or white. A rest is -1.

# %%
print("soprano, alto, tenor, bass:", phrase.pitches.shape)
phrase.pitches[:12]

# %% [markdown]
# Each row is a step, each column a voice. The soprano, on the left, sings 71 in the first eight
# steps.
#
# Drawn as a picture, the same numbers are a [piano
# roll](../docs/hands-on/glossary.html#piano-roll), named after the paper rolls that once drove
# automatic pianos. Time runs to the right, pitch goes up.

# %%
show(phrase)

# %% [markdown]
# Each block of colour is a note. The soprano, in orange, begins with two notes of the same pitch.
#
# ## Onsets: what pitches leave out
#
# The table of pitches says 71 eight times. Is this one long note, or two shorter ones? The pitches
# do not say. So Kantor keeps a second table, the [onsets](../docs/hands-on/glossary.html#onset). An
# onset is True in the step where a note starts.

# %%
for step in range(12):
    print(step, phrase.pitches[step, 0], "starts" if phrase.onsets[step, 0] else "is held")

# %% [markdown]
# The melody begins with two notes of four steps each. What if we had only the pitches?
# `onset_floor` returns the onsets that are certain without the second table: those where the pitch
# changes.

# %%
from dataclasses import replace

from kantor.music.score import onset_floor

melody = phrase.line(0)
hear(melody, "The melody with its onsets")

# %%
without = replace(melody, onsets=onset_floor(melody.pitches))
hear(without, "The same pitches, all repeated notes held")

# %% [markdown]
# The first two notes became one. But the text has two syllables there, "Je-su". So Kantor needs
# both tables.
#
# ## All chorales
#
# A [network](../docs/hands-on/glossary.html#neural-network), the subject of lesson 2, learns from
# examples, so it needs more than one piece. `data/` holds 371 chorales, in three groups that stay
# apart. From the *training* pieces the network learns. The *validation* pieces show, during
# training, how it does on music that it does not learn from. On the *test* pieces the finished
# model is measured; it has never seen them.

# %%
from collections import Counter

pieces = chorales(budget(371, 24))
print(len(pieces), "chorales:", dict(Counter(piece.split for piece in pieces)))
print("steps in all:", sum(piece.score.steps for piece in pieces))

# %% [markdown]
# Which pitches does each voice sing, and how often? A table of such counts is a
# [histogram](../docs/hands-on/glossary.html#pitch-histogram). Here it is drawn as a curve for each
# voice.

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
# Each voice has its own range, and neighbouring ranges overlap. The curves are jagged: a
# [key](../docs/hands-on/glossary.html#key) uses seven of the twelve pitches in an octave far more
# than the other five, and some keys are commoner than others.
#
# ## A window of 32 x 128 x 4
#
# Pieces differ in length, but the network gets grids of one size. So Kantor cuts each piece into
# [windows](../docs/hands-on/glossary.html#window) of 32 steps, which is two bars of four quarters.
# A new window begins at every bar line, so windows overlap: most bars are in two of them, once as
# the first bar and once as the second.

# %%
from kantor.data.windows import cut
from kantor.settings import Windows

windows = cut(pieces, Windows(steps=32, hop_bars=1))
print(windows.rolls.shape, windows.rolls.dtype)

# %% [markdown]
# The shape says how many windows there are, and that each has 32 steps, 128 pitches and 4 voices.
# One entry of this grid is True if that voice sings that pitch in that step. Here is the first
# window, voice by voice; black is True.

# %%
figure, axes = plt.subplots(1, 4, figsize=(7, 2.6), sharey=True)
for index, (axis, line) in enumerate(zip(axes, jesu.ensemble.lines, strict=True)):
    axis.imshow(windows.rolls[0, :, :, index].T, origin="lower", aspect="auto", cmap="Greys")
    axis.set(title=line.name, xlabel="step", ylim=(30, 90))
axes[0].set_ylabel("pitch")
plt.show()

# %% [markdown]
# Nearly all entries are False: a voice that sings has one True among its 128 pitches.
# DeepComposer's workshop gave its network this grid. That network has to learn by itself that a
# voice sings one pitch at a time (lesson 4). Kantor's own network (lesson 6) gives one answer for
# each voice and step, so no voice can sing two pitches at once.
#
# ## Why batches
#
# Training uses not one window at a time but a [batch](../docs/hands-on/glossary.html#batch), here
# of 64. TensorFlow, the library with which Kantor trains, has `tf.data` for this: it takes the
# array, shuffles the windows and hands out batches.

# %%
import kantor.model  # starts TensorFlow, without its many messages
import tensorflow as tf

stream = tf.data.Dataset.from_tensor_slices(windows.rolls)
stream = stream.shuffle(10_000, seed=1).batch(64)
for batch in stream.take(3):
    print(batch.shape)

# %% [markdown]
# The first number is the size of the batch: 64 windows. There are two reasons for batches. The
# first is speed: a computer multiplies one large table faster than many small ones. The next cell
# multiplies the same 64 windows by a table of random numbers, in batches of 1, 8 and 64.

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
# The second reason is that a mean over many windows is steadier. After each batch the network
# changes a little, in the direction that this batch asks for. One window says little about all of
# Bach. A plain question shows it: *how many notes, of all voices, begin in a bar?* For each size we
# draw 200 batches at random. Each dot is the answer of one batch.

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
# The black line is the mean of all windows. If a batch has four times as many windows, its answer
# typically lies half as far from the line: the spread falls with the square root of the size.
# Larger batches are steadier, but each takes longer. Kantor takes 64.
#
# Kantor's own batches hold more than rolls. They come from the same windows.

# %%
from kantor.model.train.batches import dataset, pool

training = pool(tuple(pieces), windows, "train")
batch = next(iter(dataset(training, size=64, seed=1)))
print(*(f"{name:12} {tuple(values.shape)}" for name, values in batch.items()), sep="\n")

# %% [markdown]
# The first 64 is the batch. The second counts steps: the 32 of the window, with 16 before and 16
# after, so that the network also sees what surrounds the window. `inside` is False where these lie
# outside the piece. `pitches` and `onsets` you know. `bars` says where in its bar each step is,
# `fermatas` where a [phrase](../docs/hands-on/glossary.html#phrase) ends, and `major_tonic` stands
# for the key. The [mask](../docs/hands-on/glossary.html#mask) says which notes are given, such as
# the melody; the network must find the others.
#
# ## Exercises
#
# 1. A window has 32 x 128 x 4 entries. How many of them can be True at most? How many are on
#    average?
# 2. Play the phrase backwards. Which of the two tables can simply be reversed, and which one
#    cannot?

# %% [markdown]
# ## Answers
#
# **1.** Each of the four voices sings at most one pitch in each of the 32 steps: 32 x 4 = 128 of
# 16,384 entries, or one in 128. Rests make it a little less.

# %%
true = windows.rolls.sum(axis=(1, 2, 3))
print("at most", 32 * 4, "- on average", round(float(true.mean()), 1), "of", 32 * 128 * 4)

# %% [markdown]
# **2.** The pitches can be reversed. The onsets cannot: reversed, they mark the *last* step of each
# note. So turn the notes around. A note from `start` to `end` now begins at `last - end`, where
# `last` is the length of the phrase, and ends at `last - start`.

# %%
from kantor.music.notes import Note, arrays_of, notes_of

last = phrase.steps
turned = [Note(last - end, last - start, *rest) for start, end, *rest in notes_of(phrase)]
pitches, onsets = arrays_of(turned, last)
hear(replace(phrase, pitches=pitches, onsets=onsets), "Backwards")

# %% [markdown]
# Each step sounds as before, but the chords lead nowhere: music has a direction, and a network must
# learn it.
