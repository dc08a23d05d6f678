# %% [markdown]
# # 3. Wasserstein: a critic that measures a distance
#
# If the critic measures how far the made points are from the real ones, it may be as strong as it
# likes, and its number tells how good they are.
#
# This lesson runs for about a minute and a half. It prepares questions 6 to 8 of the
# [twenty questions](../docs/hands-on/questions.md). The ring, the
# [generator](../docs/hands-on/glossary.html#generator) and the
# [critic](../docs/hands-on/glossary.html#critic) are those of [lesson 2](02_game_of_two.py).

# %% [markdown]
# ## What a distance between two sets is
#
# Take the points of one set as heaps of earth, those of the other as holes, all of the same size.
# Carry the earth into the holes with as little walking as possible. The mean way of a heap is the
# [Wasserstein distance](../docs/hands-on/glossary.html#wasserstein-distance), also called the
# earth mover's distance.

# %%
import matplotlib.pyplot as plt
import numpy as np
import toy
from lesson import bars, budget, chorale, hear
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

GREY, BLUE = "#9a9a9a", "#3a45b0"
chance = np.random.default_rng(1)
real, made = toy.ring(40, chance), toy.Game(toy.wasserstein).generator(chance.normal(size=(40, 2)))
made = made.numpy()
figure, axis = plt.subplots(figsize=(3.2, 3.2))
for here, there in zip(*linear_sum_assignment(cdist(made, real)), strict=True):
    axis.plot(*np.stack([made[here], real[there]]).T, color=GREY, linewidth=0.8)
axis.scatter(*real.T, s=12, color=GREY)
axis.scatter(*made.T, s=12, color=BLUE)
axis.set(aspect="equal", xticks=[], yticks=[])
plt.show()
print("mean length of a line:", round(toy.distance(made, real), 2))

# %% [markdown]
# Blue points were made by a generator before training, grey ones are real. Each line is the way of
# one point. Lesson 2 called their mean length *how far off* the points are.
#
# ## The same distance in music
#
# The pitches that a voice sings are a set, too. How many semitones must the notes of one piece be
# moved, on average, so that its voices sing each pitch as often as Bach's do? Kantor measures
# this with `earth_movers`. Listen to three settings of one melody.

# %%
from kantor.metrics import baselines
from kantor.metrics.distances import earth_movers, line_histograms

bach = bars(chorale("bwv269"), 1, 2)
settings = {
    "Bach": bach,
    "parallel chords": baselines.block([bach], chance)[0],
    "random notes": baselines.random([bach], chance)[0],
}
hear(settings["Bach"], "Bach")

# %%
hear(settings["parallel chords"], "The same chord under each note of the melody")

# %%
hear(settings["random notes"], "Random notes")

# %%
print(" " * 17 + "soprano, alto, tenor, bass")
for name, score in settings.items():
    ways = earth_movers(line_histograms([score]), line_histograms([bach]))
    print(f"{name:16}", *(f"{way:5.1f}" for way in ways))

# %% [markdown]
# The melody is the same, so its distance is 0. The bass of the parallel chords has to move far: it
# sits right under the tenor. This distance knows nothing of the order of notes. A critic scores
# whole windows, so it can measure a distance that does.
#
# ## How a critic can measure it
#
# Nobody can match all possible bars of music one by one. But there is another way to the same
# number. Look for a score that is as high as possible on the real points and as low as possible
# on the made ones, and *nowhere steeper than 1*: between two points it changes by no more than
# their distance. Then the difference of the two mean scores is the Wasserstein distance. If the
# score is not the best one, the difference is smaller.
#
# So Arjovsky and others (2017) let the critic search for this score. At first they kept it from
# getting steep by clipping each weight to a small range. Gulrajani and others (2017) found a
# better way, the [gradient penalty](../docs/hands-on/glossary.html#gradient-penalty): they
# measure the slope at places between real and made points, and punish it where it is not 1. This
# is Kantor's own function for it:

# %%
import inspect

