"""The networks, their training and composing with them; the only place that imports TensorFlow."""

from __future__ import annotations

import os
import tempfile

from kantor import settings


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

            # Workers can meet only before TensorFlow has looked at its devices.
            if "TF_CONFIG" not in os.environ:
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
