# %% [markdown]
# # 5. Watching
#
# **The idea:** a loss of such a game does not say how good the music is, so one watches several
# figures together, knows what a broken training looks like, and checks the figures themselves on
# something whose answer is known.
#
# First you read the log of your own training, then you break four small ones on purpose.
#
# **Time:** about a minute and a half on two free cores.
# **Needs:** what `make repro` made.
# **Prepares:** questions 11, 12 and 13 in [questions.md](../docs/hands-on/questions.md).

# %%
import json
import tempfile
from contextlib import suppress
from pathlib import Path

import lesson
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pypianoroll
from IPython.display import display

from kantor import settings
from kantor.data import corpus, windows
from kantor.errors import SetupError
from kantor.formats.pianoroll import to_roll
from kantor.hyperparameters import Train
from kantor.metrics import baselines, distances, musical
from kantor.model.nets import unet
from kantor.model.train import loop
from kantor.music.score import Score, onset_floor
from kantor.training import history, stopping

reports = lesson.ROOT / "reports" / "training"
log = history.Log(history.read(reports / "history.csv"))
reference = json.loads((reports / "reference.json").read_text())
params = settings.load(Train, "train", lesson.ROOT / "params.yaml")
print(len(log.rows), "rows, the last at iteration", int(log.rows[-1]["iteration"]))

# %% [markdown]
# ## A healthy run
#
# `make repro` wrote a row of figures every ten
# [iterations](../docs/hands-on/glossary.html#iteration). Kantor's network first learns by
# [likelihood](../docs/hands-on/glossary.html#likelihood): how surprised is it by what Bach wrote?
# Right of the dashed line the critic joins. Lesson 6 is about both.


# %%
def draw(axis, rows, name, **style):
    at = [(row["iteration"], row[name]) for row in rows if name in row]
    axis.plot(*zip(*at, strict=True), **style)


_, axes = plt.subplots(1, 2, layout="constrained")
draw(axes[0], log.rows, "likelihood")
axes[0].set(title="likelihood loss: lower is less surprised", xlabel="iteration", ylim=(0, 1))
axes[0].axvline(params.warmup_iterations, color="grey", linestyle="--")
for name in ("wasserstein", "critic_loss", "generator_loss"):
    draw(axes[1], log.rows, name, label=name)
axes[1].set(title="against the critic", xlabel="iteration")
axes[1].legend()
plt.show()

# %% [markdown]
# Left: steep at first, then ever flatter; ragged at the end, where it is counted on one window in
# eight. Right: the [distance](../docs/hands-on/glossary.html#wasserstein-distance) rises. Here the
# generator is good before the critic has learned to see, and then the critic finds ever more to
# criticise. The generator's loss jumps: it is the mean score of its own samples, and only
# *differences* of scores mean anything. None of these curves says "the music is good now". That
# takes figures of the music.

# %% [markdown]
# ## Three musical measures
#
# The workshop watches three, and Kantor counts them too, each beside Bach's:
#
# - [empty bars](../docs/hands-on/glossary.html#empty-bars): the share of bars in which a voice is
#   silent;
# - the pitches that are used: here, how many [pitch
#   classes](../docs/hands-on/glossary.html#pitch-classes) a bar has;
# - [in scale](../docs/hands-on/glossary.html#in-best-scale): the share of notes inside the major
#   scale that fits best.
#
# The band is Bach: mean and one [standard
# deviation](../docs/hands-on/glossary.html#standard-deviation) up and down. Near to it is good,
# above it is not better than below. The fourth figure,
# [diversity](../docs/hands-on/glossary.html#diversity), compares two takes of one melody with
# different random numbers: the share of cells that differ.

# %%
measures = {"metric_empty_bars": "empty bars", "metric_pitch_classes": "pitch classes a bar"}
measures |= {"metric_in_best_scale": "in scale", "diversity": "diversity"}


def beside_bach(runs):
    _, axes = plt.subplots(1, 4, layout="constrained")
    for axis, (name, title) in zip(axes, measures.items(), strict=True):
        if bach := reference.get(name.removeprefix("metric_")):
            axis.axhspan(bach["mean"] - bach["sd"], bach["mean"] + bach["sd"], alpha=0.3)
        for label, rows in runs.items():
            draw(axis, rows, name, label=label, marker=".")
        axis.set(title=title, xlabel="iteration")
    axes[0].set_ylim(-0.05, 1.05)
    axes[0].legend()
    plt.show()


beside_bach({"your training": log.rows})

# %% [markdown]
# At iteration 50 the bars have too many pitch classes, and too few notes are in scale. From
# iteration 100 on all three are inside Bach's band. These measures do their work early: they find
# silence and noise. Exercise 1 shows what they do not find. Therefore Kantor also counts parallels,
# clashes, chords and leaps.
#
# Nothing replaces listening. As it trained, Kantor composed under one melody again and again. You
# hear it before the first iteration, where every note is random within its voice's range; then at
# iteration 50; then at the end.

