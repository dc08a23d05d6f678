# %% [markdown]
# # 6. Kantor's own network
#
# **One idea: a network that reads the intervals between voices can learn a rule of
# [part-writing](../docs/hands-on/glossary.html#part-writing) once for all pitches.**
#
# The workshop's network makes two bars at once (lesson 4). Kantor's network writes one note after
# the other. This lesson shows what it reads, which notes it thinks likely before it writes one,
# and what the [critic](../docs/hands-on/glossary.html#critic) adds. The lesson needs what
# `make repro` made, and runs for about three minutes, most of them for two small trainings. It
# prepares questions 14 to 16 of the [twenty questions](../docs/hands-on/questions.md).

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from lesson import BUILD, ROOT, bars, budget, hear

from kantor import settings
from kantor.data import corpus, windows
from kantor.hyperparameters import Train
from kantor.model.generator import load
from kantor.model.nets.features import features, midi_of_choices, place, to_inputs
from kantor.model.train import batches
from kantor.model.train.monitor import Monitor
from kantor.model.train.trainer import Trainer
from kantor.network.layout import CONTEXT, LARGEST_MOTION, succession
from kantor.training.history import read

model = load(BUILD / "model")
network, layout = model.network, model.network.layout
pieces = corpus.load(BUILD / "scores.npz")
held_out = [piece for piece in pieces if piece.split == "valid"]
print(
    f"{network.count_params():,} weights; it writes",
    [layout.ensemble.names[line] for line in layout.ensemble.order],
)

# %% [markdown]
# ## What it reads
#
# A *step* is a sixteenth. The network reads a step as a list of zeros and ones. They say which
# pitch each voice has, counted from the [tonic](../docs/hands-on/glossary.html#tonic), and which
# notes start here. They also say the *relations*: the
# [interval](../docs/hands-on/glossary.html#interval) between each pair of voices, and the motion of
# each voice since the step before. We take two bars that the network has never seen in training,
# and print the relations on their second beat.


# %%
def inputs_of(piece, given=(0,)):
    """Two bars of a piece as the network reads them; it knows the voices `given` beforehand."""
    cut = windows.cut((piece,), settings.Windows())
    names = ("pitches", "onsets", "bars", "fermatas", "inside", "major_tonic")
    pool = batches.pool((piece,), cut, piece.split)
    arrays = {name: getattr(pool, name)[:1] for name in names}
    mask = np.isin(np.arange(4), given) | ~arrays["inside"][..., None]
    return to_inputs(arrays | {"mask": mask}, layout.vocabulary)


piece = next(piece for piece in held_out if piece.id == "jsb/bwv197.10")
tokens, before, onsets = inputs_of(piece).steps(CONTEXT, CONTEXT + 32)
names, step = layout.ensemble.names, 4
interval = place("interval", layout, tokens, before)[0, step].numpy()
motion = place("motion", layout, tokens, before)[0, step].numpy() - LARGEST_MOTION
pairs = [f"{names[upper]} above {names[lower]}" for upper, lower in layout.ensemble.pairs]
print(pd.Series(interval, pairs, name="semitones, octaves left out").to_string(), "\n")
print(pd.Series(motion, names, name="motion since the step before").to_string())
print("\nAll blocks of a step:", dict(zip(layout.read.shapes, layout.read.sizes, strict=True)))

# %% [markdown]
# From the intervals a musician knows the chord: a major triad, with its third in the bass. The
# motions, in semitones, say how it was reached. A *block* is a part of the list; the last line has
# the length of each. `onset` says which notes start, `given` which are known beforehand, and the
# later blocks where in the bar we are.
#
# Why do relations help? Two voices a fifth apart that move together to another fifth make [parallel
# fifths](../docs/hands-on/glossary.html#parallel-fifths), which Bach avoids. C-G to D-A and F-C to
# G-D are such moves, with other pitches. The generator reads both as a fifth with both voices a
# whole tone up. The critic also reads the *succession* of two intervals as one place of its list.
# It is the same place for both moves:

# %%
print(
    "C-G to D-A: place",
    succession(69, 62, 67, 60).index,
    "   F-C to G-D: place",
    succession(74, 67, 72, 65).index,
)
higher = [
    corpus.Piece(piece.id, "valid", "made", 0, piece.score.transposed(semitones))
    for semitones in (0, 2)
]
rows = [
    features(layout.score, layout, *inputs_of(one).steps(CONTEXT, CONTEXT + 32)).numpy()
    for one in higher
]
print("The same bars a tone higher: the same numbers?", np.array_equal(*rows))

