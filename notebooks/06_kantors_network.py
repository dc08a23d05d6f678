# %% [markdown]
# # 6. Kantor's own network
#
# **One idea: show a network the relations between notes, and it learns each rule of part-writing
# once.**
#
# The workshop's network paints a picture of two bars at once (lesson 4). Kantor's network writes
# one note after the other, like a person with a pencil. This lesson looks into it: what it
# reads, what it believes before it writes a note, and what the
# [critic](../docs/hands-on/glossary.html#critic) adds. It needs what `make repro` made and runs
# for about a minute and a half. It prepares questions 14 to 16 of the [twenty
# questions](../docs/hands-on/questions.md).

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
# A *step* is a sixteenth. The network reads a step as a list of zeros and ones: which pitch each
# voice has, which notes start here, and the *relations*. These are the interval of each pair of
# voices, the distance of neighbours, and the motion of each voice since the step before. Pitches
# are counted from the tonic. We take two bars that the network has never seen in training.


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
# The second beat of the bar: from its intervals alone a musician knows the chord, from the
# motions how it was reached. `onset`, `given` and the last blocks say which notes start, which
# are known beforehand, and where in the bar we are.
#
# Why does that help? Two voices that keep a fifth while both move make *parallel fifths*, which
# Bach avoids. As pitches, C–G to D–A and F–C to G–D have nothing in common. As a relation they
# are the same place of the same block.

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
# So what the network learns of one pair of pitches in one key, it knows of all pairs in all
# keys.
#
# ## What it believes
#
# The network writes soprano, bass, tenor, alto, each with a *head* of its own. A head gives each
# pitch of its voice a [probability](../docs/hands-on/glossary.html#likelihood); then one is
# drawn, as with a die. So a voice has exactly one pitch or a rest, never three. We ask the
# bass's head about one beat, three times: where it knows the soprano only, where someone gives
# it the alto as well, and where it has the tenor too. Bach's note is dark.


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
# Under the soprano's B the bass may be a B or a G. The alto's F# rules G out: a semitone apart,
# they would clash. A D# is still possible. The tenor's D rules it out as well. Nobody wrote
# these rules down; they are in the weights. Is it so elsewhere? The same on the beats of the
# first two bars of several pieces:

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
# With each voice that is known, Bach's note becomes likelier and fewer choices are left.
# (*Choices left* is the number of equally likely pitches that would leave as much doubt.) The
# logarithm of such probabilities, averaged over all notes, is the
# [likelihood](../docs/hands-on/glossary.html#likelihood).
#
# ## Two phases of a training
#
# First the generator learns by likelihood alone: "make Bach's next note more probable". Then the
# critic comes in, as in lesson 3. The log of the training that made your model shows both
# phases. For the likelihood, less is better: the log holds it with its sign turned.

# %%
log = pd.DataFrame(read(ROOT / "reports/training/history.csv")).set_index("iteration")
warmup = log[(log.phase == "likelihood") & log.diversity.notna()].index.max()
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
log.likelihood.plot(ax=axes[0], title="likelihood, nats a note (less is better)", ylim=(0, 1))
log.wasserstein.plot(ax=axes[1], title="the critic's distance", xlim=(0, log.index.max()))
for axis in axes:
    axis.axvline(warmup, color="#999", linestyle=":")

# %% [markdown]
# Left: nearly all of the gain comes in the first hundreds of iterations. Right: the critic
# begins at the dotted line. Its distance grows because it learns faster than the generator
# follows; that alone says nothing about the music. Every fifty iterations the training also
# harmonised held-out melodies, and measured the result:

# %%
COLUMNS = {
    "metric_triad_or_seventh": "beats in a chord",
    "metric_semitone_clash": "clashes",
    "metric_complete_triads": "complete triads",
    "metric_crossing": "crossings",
    "metric_leaps_bass": "leaps, bass",
}
bach = Monitor.of(pieces, 48).reference
table = log[list(COLUMNS)].dropna().rename(columns=COLUMNS)
table.loc["Bach"] = [bach[name.removeprefix("metric_")]["mean"] for name in COLUMNS]
moments = [int(table.index[0]), int(warmup), int(log.index.max())]
table.loc[[*moments, "Bach"]].round(3)

# %% [markdown]
# The likelihood teaches the grammar: clashes nearly vanish and chords appear. Compare the last
# two trained rows: with the critic, triads are more often complete, as in Bach. Hear one melody
# at the three moments of the table: at the first measurement, just before the critic, and at the
# end.

