# %% [markdown]
# # 2. A game of two: one network makes, one judges
#
# Two networks train against each other, and so one of them learns to make what looks real.
#
# This lesson runs for about a minute. It prepares questions 4 and 5 of the [twenty
# questions](../docs/hands-on/questions.md). It begins with points instead of music: we see at a
# glance whether points are right, and two small networks learn them in seconds.
#
# ## What is real
#
# The real points lie near a ring. The networks get only examples of them, as Kantor has only
# examples of Bach. Nothing tells them that the shape is a ring.
#
# The file `toy.py`, beside this lesson, holds the ring, the two networks and their game. Lesson 3
# uses them again.

# %%
import matplotlib.pyplot as plt
import numpy as np
import toy
from lesson import bars, budget, chorale, film, hear

GREY, BLUE = "#9a9a9a", "#3a45b0"


def draw(axis, points, real):
    """Real points in grey, made ones in blue."""
    axis.scatter(*real.T, s=6, color=GREY, label="real")
    axis.scatter(*points.T, s=6, color=BLUE, label="made")
    axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8), aspect="equal", xticks=[], yticks=[])


# %% [markdown]
# ## The one that makes
#
# A [network](../docs/hands-on/glossary.html#neural-network) is a function with many adjustable
# numbers, its [weights](../docs/hands-on/glossary.html#weights). *Training* adjusts them. The
# [generator](../docs/hands-on/glossary.html#generator) is the network that makes points. It gets
# two random numbers, the [latent](../docs/hands-on/glossary.html#latent), and returns two numbers,
# a place in the plane. Another latent gives another point. Before training, the weights are random,
# too.

# %%
game = toy.Game(toy.original)
real, untrained = toy.ring(256, np.random.default_rng(0)), game.generator(game.latent(256))
print("weights:", game.generator.count_params(), "- how far off:", end=" ")
print(round(toy.distance(untrained, real), 2))
figure, axis = plt.subplots(figsize=(3.2, 3.2))
draw(axis, untrained.numpy(), real)
axis.legend(frameon=False, loc="upper right")
plt.show()

# %% [markdown]
# The blue points are not on the ring. *How far off* is a measure that no network sees. It asks how
# far the blue points must be moved, on average, to lie where the grey ones lie. It never becomes 0,
# because two samples of real points do not lie exactly alike either:

# %%
other = toy.ring(256, np.random.default_rng(1))
print("real points from other real points:", round(toy.distance(other, real), 2))

# %% [markdown]
# ## The one that judges
#
# The second network gets a point and returns one number, its score. High means: this looks real. It
# is the [critic](../docs/hands-on/glossary.html#critic). In the first such game, by Goodfellow and
# others (2014), it is called [discriminator](../docs/hands-on/glossary.html#discriminator). The
# whole game is a *generative adversarial network*, a [GAN](../docs/hands-on/glossary.html#gan).
#
# A network's [loss](../docs/hands-on/glossary.html#loss) says how badly it does its own task;
# training lowers it. Here are the losses of 2014. `of_real` and `of_made` are the critic's scores,
# and `reduce_mean` is the mean.

# %%
import inspect

print(inspect.getsource(toy.original))

# %% [markdown]
# The critic's loss is small if it scores real points high and made points low. The generator's loss
# is small if the critic scores the made points high. So the two pull against each other.
#
# A *move* changes all weights of one network a little, so that its loss falls. The
# [gradient](../docs/hands-on/glossary.html#gradient) says in which direction the loss changes, and
# the [learning rate](../docs/hands-on/glossary.html#learning-rate) how far to go. This is the
# generator's move. The *tape* records the computation, so that TensorFlow can find the gradient;
# the *optimizer* then changes the weights.

# %%
print(inspect.getsource(toy.Game.move_generator))

# %% [markdown]
# There is no real point in it. All that the generator learns of the ring, it learns from the
# critic's scores.
#
# ## Play
#
# Each [iteration](../docs/hands-on/glossary.html#iteration) is one move of the critic, then one of
# the generator. Every 50 iterations we keep a picture. Move the slider, or press ▶.

# %%
from matplotlib.animation import FuncAnimation

game = toy.Game(toy.original, critic_rate=1e-3, generator_rate=1e-3)
frames = game.play(budget(600, 100), critic_steps=1, every=50)
figure, axis = plt.subplots(figsize=(3.2, 3.4), dpi=80)


def picture(frame):
    axis.clear()
    draw(axis, frame.points, real)
    axis.set_title(f"{frame.iteration} iterations: {frame.distance:.2f} off")


film(FuncAnimation(figure, picture, frames, interval=300))

# %% [markdown]
# Each move of the generator takes its points towards high scores of the critic. But the critic
# moves, too: it lowers its scores where the blue points have arrived, and they go on to another
# place. The two chase each other and do not settle.
#
# ## What each loss says
#
# Below are both losses, and how far off the points are.


