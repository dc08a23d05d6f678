"""The preset `chorale` in numpy alone: what composing needs, without TensorFlow.

It computes what `kantor.model.drawing.draw` computes, and is far quicker: nothing is traced, and
products with one-hot vectors are sums of rows.
"""

from kantor.runtime.generator import Generator, check, load

__all__ = ["Generator", "check", "load"]