# %% [markdown]
# So what a network learns from one pair of notes it can use for others. And a piece that is moved
# to another key gives the same numbers, since pitches are counted from the tonic.
#
# ## What it believes
#
# The voices that are not given are written in the order soprano, bass, tenor, alto. Each voice has
# a *head*, a last part of the network of its own. The head gives a probability to every pitch of
# the voice and to the rest, together 1. Then one of them is drawn at random: a likely one often, an
# unlikely one seldom. So a voice has one pitch or a rest at a time, never two pitches. (In lesson 4
# each pitch got a number of its own.)
#
# We ask the bass's head about the first beat, three times. First only the soprano is given, then
# the alto too, then the tenor as well. Bach's note is dark.


# %%
import tensorflow as tf


def belief(piece, given, line=3):
    """The probability of each choice of a line, the choices' MIDI numbers, and Bach's own."""
    inputs = inputs_of(piece, given)
    logits = network.logits(inputs, CONTEXT, CONTEXT + 32).choice[0, :, line]
    own = inputs.tokens[0, CONTEXT : CONTEXT + 32, line].numpy() - 1
    return (
        tf.nn.softmax(logits).numpy(),
        midi_of_choices(layout.vocabulary, inputs.major_tonic)[0].numpy(),
        own,
    )


NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
KNOWN = {"soprano": (0,), "soprano, alto": (0, 1), "soprano, alto, tenor": (0, 1, 2)}
low, high = layout.ensemble.ranges[3]
figure, axes = plt.subplots(3, 1, figsize=(7, 4.2), sharex=True, sharey=True, layout="constrained")
for axis, (title, given) in zip(axes, KNOWN.items(), strict=True):
    probability, midi, own = belief(piece, given)
    colours = ["#22252B" if choice == own[0] else "#8AA6C1" for choice in range(len(midi))]
    axis.bar(midi[1:], probability[0, 1:], color=colours[1:])
    axis.set(title=f"known: {title}", xlim=(low, high), ylim=(0, 1))
axes[-1].set_xticks(range(low, high, 2), [NOTES[pitch % 12] for pitch in range(low, high, 2)])
_ = figure.supylabel("probability of each bass note")

# %% [markdown]
# Under the soprano's B the network thinks B and G likely. With the alto's F# it drops G: the two
# would clash, a semitone apart. D# is still possible; with the tenor's D it is dropped too. Nobody
# programmed this; the network learned it. Does it hold elsewhere? The same for every beat of the
# first two bars of twenty pieces:

# %%
found = {}
for title, given in KNOWN.items():
    told = [belief(one, given) for one in held_out[: budget(20, 4)]]
    ours = [
        probability[beat, own[beat]] for probability, _, own in told for beat in range(0, 32, 4)
    ]
    spread = [-(p[::4] * np.log(p[::4].clip(1e-12))).sum(axis=1) for p, _, _ in told]
    found[title] = {
        "probability of Bach's bass note": np.mean(ours),
        "choices left": np.exp(np.mean(spread)),
    }
pd.DataFrame(found).T.round(2)

# %% [markdown]
# With each voice that is given, Bach's note becomes likelier on average, and fewer choices are
# left. (*Choices left* is the number of equally likely pitches that would leave as much doubt.)
#
# ## First the likelihood, then the critic
#
# In the first phase of training the generator learns by
# [likelihood](../docs/hands-on/glossary.html#likelihood) alone: the probabilities that it gives to
# Bach's notes shall grow. The loss is the mean of their logarithms, with the sign turned. In the
# second phase the generator composes, and the critic of lesson 3 scores what it composed; the
# likelihood stays as a part of the loss. Lesson 5 showed both losses.
#
# Every fifty iterations the training also harmonised held-out melodies and measured the result. We
# take three moments: the first measurement, the last one before the critic, and the end.

# %%
log = pd.DataFrame(read(ROOT / "reports/training/history.csv")).set_index("iteration")
warmup = log[(log.phase == "likelihood") & log.diversity.notna()].index.max()
COLUMNS = {
    "metric_triad_or_seventh": "beats in a chord",
    "metric_semitone_clash": "clashes",
    "metric_complete_triads": "complete triads",
    "metric_crossing": "crossings",
    "metric_leaps_bass": "leaps, bass",
}
monitor = Monitor.of(pieces, budget(48, 2))
table = log[list(COLUMNS)].dropna().rename(columns=COLUMNS)
bach = [monitor.reference[name.removeprefix("metric_")]["mean"] for name in COLUMNS]
table.loc["Bach"] = bach
moments = [int(table.index[0]), int(warmup), int(log.index.max())]
table.loc[[*moments, "Bach"]].round(3)

# %% [markdown]
# By likelihood the clashes nearly vanish and chords appear. Compare the two rows after that: after
# the iterations with the critic, triads are more often complete, nearer to Bach. Hear one melody at
# the three moments:

# %%
film = {int(frame.id): frame.score for frame in corpus.load(ROOT / "reports/training/frames.npz")}
for iteration in moments:
    display(hear(bars(film[iteration], 1, 3), f"iteration {iteration}"))

