"""The preset `chorale` in numpy alone: what composing needs, without TensorFlow.

It computes what `kantor.model.nets.sampling.draw` computes, and is far quicker: nothing is traced,
and products with one-hot vectors are sums of rows. A fresh process composes after a third of a
second:

>>> model = load("build/model")                                           # doctest: +SKIP
>>> pitches, onsets = model(given, seeds, temperature=1.0, passes=0)      # doctest: +SKIP

where `given` is a batch of `kantor.music.conditioning.Conditioning` and `seeds` holds one number a
piece. The more pieces are composed at once, the faster each is. A large batch is shared with a
process for each further core; ``processes=1`` prevents that. From the first piece on numpy's matrix
products keep to one core in each process.
"""

from kantor.runtime.generator import Generator, check, load
from kantor.runtime.sampling import SamplingParameters

__all__ = ["Generator", "SamplingParameters", "check", "load"]
