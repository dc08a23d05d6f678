"""The toy of lessons 2 and 3: points on a ring, a generator, a critic, and their game."""

from typing import NamedTuple

from kantor.model.train.wgan import gradient_penalty  # first: Kantor lets TensorFlow start quietly

# isort: split
import keras
import numpy as np
import tensorflow as tf
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

BATCH, SHOWN = 128, 256
"""Points that an update sees; points that are shown and measured."""


def ring(count, chance):
    """Real points ``(count, 2)``: near a circle of radius 1."""
    angles, radii = chance.uniform(0, 2 * np.pi, count), chance.normal(1, 0.05, count)
    return (radii * [np.cos(angles), np.sin(angles)]).T.astype("float32")


def network(outputs, seed):
    """Two numbers in, some out; between them two layers of 64 units."""
    starts = [keras.initializers.GlorotUniform(seed + layer) for layer in range(3)]
    sizes = (64, "relu"), (64, "relu"), (outputs, None)
    dense = [
        keras.layers.Dense(*size, kernel_initializer=start)
        for size, start in zip(sizes, starts, strict=True)
    ]
    return keras.Sequential([keras.Input((2,)), *dense])


def original(of_real, of_made):
    """Losses of critic and generator in the first such game (Goodfellow et al. 2014).

    A score says how surely a point is real: 0 is undecided. `softplus` is near 0 for a score far
    below 0, and grows with a score above.
    """
    critic = tf.reduce_mean(tf.nn.softplus(-of_real)) + tf.reduce_mean(tf.nn.softplus(of_made))
    return critic, tf.reduce_mean(tf.nn.softplus(-of_made))


def wasserstein(of_real, of_made):
    """Losses of critic and generator with bare scores (Arjovsky et al. 2017)."""
    return tf.reduce_mean(of_made) - tf.reduce_mean(of_real), -tf.reduce_mean(of_made)


def distance(some, others):
    """How far points must move to lie like the others: on average, along the shortest ways."""
    ways = cdist(some, others)
    return float(ways[linear_sum_assignment(ways)].mean())


class Frame(NamedTuple):
    """The game after some iterations; losses are means since the frame before."""

    iteration: int
    points: np.ndarray
    critic_loss: float
    generator_loss: float
    distance: float


class Game:
    """A generator, a critic, and a move of each."""

    def __init__(self, losses, penalty=0.0, critic_rate=2e-3, generator_rate=3e-4, seed=1):
        self.losses, self.penalty, self.chance = losses, penalty, np.random.default_rng(seed)
        self.generator, self.critic = network(2, 100 * seed), network(1, 100 * seed + 50)
        self.optimizers = [keras.optimizers.Adam(critic_rate, 0.5, 0.9)]
        self.optimizers += [keras.optimizers.Adam(generator_rate, 0.5, 0.9)]
        for optimizer, net in zip(self.optimizers, (self.critic, self.generator), strict=True):
            optimizer.build(net.trainable_variables)
        moves = self.move_critic, self.move_generator
        self.moves = [tf.function(move, autograph=False) for move in moves]

    def move_critic(self, real, latent, mix):
        """Change the critic so that its loss falls."""
        made, weights = self.generator(latent), self.critic.trainable_variables
        with tf.GradientTape() as tape:
            loss, _ = self.losses(self.critic(real), self.critic(made))
            total = loss
            if self.penalty:
                total += self.penalty * gradient_penalty(self.critic, real, made, mix)
        self.optimizers[0].apply_gradients(zip(tape.gradient(total, weights), weights, strict=True))
        return loss

    def move_generator(self, latent):
        """Change the generator so that its loss falls."""
        weights = self.generator.trainable_variables
        with tf.GradientTape() as tape:
            scores = self.critic(self.generator(latent))
            _, loss = self.losses(scores, scores)
        self.optimizers[1].apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def latent(self, count=BATCH):
        """Random numbers from which the generator makes so many points."""
        return self.chance.normal(size=(count, 2)).astype("float32")

    def play(self, iterations, critic_steps=5, every=25):
        """So many rounds: some moves of the critic, then one of the generator."""
        shown, others, frames, losses = self.latent(SHOWN), ring(SHOWN, self.chance), [], []
        (move_critic, move_generator), critic = self.moves, np.nan
        for iteration in range(1, iterations + 1):
            for _ in range(critic_steps):
                mix = self.chance.random(BATCH, "float32")
                critic = move_critic(ring(BATCH, self.chance), self.latent(), mix)
            losses.append((critic, move_generator(self.latent())))
            if iteration % every == 0:
                points, means = self.generator(shown).numpy(), np.mean(losses, axis=0)
                frames.append(Frame(iteration, points, *means, distance(points, others)))
                losses.clear()
        return frames