# %% [markdown]
# The first is plainly wrong. Between the other two one melody decides nothing, because chance has a
# part in each. Figures over many melodies tell more.
#
# ## What the critic adds: an ablation in miniature
#
# The last iterations differ from those before in more than the critic: they also come later. To see
# what the critic itself adds, one trains with it and without it and compares. Leaving a part out is
# called an [ablation](../docs/hands-on/glossary.html#ablation). Here is a small one: a network of
# about half the sizes of Kantor's is trained twice from the same random weights. The first training
# is 480 iterations by likelihood; the second is 300 by likelihood and then 30 against the critic,
# which takes about as long. Then `monitor` has each compose twice under 48 held-out melodies.

# %%
cut = windows.load(BUILD / "windows.npz")
pool = batches.pool(pieces, cut, "train")
params = settings.load(Train, "train", ROOT / "params.yaml").model_dump()
sizes = {"width": 32, "decoder": 64, "head": 32, "critic": 32, "embedding": 32}
params |= {"chorale": params["chorale"] | sizes, "batch": 32, "xla": False}


def miniature(likelihood, critic=0):
    """Train for so many iterations of each kind; figures and takes at the end of each."""
    chosen = Train.model_validate(params | {"warmup": likelihood, "iterations": critic})
    trainer, measured = Trainer(chosen, cut.rolls.shape[1]), []
    stream = batches.dataset(pool, trainer.batch_size, chosen.seed)
    for done, batch in zip(range(1, chosen.total + 1), stream, strict=False):
        trainer.step(batch)
        if done in (likelihood, chosen.total):
            measured.append(monitor.measure(trainer.average))
    return measured


[(longer, longer_takes)] = miniature(budget(480, 4))
(before, _), (after, after_takes) = miniature(budget(300, 2), budget(30, 1))
shown = {"likelihood: 300": before, "likelihood: 480": longer, "likelihood: 300, critic: 30": after}
rows = {name: [found[column] for column in COLUMNS] for name, found in shown.items()}
pd.DataFrame(rows | {"Bach": bach}, COLUMNS.values()).T.round(3)

# %%
display(hear(bars(longer_takes[0], 1, 3), "480 iterations by likelihood"))
hear(bars(after_takes[0], 1, 3), "300 by likelihood, 30 against the critic")

# %% [markdown]
# Compare the third row with the first: the critic brought more chords and more complete triads, but
# no fewer clashes. Now compare it with the second, which took about as long: going on by likelihood
# came nearer to Bach in every column. So here the critic adds less than more of the likelihood
# does. Who does not know the notes yet learns more from Bach's own. (This is one seed, on the
# machine that made this page. Small differences may be chance.)
#
# Kantor's critic joins later, after 800 iterations. `benchmarks/ablation.py` measured the full-size
# network at that moment and at the end, after 120 more (one seed, 72 whole pieces, an earlier
# recipe; the table is in `docs/experiments.md`):
#
# | | beats in a chord | clashes | complete triads | crossings | leaps, bass |
# |---|---|---|---|---|---|
# | likelihood alone | .904 | .047 | .672 | .030 | .255 |
# | with the critic | .933 | .038 | .715 | .030 | .299 |
# | with the critic, and no likelihood beside it | .926 | .037 | .710 | .023 | .305 |
# | Bach | .917 | .036 | .744 | .032 | .256 |
#
# With the critic there are fewer clashes and more complete triads: nearer to Bach. The bass leaps
# more often: farther from Bach. The last row but one shows that this is the critic's work: it is
# nearly the same without the likelihood. Two earlier measurements showed the same differences.
#
# ## Exercises
#
# 1. The soprano is given. Which voice is hardest for the network to guess: bass, tenor or alto?
# 2. Why did the critic first not help against parallels, and what changed that? Look into
#    `docs/experiments.md` under *Weighting the critic's view of parallels*.
#
# ## Answers
#
# **1.** The bass. It is written first and knows the soprano only. The tenor also knows the bass.
# The alto, the easiest, knows all three. (Here they know Bach's own notes.)

# %%
for line in (3, 2, 1):
    told = [belief(one, (0,), line) for one in held_out[: budget(20, 4)]]
    ours = [
        probability[beat, own[beat]] for probability, _, own in told for beat in range(0, 32, 4)
    ]
    print(f"{names[line]:6} probability of Bach's note: {np.mean(ours):.2f}")

# %% [markdown]
# **2.** The gradient penalty limits the critic's slope: how much its score may change when the
# music changes a little. Parallels are rare, so within this limit common faults hid them. Now a
# succession of intervals counts eight times as much (`train.chorale.emphasis`), so the score may
# change eight times as much with it. That table tried 5 and 12: parallels fell from .46 to between
# .32 and .35. That is no fewer than likelihood alone had there (.28).
