# %% [markdown]
# # 4. The workshop's U-Net
#
# **The idea:** a [U-Net](../docs/hands-on/glossary.html#u-net), a network that was made for
# pictures, can turn the picture of a melody into a picture of four voices, and a critic alone
# teaches it, beginning with where there is nothing.
#
# Kantor grew out of AWS DeepComposer's workshop. Its network still is one of Kantor's presets. Here
# you train a small copy of it on Bach's chorales and hear it at iterations 0, 20, 100 and 160.
#
# **Time:** two to three minutes on two free cores, nearly all of it for the training.
# **Needs:** what `make repro` made of the chorales.
# **Prepares:** questions 9 and 10 in [questions.md](../docs/hands-on/questions.md).

# %%
import lesson
import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display

from kantor import settings
from kantor.data import corpus, windows
from kantor.hyperparameters import Train
from kantor.model.nets import unet
from kantor.model.train import batches
from kantor.model.train.trainer import Trainer
from kantor.music.score import Score, onset_floor
from kantor.network.layout import CONTEXT

pieces = corpus.load(lesson.BUILD / "scores.npz")
cut = windows.load(lesson.BUILD / "windows.npz")
pool = batches.pool(pieces, cut, "train")
f"{len(pool)} windows to learn from"

# %% [markdown]
# ## A picture in, a picture out
#
# The network works on [windows](../docs/hands-on/glossary.html#window) of two bars: 32
# [steps](../docs/hands-on/glossary.html#step) of 128
# [pitches](../docs/hands-on/glossary.html#pitch). A cell holds 1 where a note sounds and -1 where
# none does. One such picture, the melody's, goes in. Four come out, one for each voice. `to_rolls`
# makes pictures of pitches; `from_rolls` takes for each voice and step the cell with the highest
# value, and a rest where no value is above zero.
#
# We keep 16 windows that training never sees. The first one's melody is what you will hear
# accompanied.

# %%
held_out = batches.batch_at(batches.pool(pieces, cut, "valid"), 16, seed=0, iteration=0)
bach = held_out["pitches"].numpy()[:, CONTEXT : CONTEXT + unet.STEPS]
rolls = unet.to_rolls(bach).numpy()
assert (unet.from_rolls(rolls).numpy() == bach).all()  # there and back


def score(pitches, title):
    return Score(pitches, onset_floor(pitches), title=title, tempo=132)


print("rolls (window, step, pitch, voice):", rolls.shape, "values", np.unique(rolls))
lesson.show(score(bach[0], "Bach"))

# %%
lesson.hear(score(bach[0], "Bach"), "Two bars by Bach, from a chorale that training does not see")

# %% [markdown]
# ## The U
#
# A [convolution](../docs/hands-on/glossary.html#convolution) lays a small square, here of 4 by 4
# cells, on every place of a picture and answers how much it finds there of some pattern. It looks
# for many patterns at once; each is a [filter](../docs/hands-on/glossary.html#filter), learned like
# all [weights](../docs/hands-on/glossary.html#weights). Four convolutions in a row halve the
# picture each time: it gets smaller, and each cell knows more of what surrounds it. At the bottom
# random numbers join, the [latent](../docs/hands-on/glossary.html#latent): other numbers, other
# music. Four steps then double the size again. Drawn on paper, down and up make a U. At each level
# a [skip connection](../docs/hands-on/glossary.html#skip-connection) carries the picture from the
# left arm over to the right, so that the exact place of a note is not lost on the way down.
#
# The last function, tanh, squeezes any number to between -1 and 1.

# %%
unet.FILTERS = (16, 32, 64, 128)  # the workshop has 64, 128, 256 and 512
unet.LATENT = (2, 8, 128)  # and here 512: more weights at the bottom

params = settings.load(Train, "train", lesson.ROOT / "params.yaml")
rates = {"likelihood": 0.001, "generator": 0.001, "critic": 0.001}
recipe = {"preset": "unet", "critic_steps": 5, "drawn": 6, "betas": (0.5, 0.9), "average": 0}
recipe |= {"learning_rates": rates, "gradient_penalty": 10, "batch": 16, "parts": 1, "seed": 1}
recipe |= {"strategy": "default", "xla": False}
trainer = Trainer(Train.model_validate({**params.model_dump(), **recipe}), unet.STEPS)
generator, critic = trainer.networks.generator, trainer.networks.critic

for layer in generator.layers:
    if (kind := type(layer).__name__) in ("Conv2D", "UpSampling2D"):
        print(f"{kind:13}", " x ".join(map(str, layer.output.shape[1:])))
print(f"{generator.count_params():,} weights; the critic has {critic.count_params():,}")

# %% [markdown]
# What is the workshop's here, and what is not:
#
# | | the workshop | this lesson |
# |---|---|---|
# | layers, losses, optimizer, learning rates, five critic steps | | the same |
# | filters on the four levels | 64, 128, 256, 512 | a quarter of them |
# | weights of the generator | 8.27 million | half a million |
# | windows in a batch | 64 | 16 |
# | windows to learn from | one of each of 229 chorales | all of 223, a quarter transposed |
# | iterations | 1,000, which take some hours | 160 |
#
# So what you hear is the recipe, but not how well the workshop's model can play.

# %% [markdown]
# ## Training
#
# One iteration is the game of lesson 3: five steps of the
# [critic](../docs/hands-on/glossary.html#critic), then one of the generator. Nothing tells the
# generator which note Bach wrote here. It only learns whether the critic would rather take its
# pictures for Bach's. On the way we keep what it makes of the 16 melodies, always with the same
# random numbers.

