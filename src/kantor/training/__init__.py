"""What a training leaves behind as it goes: its log, its health, its frames; no TensorFlow.

The training itself is `kantor.model.train`. Whoever only looks on imports this.
"""