# %%
def curves(frames, title=""):
    """Losses on the left, quality on the right, by iteration."""
    _, (left, right) = plt.subplots(1, 2, figsize=(7, 2.6))
    at = [frame.iteration for frame in frames]
    if np.isfinite(frames[0].critic_loss):
        left.plot(at, [frame.critic_loss for frame in frames], label="critic's loss")
    left.plot(at, [frame.generator_loss for frame in frames], label="generator's loss")
    right.plot(at, [frame.distance for frame in frames], color=BLUE)
    left.set(xlabel="iteration", title=title, ylim=(0, None))
    right.set(xlabel="iteration", title="how far off the points are", ylim=(0, None))
    left.legend(frameon=False)
    plt.show()


curves(frames, "losses")

# %% [markdown]
# The right curve goes up and down. The losses, on the left, hardly change.
#
# Now the critic moves five times before each move of the generator. So it knows better where the
# real points are when the generator follows it. The networks and learning rates are the same; the
# game has half as many iterations.

# %%
better = toy.Game(toy.original, critic_rate=1e-3, generator_rate=1e-3)
good = better.play(budget(300, 50), critic_steps=5, every=25)
curves(good, "losses")
figure, axis = plt.subplots(figsize=(3.2, 3.2))
draw(axis, good[-1].points, real)
axis.set_title(f"five moves to one: {good[-1].distance:.2f} off")
plt.show()
for name, last in {"one to one": frames[-1], "five to one": good[-1]}.items():
    print(f"{name:12} losses {last.critic_loss:.2f} and {last.generator_loss:.2f}", end=", ")
    print(f"points {last.distance:.2f} off")

# %% [markdown]
# Now the right curve falls, and the points lie along the ring. But compare the last losses of the
# two games. They are nearly alike, though one game went well and the other did not.
#
# If the critic is undecided, its loss is 1.39 and the generator's .69. A critic is undecided if it
# has learned nothing, but also if the made points are good. So the loss alone does not tell these
# apart: it says which network is ahead, not how good the points are.
#
# ## A loss that falls for nothing
#
# It can be worse. Let the critic never move. Then the generator plays against a judge that has
# learned nothing.

# %%
alone = toy.Game(toy.original, generator_rate=1e-3)
lonely = alone.play(budget(200, 50), critic_steps=0, every=25)
curves(lonely, "generator's loss; the critic stands still")

# %% [markdown]
# The generator's loss falls all the time, because it finds out where this critic gives high scores.
# But the ring is not there, so the points go further and further away. To know how good they are,
# look at them, or measure them by something that takes no part in the training.
#
# ## Turn the knobs
#
# In JupyterLab you can move three sliders. Each change trains anew, for some seconds. A rendered
# page shows only the first setting: five moves to one, as above, but with a generator's learning
# rate ten times as high.

# %%
from ipywidgets import FloatLogSlider, IntSlider, interact


def knobs(critic_moves, critic_rate, generator_rate):
    game = toy.Game(toy.original, critic_rate=critic_rate, generator_rate=generator_rate)
    frames = game.play(budget(100, 25), critic_moves, every=25)
    curves(frames, "losses")


rate = {"min": -4, "max": -1, "step": 0.25, "continuous_update": False}
sliders = interact(
    knobs,
    critic_moves=IntSlider(5, 0, 10, continuous_update=False),
    critic_rate=FloatLogSlider(1e-3, **rate),
    generator_rate=FloatLogSlider(1e-2, **rate),
)

# %% [markdown]
# ## The same game with music
#
# In music, a point on the ring is a few bars that Bach could have written. What is a point beside
# it? Listen first to Bach, then to the same melody over random notes.

# %%
from kantor.metrics import baselines

bach = chorale("bwv269")
phrase = bars(bach, 1, 2)
hear(phrase, "Bach: on the ring")

# %%
noise = baselines.random([phrase], np.random.default_rng(1))[0]
hear(noise, "Bach's melody over random notes: off the ring")

# %% [markdown]
# You heard the difference at once; a critic must learn it from examples. In lesson 4 a generator
# learns from such a critic to write voices. It, too, begins with noise.
#
# ## Exercises
#
# 1. Suppose that the critic gives each point the score 0, "undecided". What are the two losses?
#    Compare them with 1.39 and .69 above.
# 2. A latent is a point in the plane, too. Go along a straight line of latents, from (-2, -2) to
#    (2, 2). Where do the made points go?

# %% [markdown]
# ## Answers
#
# **1.** `softplus(x)` is the logarithm of 1 + exp(x). For 0 it is the logarithm of 2, about .69.
# The critic's loss has it twice, the generator's once.

# %%
undecided = np.zeros(10, "float32")
print(*(round(float(loss), 3) for loss in toy.original(undecided, undecided)))

# %% [markdown]
# **2.** The generator is a continuous function: near latents give near points. So the line becomes
# a curve without a gap.

# %%
line = np.linspace((-2, -2), (2, 2), 200, dtype="float32")
figure, axis = plt.subplots(figsize=(3.2, 3.2))
draw(axis, better.generator(line).numpy(), real)
plt.show()

# %% [markdown]
# The curve goes from one side of the ring to the other, and on its way it cuts across. This is one
# reason why some made points lie inside the ring.
