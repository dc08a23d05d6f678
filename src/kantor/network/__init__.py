"""What the networks read and write, as numbers: tokens, and blocks of features by name and size.

The networks in TensorFlow (`kantor.model`) and in numpy (`kantor.runtime`) read both from here.
"""