print(inspect.getsource(toy.gradient_penalty))

# %% [markdown]
# Let the generator stand still, and train two critics on the same points: one with the penalty,
# one without.

# %%
still = {"generator_rate": 0.0}
limited, free = toy.Game(toy.wasserstein, penalty=10.0, **still), toy.Game(toy.wasserstein, **still)
for game, label in ((limited, "with penalty"), (free, "without penalty")):
    frames = game.play(80, critic_steps=5, every=2)
    plt.plot(
        [5 * frame.iteration for frame in frames], [-f.critic_loss for f in frames], label=label
    )
plt.axhline(frames[0].distance, color="black", linewidth=0.8, label="true distance")
plt.yscale("log")
plt.xlabel("moves of the critic")
plt.ylabel("mean score, real minus made")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# With the penalty the number settles near the true distance, the black line. Without it the
# critic just gets steeper: a score ten times as steep gives a number ten times as large. (The left
# axis counts in powers of ten.) That number says nothing of the points, which never moved.
#
# ## Why the critic may be strong
#
# Train a third critic just as long, with the loss of 2014, and look at what the generator would
# learn from each. At each made point its loss has a slope: how much it changes if the point moves
# a little. The
# [gradient](../docs/hands-on/glossary.html#gradient) of the generator is made of these slopes.

# %%
import tensorflow as tf

plain = toy.Game(toy.original, **still)
frames = plain.play(80, critic_steps=5, every=80)


def slopes(game, points):
    """How much the generator's loss changes at each point, if the point moves a little."""
    points = tf.constant(points)
    with tf.GradientTape() as tape:
        tape.watch(points)
        score = game.critic(points)
        loss = tf.nn.softplus(-score) if game.losses is toy.original else -score
    return np.linalg.norm(tape.gradient(loss, points), axis=1)


critics = {"plain": plain, "no penalty": free, "with penalty": limited}
for place, (name, game) in enumerate(critics.items()):
    steep = slopes(game, frames[-1].points)
    plt.scatter(place + chance.uniform(-0.2, 0.2, len(steep)), steep, s=5, alpha=0.5)
    print(f"{name:12} flattest {steep.min():6.2f}, steepest {steep.max():6.2f}")
plt.axhline(1, color="black", linewidth=0.8)
plt.yscale("log")
plt.xticks(range(3), list(critics))
plt.ylabel("slope at each made point")
plt.show()

# %% [markdown]
# The black line is a slope of 1. With the penalty all points get about the same push, however long
# the critic trains. Without it all slopes are large, and they grow. With the plain loss some
# points are pushed more than a hundred times as hard as others.
#
# Goodfellow named two losses for the generator. This is the better one. The other would be nearly
# flat here: the critic is sure that all these points are made, and moving one a little does not
# shake it. So players of the plain game must take care that the critic does not become too good.
#
# ## The same toy, three ways
#
# Now the generator learns. All three games have the same networks, learning rates and seed, and
# five moves of the critic for one of the generator. The penalty's weight is 1 here, not 10 as
# above and in Kantor. A weight of 1 is milder: the critic may be a little too steep.

# %%
iterations = budget(300, 50)
games = {
    "plain": toy.Game(toy.original),
    "no penalty": toy.Game(toy.wasserstein),
    "with penalty": toy.Game(toy.wasserstein, penalty=1.0),
}
shown = {name: game.play(iterations, critic_steps=5) for name, game in games.items()}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6))
real = toy.ring(256, chance)
for axis, (name, frames) in zip(axes, shown.items(), strict=True):
    axis.scatter(*real.T, s=3, color=GREY)
    axis.scatter(*frames[-1].points.T, s=3, color=BLUE)
    axis.set(title=f"{name}: {frames[-1].distance:.2f} off", aspect="equal", xticks=[], yticks=[])
    axis.set(xlim=(-1.8, 1.8), ylim=(-1.8, 1.8))
plt.show()