# %%
film = {int(frame.id): frame.score for frame in corpus.load(ROOT / "reports/training/frames.npz")}
for iteration in moments:
    display(hear(bars(film[iteration], 1, 3), f"iteration {iteration}"))

# %% [markdown]
# The first is plainly wrong. Between the other two one melody decides nothing: each is one throw
# of the dice. Figures over many melodies tell more.
#
# ## Take something away: the ablation
#
# What is a part of a recipe good for? Train without it, and compare. This is an
# [ablation](../docs/hands-on/glossary.html#ablation). Here is one in miniature. A small network
# learns for 120 iterations by likelihood. We measure it, let it learn 40 more against the
# critic, and measure it again.

# %%
pool = batches.pool(pieces, windows.load(BUILD / "windows.npz"), "train")
monitor = Monitor.of(pieces, budget(48, 4))
size, block = budget(32, 8), settings.load(Train, "train", ROOT / "params.yaml")
sizes = {
    "width": size,
    "decoder": 2 * size,
    "head": size,
    "memory": 8,
    "critic": size,
    "embedding": size,
}
changes = {
    "preset": "chorale",
    "chorale": block.chorale.model_copy(update=sizes),
    "batch": budget(32, 4),
    "parts": 1,
    "average": 0.95,
    "xla": False,
    "warmup": budget(120, 2),
    "iterations": budget(40, 1),
}
block = block.model_copy(update=changes)
trainer = Trainer(block, pool.pitches.shape[1] - 2 * CONTEXT)
figures, takes = {}, {}
for batch in batches.dataset(pool, block.batch, block.seed).take(block.total):
    trainer.step(batch)
    if trainer.done in (block.warmup, block.total):
        title = "with the critic" if trainer.done == block.total else "likelihood alone"
        figures[title], takes[title] = monitor.measure(trainer.average)
mini = pd.DataFrame(figures).loc[list(COLUMNS)].rename(COLUMNS)
mini.assign(Bach=table.loc["Bach"]).round(3)

# %% [markdown]
# Does the critic help here? A little, it seems, but be careful: the second column had 40 iterations
# more, and beside the critic the likelihood went on. After so few iterations that alone may help.
# And it is one seed. A miniature shows how an ablation is made; it is too small to answer. At full
# size `docs/experiments.md` answers it, for two recipes of Kantor's. The table above, of your own
# model, is a third one.

# %%
pd.DataFrame(
    {
        "clashes": [0.044, 0.034, 0.047, 0.038, 0.036],
        "complete triads": [0.655, 0.702, 0.692, 0.717, 0.744],
        "leaps, bass": [0.257, 0.287, 0.257, 0.299, 0.256],
        "parallels per 100 steps": [0.33, 0.38, 0.34, 0.29, 0.12],
    },
    [
        "first recipe: likelihood alone",
        "first recipe: with the critic",
        "later recipe: likelihood alone",
        "later recipe: with the critic",
        "Bach",
    ],
)

# %% [markdown]
# Both times the same: fewer clashes and more complete triads, nearer to Bach. Both times the
# bass leaps more often, farther from Bach. Parallels go once up and once down, so this says
# nothing. Hear the miniature, before and after:

# %%
for title, made in takes.items():
    display(hear(bars(made[0], 1, 3), f"miniature: {title}"))

# %% [markdown]
# ## Exercises
#
# 1. Which voice is hardest to guess? Ask the heads of bass, tenor and alto, with the soprano
#    known beforehand.
# 2. Why did the critic first not help against parallels, and what changed that? Look into
#    `docs/experiments.md` under *Weighting the critic's view of parallels*.
#
# ## Answers
#
# **1.** Each head also knows what is written before it: the bass the soprano, the tenor soprano
# and bass, the alto all three. So the bass is the hardest to guess, and the alto the easiest.

# %%
for line in (3, 2, 1):
    told = [belief(one, (0,), line) for one in held_out[: budget(20, 4)]]
    ours = [
        probability[beat, own[beat]] for probability, _, own in told for beat in range(0, 32, 4)
    ]
    print(f"{names[line]:6} probability of Bach's note: {np.mean(ours):.2f}")

# %% [markdown]
# **2.** The gradient penalty limits how steep the critic may be. Parallels are rare, so the
# critic used its slope for common things. Since then a succession of intervals counts eight
# times as much in the distance (`train.chorale.emphasis`), so the critic may be eight times as
# steep there. In that table parallels fell from .46 to between .32 and .35.