# %%
last = lesson.budget(160, 4)
moments = [0, lesson.budget(20, 2), lesson.budget(100, 3), last]
fixed = np.array([1, 0])
kept, distances = {0: trainer.networks.sample(held_out, fixed).numpy()}, []
stream = batches.dataset(pool, trainer.batch_size, trainer.settings.seed)
for iteration, batch in zip(range(1, last + 1), stream, strict=False):
    figures = trainer.step(batch)
    distances.append(float(figures["wasserstein"]))
    if iteration in moments:
        kept[iteration] = trainer.networks.sample(held_out, fixed).numpy()

# %% [markdown]
# ## What it draws
#
# Each row is a moment of the training, each column a voice, time to the right, pitch upwards. Black
# is -1, white is 1, and everything between is a cell that the network has not made up its mind
# about. The last row is Bach's.

# %%
rows = {f"iteration {moment}": kept[moment][0] for moment in moments} | {"Bach": rolls[0]}
shared = {"sharex": True, "sharey": True, "layout": "constrained"}
_, axes = plt.subplots(len(rows), 4, figsize=(7, 7), **shared)
shades = {"cmap": "gray", "vmin": -1, "vmax": 1, "origin": "lower", "aspect": "auto"}
for row, (name, roll) in zip(axes, rows.items(), strict=True):
    row[0].set_ylabel(name)
    for voice, axis in enumerate(row):
        axis.imshow(roll[:, :, voice].T, **shades)
for axis, voice in zip(axes[0], ("soprano", "alto", "tenor", "bass"), strict=True):
    axis.set_title(voice)
plt.show()

# %% [markdown]
# Iteration 0 is noise: the weights are random. At 20 nearly all is dark, and a grey copy of the
# melody shines through in all four voices. It came over the skip connections. What is still bright
# lies at the edges, where a filter sees only half a picture. Between 20 and 100 everything was dark
# for a while. Then the notes came, first in the soprano, which only has to be copied, then in alto
# and tenor. The bass comes last.

# %% [markdown]
# ## What one hears
#
# The soprano is Bach's, the three other voices are the network's. At 20 the tenor holds pitch 127,
# the topmost row of the picture: a whistle. At 100 the melody is alone. At 160 the voices follow
# the melody's shape some semitones lower, with gaps. It is not harmony yet: two of them may well
# stand a semitone apart. (So it was where this page was made. Other processors round differently.)


# %%
def composed(moment, window=0):
    pitches = np.array(unet.from_rolls(kept[moment][window]))
    pitches[:, 0] = bach[window, :, 0]  # the melody is given
    return score(pitches, f"iteration {moment}")


for moment in moments:
    display(lesson.hear(composed(moment), f"iteration {moment}"))
lesson.show(composed(last))

# %% [markdown]
# Now counted over all 16 windows: how many cells of the three lower voices sound, and between which
# pitches. It begins with noise from the lowest to the highest pitch, falls nearly silent, and then
# the voices enter in the middle, where Bach's are.


# %%
def counted(name, pitches):
    lower = pitches[..., 1:]
    sounding = lower[lower >= 0]
    between = f"pitches {sounding.min()} to {sounding.max()}" if sounding.size else "silent"
    print(f"{name:14}{(lower >= 0).mean():7.1%} of the cells sound, {between}")


for moment in moments:
    counted(f"iteration {moment}", unet.from_rolls(kept[moment]).numpy())
counted("Bach", bach)

# %% [markdown]
# ## What the critic says meanwhile
#
# The critic's [distance](../docs/hands-on/glossary.html#wasserstein-distance) is how much higher it
# scores Bach than the network. It shoots up as the critic learns to see, falls as the noise goes,
# and is lowest about when all is silent. When the notes come it rises again a little: the critic
# has found something finer to criticise. So a low distance is no promise of music; lesson 5 goes on
# from here.

# %%
_, axis = plt.subplots()
axis.plot(range(1, last + 1), np.abs(distances))
axis.set(xlabel="iteration", ylabel="distance (logarithmic)", yscale="log")
plt.show()

# %% [markdown]
# All of a workshop is here: a generator, a critic, a penalty, and pictures that get better because
# someone else gets better at criticising them. But it is slow: the workshop's recipe asks for hours
# on two cores, for two bars. Kantor's own network learns another way, in a few minutes. Lesson 6
# shows it.

# %% [markdown]
# ## Exercises
#
# 1. Suppose a network only ever answers -1, silence. What share of the cells of Bach's pictures
#    does it have right? Why does this explain what happens in the first 20 iterations?
# 2. The latent is there so that one melody gets different accompaniments. Draw two samples for the
#    same melodies with different random numbers. How far apart are they, cell by cell?

# %% [markdown]
# ## Answers
#
# **1.** A voice sounds one pitch of 128 at a time. So silence is right in more than 99 of 100
# cells, and the quickest way to look more like Bach is to switch cells off. Which few cells to
# leave on is the hard part, and it comes later.

# %%
print(f"silence has {(rolls == -1).mean():.2%} of the cells right")

# %% [markdown]
# **2.** Two numbers tell it. The first is a mean over all cells of the pictures, between 0 (the
# same) and 2. The second is the share of composed cells in which another pitch, or a rest, came
# out. It is what Kantor calls [diversity](../docs/hands-on/glossary.html#diversity) and watches for
# [mode collapse](../docs/hands-on/glossary.html#mode-collapse): see lesson 5. Here it is a few
# cells in a hundred: after so short a training the network hardly uses its latent.

# %%
other = trainer.networks.sample(held_out, np.array([2, 0])).numpy()
print(f"pictures differ by {np.abs(other - kept[last]).mean():.4f} a cell")
differ = unet.from_rolls(other).numpy() != unet.from_rolls(kept[last]).numpy()
print(f"notes differ in {differ[..., 1:].mean():.1%} of the composed cells")
