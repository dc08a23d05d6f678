# %% [markdown]
# # 4. The workshop's U-Net
#
# **The idea:** a U-Net, a network that was made for pictures, turns the picture of a melody into
# pictures of four voices. Only a critic teaches it, from random weights on.
#
# Kantor grew out of AWS DeepComposer's workshop, whose network is still one of Kantor's presets.
# Here you train a small copy of it on Bach's chorales and hear it after 0, 20, 100 and 160
# [iterations](../docs/hands-on/glossary.html#iteration).
#
# **Time:** two to three minutes on two free cores, nearly all of it for the training.
# **Needs:** the scores and windows in `build/`, which `make repro` made of the chorales.
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
# ## A picture in, four pictures out
#
# The network works on the [windows](../docs/hands-on/glossary.html#window) of lesson 1: 32
# [steps](../docs/hands-on/glossary.html#step) of 128
# [pitches](../docs/hands-on/glossary.html#pitch). One voice of a window is a picture. A pixel is 1
# where a note sounds and -1 where none does. The melody's picture goes in, and four come out, one
# for each voice.
#
# `to_rolls` turns pitches into pictures, `from_rolls` pictures into pitches: for each voice and
# step it takes the pixel with the highest value, or a rest if no value is above zero.
#
# We take 16 windows from chorales that training never sees. You will hear the first one's melody
# with the network's accompaniment.

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
# A [convolution](../docs/hands-on/glossary.html#convolution) looks at a picture through a small
# square, here of 4 by 4 pixels. At every place it answers with a number how strongly a pattern
# shows there. Each pattern is a [filter](../docs/hands-on/glossary.html#filter), and its
# [weights](../docs/hands-on/glossary.html#weights) are learned. One convolution has many filters.
#
# A [U-Net](../docs/hands-on/glossary.html#u-net) has four convolutions that each halve the picture.
# It gets smaller, and each pixel depends on more of the original. At the bottom random numbers
# join, the [latent](../docs/hands-on/glossary.html#latent): other numbers can give other music.
# Four steps then double the size again. Drawn on paper, the way down and the way up make a U. On
# each level a [skip connection](../docs/hands-on/glossary.html#skip-connection) carries the picture
# from the left arm over to the right, so that the exact place of a note is not lost. The last
# function, tanh, brings every number between -1 and 1.
#
# The next cell builds a small U-Net and its critic, and prints the sizes on the way down and up:
# steps x pitches x filters.

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
# | layers, losses, optimizer, learning rates, critic's steps | | as in the workshop |
# | filters on the four levels | 64, 128, 256, 512 | a quarter of them |
# | weights of the generator | 8.27 million | half a million |
# | windows in a batch | 64 | 16 |
# | windows to learn from | one of each of 229 chorales | all of 223, a quarter transposed |
# | iterations | 1,000, which take some hours | 160 |
#
# So you hear how the method learns, but not how well the workshop's model can play.
#
# ## Training
#
# One iteration is the game of lesson 3: five moves of the
# [critic](../docs/hands-on/glossary.html#critic), then one of the generator. The generator is never
# told which note Bach wrote. It only learns how to change its pictures so that the critic scores
# them higher. On the way we keep what it makes of the 16 melodies, always with the same latent.

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
# Each row is a moment of the training, each column a voice. Time runs to the right, pitch goes up.
# Black is -1, white is 1; a grey pixel is undecided. The last row is Bach's.

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
# melody shines through in all four voices; the skip connections make such copying easy. What is
# still bright lies at the edges, where a filter sees only half a picture. Then the notes come:
# first in the soprano, which only has to be copied, then in alto and tenor, and last in the bass.
#
# ## What it sounds like
#
# The soprano you hear is Bach's; the three other voices are the network's. At 20 the tenor holds
# pitch 127, the topmost row of the picture: a whistle. At 100 the melody is alone. At 160 the
# voices follow the melody's shape some semitones lower, with gaps. It is not harmony yet: two
# voices may well be a semitone apart. (This describes the machine that made this page; other
# processors round differently.)


# %%
def composed(moment, window=0):
    pitches = np.array(unet.from_rolls(kept[moment][window]))
    pitches[:, 0] = bach[window, :, 0]  # the melody is given
    return score(pitches, f"iteration {moment}")


for moment in moments:
    display(lesson.hear(composed(moment), f"iteration {moment}"))
lesson.show(composed(last))

# %% [markdown]
# Now we count over all 16 windows. For what share of the steps do the three lower voices sound, and
# between which pitches? The network begins with noise from the lowest to the highest pitch. Then it
# falls nearly silent. Then the voices enter in the middle, where Bach's are.


# %%
def counted(name, pitches):
    lower = pitches[..., 1:]
    sounding = lower[lower >= 0]
    between = f"pitches {sounding.min()} to {sounding.max()}" if sounding.size else "silent"
    print(f"{name:14}{(lower >= 0).mean():7.1%} of the steps sound, {between}")


for moment in moments:
    counted(f"iteration {moment}", unet.from_rolls(kept[moment]).numpy())
counted("Bach", bach)

# %% [markdown]
# ## What the critic says meanwhile
#
# The critic's [distance](../docs/hands-on/glossary.html#wasserstein-distance) is its mean score of
# Bach minus that of the network; the curve shows its size, without the sign. It shoots up while the
# critic learns, and falls as the noise goes. It is lowest when nearly all is silent. When the notes
# come, it rises a little: the critic seems to have found finer differences. So a low distance is no
# promise of music. Lesson 5 goes on from here.

# %%
_, axis = plt.subplots()
axis.plot(range(1, last + 1), np.abs(distances))
axis.set(xlabel="iteration", ylabel="distance (logarithmic)", yscale="log")
plt.show()

# %% [markdown]
# This is slow: the workshop's recipe takes hours on two cores, for music of two bars. Kantor's own
# network learns another way, in a few minutes. Lesson 6 shows it.
#
# ## Exercises
#
# 1. Suppose that a network only ever answers -1, silence. What share of the pixels of Bach's
#    pictures does it have right? How does this help to explain the first 20 iterations?
# 2. The latent is there so that one melody can get different accompaniments. Make a second sample
#    for the same melodies with another latent. How much do the two differ?

# %% [markdown]
# ## Answers
#
# **1.** A voice sounds at most one pitch of 128 at a time. So silence is right in more than 99 of
# 100 pixels, and the quickest way to look more like Bach is to turn pixels off. Which few to leave
# on is harder to learn, and comes later.

# %%
print(f"silence has {(rolls == -1).mean():.2%} of the pixels right")

# %% [markdown]
# **2.** The first number compares the pictures: the mean difference of two pixels, between 0 (the
# same) and 2. The second compares the notes of the three lower voices: the share of steps in which
# another pitch, or a rest, came out. Kantor calls this share
# [diversity](../docs/hands-on/glossary.html#diversity) and watches it for [mode
# collapse](../docs/hands-on/glossary.html#mode-collapse): see lesson 5. Here it is a few in a
# hundred: after so short a training the network hardly uses its latent.

# %%
other = trainer.networks.sample(held_out, np.array([2, 0])).numpy()
print(f"pictures differ by {np.abs(other - kept[last]).mean():.4f} a pixel")
differ = unet.from_rolls(other).numpy() != unet.from_rolls(kept[last]).numpy()
print(f"notes differ in {differ[..., 1:].mean():.1%} of the composed steps")