# %%
frames = corpus.load(reports / "frames.npz")
for take in (*frames[:2], frames[-1]):
    display(lesson.hear(lesson.bars(take.score, 1, 3), f"iteration {take.id}"))

# %% [markdown]
# ## Broken on purpose
#
# Now four trainings go wrong. They train the U-Net of lesson 4, smaller still, on 60 chorales, by
# the function that `make repro` calls, in a folder that is thrown away. It has a [health
# check](../docs/hands-on/glossary.html#health-check): it looks at every row of the log, warns, and
# stops a training that cannot recover.

# %%
unet.FILTERS, unet.LATENT = (4, 8, 16, 32), (2, 8, 32)
chorales = corpus.load(lesson.BUILD / "scores.npz")
some = [[piece for piece in chorales if piece.split == split] for split in ("train", "valid")]
some = some[0][:60] + some[1][:4]
cut = windows.cut(some, settings.Windows())
recipe = {"preset": "unet", "iterations": lesson.budget(30, 10), "critic_steps": 5, "drawn": 6}
recipe |= {"batch": 8, "parts": 1, "gradient_penalty": 10, "average": 0, "xla": False, "seed": 1}
recipe |= {"log_every": 1, "measure_every": 5, "checkpoint_every": 500, "melodies": 4}


def run(generator=0.001, critic=0.001, **changes):
    rates = {"likelihood": 0.001, "generator": generator, "critic": critic}
    chosen = {**params.model_dump(), **recipe, "learning_rates": rates, **changes}
    with tempfile.TemporaryDirectory() as folder:
        places = ("model", "reports", "checkpoints", "times.csv")
        folders = loop.Folders(*(Path(folder) / place for place in places))
        with suppress(SetupError):  # by which the health check stops a training
            loop.train(Train.model_validate(chosen), some, cut, "", folders, say=lambda line: None)
        for found in json.loads((folders.reports / "health.json").read_text())["findings"]:
            does = "stops" if found["fatal"] else "warns"
            print(f"Iteration {found['iteration']}: Kantor {does}: {found['message']}")
        return history.read(folders.reports / "history.csv")


runs = {}

# %% [markdown]
# **The learning rate is too high**, a hundred times the workshop's. The [learning
# rate](../docs/hands-on/glossary.html#learning-rate) says how far each step changes the weights.
# With too large steps both networks jump past every good place, and the losses shoot up. Kantor
# stops it after a few iterations.

# %%
runs["rate too high"] = run(generator=0.1, critic=0.1)

# %% [markdown]
# **No gradient penalty.** The setting may not be zero, so it is next to nothing. Nothing keeps the
# critic's scores small now. It can make the difference of two scores larger by simply multiplying
# all of them. The loss runs away without anything being learned. Kantor stops this too, with the
# same finding and the right advice.

# %%
runs["no penalty"] = run(gradient_penalty=1e-9)

# %% [markdown]
# **The critic is too weak**: it learns a thousand times more slowly, and gets one step instead of
# five. The generator soon finds out what this critic happens to like. The distance falls below
# zero: the critic scores noise *higher* than Bach. The health check finds nothing wrong, for the
# figures are small and move. This one you must see yourself: a distance that falls below zero, and
# a music that stays noise.

# %%
if lesson.budget(1, 0):  # tests leave the two longer ones out
    runs["weak critic"] = run(critic=1e-6, critic_steps=1)

# %% [markdown]
# **The samples collapse.** This is the recipe of lesson 4, without a fault in it. The distance
# falls and falls, as in a success, and the share in scale rises to Bach's. But the bars get empty,
# and two takes of a melody become the same: silence. Generators also collapse onto a few notes; it
# is called [mode collapse](../docs/hands-on/glossary.html#mode-collapse). Kantor warns at a
# measurement below .02 and stops after three in a row. Lesson 4 went through this valley; with the
# health check it would have ended there.

# %%
if lesson.budget(1, 0):
    runs["collapse"] = run(iterations=60)

# %%
_, axes = plt.subplots(1, len(runs), layout="constrained")
for axis, (name, rows) in zip(axes, runs.items(), strict=True):
    draw(axis, rows, "wasserstein", marker=".")
    axis.set(title=name, xlabel="iteration")
axes[0].set_ylabel("the critic's distance")
plt.show()

# %%
beside_bach(runs)

# %% [markdown]
# Look at the line of the collapse. Its distance (above) and its share in scale (below) please the
# eye, but .75 empty bars means that three voices of four are silent: only the given melody sounds.
# No single curve tells all four faults. (The first run was stopped before it was measured.)

# %% [markdown]
# ## When to stop
#
# More iterations are not always better, and a loss that stands still may mean either "learned" or
# "broken". Kantor stops for the first of these reasons that holds: the budget of iterations (or
# minutes) is used up; the critic's distance has stood still for many rows; the headline measures,
# parallels and chords among them, are Bach's in several measurements in a row. This is how near
# each was at the end of your training:

# %%
done = int(log.rows[-1]["iteration"])
for one in stopping.criteria(log, params, done, 0, reference):
    print(f"{one.name:10}{one.share:5.0%}  {'stops' if one.met else '':6}{one.text}")

# %% [markdown]
# The budget decided. The other two are strict on purpose, for a training that is left alone for
# hours.

# %% [markdown]
# ## Can you trust a measure?
#
# Try it on something whose answer you know. A scale of C major has eight notes, all in C major, no
# empty bar, and the distance of its pitches from its own pitches is 0. Kantor's functions say so:


# %%
def scale(lowest):
    pitches = np.repeat(np.array([0, 2, 4, 5, 7, 9, 11, 12]) + lowest, 4)[:, None]
    return Score(pitches, onset_floor(pitches), title=f"C major from {lowest}")


c_major = scale(60)
found = musical.evaluate(c_major)
own = distances.line_histograms([c_major])
print({name: round(found[name], 3) for name in ("empty_bars", "in_c_major", "pitch_classes")})
print("pitch histogram's distance to its own:", *distances.earth_movers(own, own))
lesson.hear(c_major, "The scale")

# %% [markdown]
# Two published codes do not. The first is the workshop's (`metrics_utils.py` of
# aws-deepcomposer-samples, 2019). Here are its three formulas, written anew for one voice. Can you
# see what is wrong?


# %%
def workshop(roll):
    bars = roll.reshape(2, 16, 128)[:, :, 24:108]
    empty = np.mean(np.any(bars > 0.5, axis=(1, 2)))
    histogram = np.mean(np.sum(bars, axis=1), axis=0)
    distance = np.linalg.norm(np.ones(84) - histogram)
    chroma = bars.reshape(2, 16, 12, 7).sum(axis=(0, 1, 3))
    mask = np.array([1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1])
    total = chroma.sum()
    return empty, distance, (mask * chroma).sum() / total if total else np.nan


roll = to_roll(c_major.pitches)[..., 0].astype(float)
rolls = {"scale, 0 and 1": roll, "silence, 0 and 1": 0 * roll}
rolls |= {"scale, -1 and 1": 2 * roll - 1, "silence, -1 and 1": 0 * roll - 1}
print(f"{'':20}{'empty bars':>11}{'distance':>10}{'in scale':>10}")
for name, one in rolls.items():
    print(f"{name:20}" + "{:11.2f}{:10.3f}{:10.3f}".format(*workshop(one)))

# %% [markdown]
# - *Empty bars* is 1 for a scale and 0 for silence: it counts the bars that are **not** empty.
# - *Distance* compares with a row of ones, not with Bach. A scale in quarter notes and silence both
#   get 9.165, the root of 84.
# - *In scale* gives half of the scale's notes away. Its `reshape(12, 7)` makes a group of seven
#   *neighbouring* pitches, where all Cs, all C sharps and so on should come together. `(7, 12)`
#   would be right.
# - The workshop's rolls hold -1 and 1, and the formulas are made for 0 and 1. Then each silent cell
#   counts as -1, and silence and scale are nearly the same.
#
# The second is the package pypianoroll, version 1.0.4, which Kantor uses for files. It folds
# pitches in the same way, ten neighbours to a group. So its share depends on the octave in which
# the same scale stands:

# %%
for lowest in (36, 48, 60, 72):
    score = scale(lowest)
    theirs = pypianoroll.in_scale_rate(to_roll(score.pitches)[..., 0].astype(int))
    ours = musical.evaluate(score)["in_c_major"]
    print(f"{score.title}: pypianoroll {theirs:.3f}, Kantor {ours:.3f}")

# %% [markdown]
# ## Exercises
#
# 1. Give each melody the lower voices of another chorale in the same key. Which of the three
#    measures notice? Which others do?
# 2. For 20 rows the critic's distance stays at 0.00001. What does that mean? Find out what Kantor
#    says of it.
#
# ## Answers
#
# **1.** None of the three: every voice is by Bach, in the right key. But the voices do not belong
# together, and what counts *together* sees it: triads and seventh chords, clashes, parallels.

# %%
held_out = [piece.score for piece in chorales if piece.split == "valid"]
mixed = baselines.shuffled(held_out, np.random.default_rng(0))
both = {"Bach": held_out, "mixed": mixed}
table = pd.DataFrame({name: musical.evaluate_windows(one).mean() for name, one in both.items()})
table.filter(regex="empty|classes|best_scale|seventh|clash|fifths", axis=0).round(3)

# %% [markdown]
# **2.** The critic gives Bach and the network the same score. Either the music cannot be told from
# Bach's any more, or the critic has stopped to see anything. After so few rows it is always the
# second. In both cases the generator has nothing left to learn from, and Kantor stops.

# %%
zeros = history.Log([{"iteration": row, "wasserstein": 0.00001} for row in range(20)])
history.examine(zeros, params.health)
