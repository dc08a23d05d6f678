# %% [markdown]
# # 5. Watching
#
# **The idea:** the losses of a generator and a critic do not say how good the music is. So one
# watches several figures together. One also checks each figure on music whose answer is known.
#
# First you read the log of your own training. Then you break four small trainings on purpose, to
# see what a broken one looks like.
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
from kantor.training import history

reports = lesson.ROOT / "reports" / "training"
log = history.Log(history.read(reports / "history.csv"))
reference = json.loads((reports / "reference.json").read_text())
params = settings.load(Train, "train", lesson.ROOT / "params.yaml")
print(len(log.rows), "rows, the last at iteration", int(log.rows[-1]["iteration"]))

# %% [markdown]
# ## A healthy run
#
# `make repro` wrote a row of figures into a log every ten
# [iterations](../docs/hands-on/glossary.html#iteration). Kantor's network first learns by
# [likelihood](../docs/hands-on/glossary.html#likelihood): it gives a probability to each note that
# Bach wrote, and training makes these probabilities larger. The loss is small where they are large.
# At the dashed line the critic joins. Lesson 6 tells more of both.


# %%
def draw(axis, rows, name, **style):
    at = [(row["iteration"], row[name]) for row in rows if name in row]
    axis.plot(*zip(*at, strict=True), **style)


_, axes = plt.subplots(1, 2, layout="constrained")
draw(axes[0], log.rows, "likelihood")
axes[0].set(title="likelihood loss: lower is better", xlabel="iteration", ylim=(0, 1))
axes[0].axvline(params.warmup_iterations, color="grey", linestyle="--")
for name in ("wasserstein", "critic_loss", "generator_loss"):
    draw(axes[1], log.rows, name, label=name)
axes[1].set(title="against the critic", xlabel="iteration")
axes[1].legend()
plt.show()

# %% [markdown]
# Left: the loss falls fast at first, then ever more slowly. Right: the
# [distance](../docs/hands-on/glossary.html#wasserstein-distance) rises. In lesson 3 it fell as the
# points got better. Here the generator has already learned when the critic begins, and the critic
# learns to see more and more differences. So a rising distance does not mean worse music. The
# generator's loss jumps: it is the mean score of what it makes, with the sign turned, and only
# *differences* of scores mean anything. No curve here says how good the music is.

# %% [markdown]
# ## Three musical measures
#
# The workshop watches three measures of the music. Kantor counts them too, beside Bach's:
#
# - [empty bars](../docs/hands-on/glossary.html#empty-bars): the share of bars in which a voice is
#   silent;
# - which pitches are used: here, how many [pitch
#   classes](../docs/hands-on/glossary.html#pitch-classes) (note names without octave) a bar has;
# - [in scale](../docs/hands-on/glossary.html#in-best-scale): the share of notes inside the major
#   scale that fits best.
#
# The band is Bach's: his mean, and one [standard
# deviation](../docs/hands-on/glossary.html#standard-deviation) up and down. Inside it is good;
# above it is no better than below. The fourth figure is
# [diversity](../docs/hands-on/glossary.html#diversity). One melody is composed twice, with
# different random numbers; diversity is the share of
# [cells](../docs/hands-on/glossary.html#cell) that differ.

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
# iteration 100 on all three are inside Bach's band. So these measures find silence and noise, and
# after that they say little; exercise 1 shows what they miss. Kantor therefore also counts
# parallels, clashes, chords and leaps.
#
# Figures do not replace listening. During the training Kantor composed under one melody again and
# again. You hear it before the first iteration, when every note is random within its voice's
# range; at iteration 50; and at the end.

# %%
frames = corpus.load(reports / "frames.npz")
for take in (*frames[:2], frames[-1]):
    display(lesson.hear(lesson.bars(take.score, 1, 3), f"iteration {take.id}"))

# %% [markdown]
# ## Broken on purpose
#
# Now four trainings go wrong. Each trains a small U-Net, as in lesson 4, on 60 chorales.
# `loop.train` is the function that `make repro` uses. It contains a [health
# check](../docs/hands-on/glossary.html#health-check), which reads every row of the log, and warns
# or stops the training if something is wrong. The function `run` prints what it finds.

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
# **The learning rate is too high**, a hundred times that of the other trainings here. The [learning
# rate](../docs/hands-on/glossary.html#learning-rate) says how far each step changes the weights.
# Too large steps jump past good weights, and the losses shoot up. Kantor stops this training after
# a few iterations.

# %%
runs["rate too high"] = run(generator=0.1, critic=0.1)