# %% [markdown]
# In lesson 2 the plain game reached the ring with five moves to one. Here its critic learns twice
# as fast and its generator three times as slowly, so the critic is far ahead, and the points get
# stuck on one side. Both Wasserstein games come close to the ring. On so easy a toy even the one
# without the penalty does.
#
# ## Which number follows quality
#
# Below is how far off the points are (black), and what each critic says (blue). The plain loss is
# turned around, so that all three mean the same: 0 says that the critic cannot tell made points
# from real ones.

# %%
said = {name: [-frame.critic_loss for frame in frames] for name, frames in shown.items()}
said["plain"] = [2 * np.log(2) + number for number in said["plain"]]
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for axis, (name, frames) in zip(axes, shown.items(), strict=True):
    at, true = [frame.iteration for frame in frames], [frame.distance for frame in frames]
    axis.plot(at, true, color="black", label="how far off")
    axis.plot(at, said[name], color=BLUE, label="what the critic says")
    axis.set(title=name, xlabel="iteration", ylim=(min(0, *said[name]), None))
    print(f"{name:12} correlation: {np.corrcoef(true, said[name])[0, 1]:5.2f}")
axes[0].legend(frameon=False)
plt.show()

# %% [markdown]
# A correlation of 1 means that two curves rise and fall together, 0 that they have nothing to do
# with each other. With the penalty it is nearly 1, and the curves nearly lie on each other: the
# critic's number *is* the distance. Without the penalty the number is hundreds of times too large,
# and negative in between. The plain number falls although the points do not get better.
#
# One game may be luck, so we also played 200 iterations from the seeds 2 and 3. With the penalty
# the correlations were .92 and .98. With the plain loss they were .39 and .82.
#
# ## Why five to one
#
# The number is the distance only if the critic has found the best score, or nearly. After each
# move of the generator the points lie elsewhere, and the critic has to catch up. Here is the same
# game with the penalty, but with one move of the critic for each of the generator.

# %%
single = toy.Game(toy.wasserstein, penalty=1.0).play(iterations, critic_steps=1)
pair = {"one to one": single, "five to one": shown["with penalty"]}
figure, axes = plt.subplots(1, 2, figsize=(7, 2.6), sharey=True)
for axis, (title, frames) in zip(axes, pair.items(), strict=True):
    at, says = [frame.iteration for frame in frames], [-frame.critic_loss for frame in frames]
    axis.plot(at, [frame.distance for frame in frames], color="black", label="how far off")
    axis.plot(at, says, color=BLUE, label="what the critic says")
    axis.set(title=title, xlabel="iteration")
axes[0].legend(frameon=False)
plt.show()

# %% [markdown]
# On the left the blue curve swings and even falls below 0, while the points are still far from the
# ring. The critic lags behind. On the right it keeps up. Kantor takes [five
# to one](../docs/hands-on/glossary.html#five-to-one) as well, like Gulrajani and others.
#
# ## Exercises
#
# 1. Move all points of a set by .5 to the right. What is the distance of the new set from the old?
# 2. Double all scores of a critic. What becomes of its estimate, and what of the gradient penalty
#    if all slopes were 1?

# %% [markdown]
# ## Answers
#
# **1.** Exactly .5: each point walks .5, and there is no shorter way. In music: a voice that is an
# octave too high is twelve semitones off.

# %%
print(round(toy.distance(real, real + np.array([0.5, 0])), 3))
higher = bach.transposed(12)
print(earth_movers(line_histograms([higher]), line_histograms([bach])))

# %% [markdown]
# **2.** The estimate doubles, though no point has moved. All slopes become 2, one away from 1, so
# the penalty rises from 0 to (2 - 1)² = 1. It is weighted and added to the loss, so running away
# does not pay.

# %%
points = tf.constant(real[:4])
for score in (lambda at: at[:, :1], lambda at: 2 * at[:, :1]):
    penalty = toy.gradient_penalty(score, points, points + 1, tf.ones(4))
    print(f"penalty {float(penalty):.2f}")
