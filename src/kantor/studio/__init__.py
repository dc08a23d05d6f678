"""Kantor Studio: a page to play a melody, hear it harmonised, steer it, keep it and share it.

`app` builds the ASGI application: the files of ``web/``, and resources under ``/api`` whose routes
are thin functions over the rest of Kantor. A piece is a JSON document (`document`), kept as files
in ``compositions/studio/ID/`` (`store`). Composing is done by a bounded pool of processes
(`composing`). Nothing here knows music: `scores` turns documents into scores and back.
"""