# %% [markdown]
# **No gradient penalty.** Kantor does not accept zero, so we set it to next to nothing. Now nothing
# limits the critic's scores. By multiplying all of them the critic makes their difference larger,
# without seeing anything new. Its loss runs away. Kantor stops this too; here the second half of
# its advice is the right one.

# %%
runs["no penalty"] = run(gradient_penalty=1e-9)

# %% [markdown]
# **The critic is too weak**: it learns a thousand times more slowly, and gets one step instead of
# five. The generator soon finds what this critic happens to like. The distance falls below zero:
# the critic scores the generator's noise *higher* than Bach. The health check finds nothing, as the
# figures are small and keep moving. You must see this fault yourself, in the two rows of pictures
# below.

# %%
if lesson.budget(1, 0):  # tests leave the two longer ones out
    runs["weak critic"] = run(critic=1e-6, critic_steps=1)

# %% [markdown]
# **The samples collapse.** No setting is wrong here; the training only runs longer. Two takes of a
# melody become the same: silence. Other generators repeat a few notes. Both are called [mode
# collapse](../docs/hands-on/glossary.html#mode-collapse). Kantor warns when the diversity of a
# measurement is below .02, and stops after three such measurements in a row.

# %%
if lesson.budget(1, 0):
    runs["collapse"] = run(iterations=60)

# %%
_, axes = plt.subplots(1, len(runs), layout="constrained")
for axis, (name, rows) in zip(axes, runs.items(), strict=True):
    draw(axis, rows, "wasserstein", marker=".")
    axis.set(title=name, xlabel="iteration")
axes[0].set_ylabel("the critic's distance")
beside_bach(runs)

# %% [markdown]
# Look at the line of the collapse. Its distance falls, as in a success, and its share in scale
# rises to Bach's. But .75 empty bars mean that three voices of four are silent: only the given
# melody sounds. No single curve shows all four faults. (The first run was stopped before it was
# measured.)

# %% [markdown]
# ## Can you trust a measure?
#
# Try it on something whose answer you know. In a scale of C major all notes are in C major, and no
# bar is empty. The distance between its pitches and its own pitches is 0. Kantor's functions say
# so:


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
# Two published programs give other answers. The first is the workshop's (`metrics_utils.py` of
# aws-deepcomposer-samples, 2019). Here are its three formulas, rewritten for one voice. We give
# them the scale and silence. Each comes twice: as a roll of 0 and 1, and as one of -1 and 1, as the
# workshop's rolls are.


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
# - *Distance* compares with a row of ones, not with Bach. This scale and silence both get 9.165,
#   the square root of 84.
# - *In scale* is .5, where 1 is right. `reshape(12, 7)` puts seven *neighbouring* pitches into a
#   group. All Cs should be in one group, all C sharps in the next: that is `reshape(7, 12)`, with
#   the axes of the sum to match.
# - With -1 and 1, the last two rows, each silent cell counts as -1. The distance and the share in
#   scale are then nearly the same for music and for silence.
#
# The second is the package pypianoroll, version 1.0.4. It groups neighbouring pitches too, ten to a
# group. So its share in scale depends on the octave in which the same scale stands:

# %%
for lowest in (36, 48, 60, 72):
    score = scale(lowest)
    theirs = pypianoroll.in_scale_rate(to_roll(score.pitches)[..., 0].astype(int))
    ours = musical.evaluate(score)["in_c_major"]
    print(f"{score.title}: pypianoroll {theirs:.3f}, Kantor {ours:.3f}")

# %% [markdown]
# ## Exercises
#
# 1. Put the lower voices of another chorale in the same key under each melody. Which of the three
#    measures change? Which other measures do?
# 2. For 20 rows of a log the critic's distance is 0.00001. What does that mean? What does
#    `history.examine` say?
#
# ## Answers
#
# **1.** None of the three changes much: every voice is by Bach, and in the right key. But the
# voices do not fit together. Measures that compare voices show it: parallels, clashes, chords.

# %%
held_out = [piece.score for piece in chorales if piece.split == "valid"]
mixed = baselines.shuffled(held_out, np.random.default_rng(0))
both = {"Bach": held_out, "mixed": mixed}
table = pd.DataFrame({name: musical.evaluate_windows(one).mean() for name, one in both.items()})
table.filter(regex="empty|classes|best_scale|seventh|clash|fifths", axis=0).round(3)

# %% [markdown]
# **2.** The critic gives Bach's and the generator's music the same mean score. Perhaps the two
# cannot be told apart any more. Far more often the critic tells nothing apart; the log alone cannot
# say which. Either way the generator learns nothing from it, and Kantor stops the training.

# %%
zeros = history.Log([{"iteration": row, "wasserstein": 0.00001} for row in range(20)])
history.examine(zeros, params.health)
