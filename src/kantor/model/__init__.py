"""The networks, their training and composing with them; the only place that imports TensorFlow."""

from __future__ import annotations

import os
import tempfile
from typing import Any

from kantor import settings

Tensor = Any
"""A tensor of TensorFlow, which carries no types; docstrings say its shape."""
Batch = dict[str, Tensor]
"""Tensors by name, whose first axis is the batch; see `kantor.model.train.batches.Pool`."""

# XLA takes its working memory anew for every step. Given back to the system in between, each of its
# pages is cleared again at every step, which costs a fifth of a training's time.
os.environ.setdefault("TF_CPU_ALLOCATOR_USE_BFC", "true")

# XLA's fusion emitters take half a gigabyte and more than half of the time of the first steps, and
# what they compile is no faster. The flag is one of the pinned TensorFlow's: XLA ends a process
# that brings it one it does not know.
_flags = os.environ.get("XLA_FLAGS", "")
if "xla_cpu_use_fusion_emitters" not in _flags:
    os.environ["XLA_FLAGS"] = f"{_flags} --xla_cpu_use_fusion_emitters=false".strip()


def _import_quietly() -> None:
    """Import TensorFlow without the lines that its C++ side writes past every log setting.

    They are shown after all if the import fails.
    """
    settings.quiet()
    with tempfile.TemporaryFile() as hidden:
        kept = os.dup(2)
        os.dup2(hidden.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_logical_devices()
            tf.get_logger().setLevel("ERROR")
        except BaseException:
            hidden.seek(0)
            os.write(kept, hidden.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


_import_quietly()
