"""Who is champion: challenger against champion on the same held-out pieces, the rule, the moves.

`comparison` measures two versions, and does what the `rule` says after a pass through the pipeline.
`gate` names all that speaks against a version. `promote` moves the champion, also back, and records
what was moved without Kantor; `champion_history` keeps the moves. `rendering` shows comparison and
history to a person, and `retired` deletes versions that were retired long ago.

Conventions and errors are those of `kantor.registry`. A move raises `InputError` also if no reason
is given, and `SetupError` also if another process moves the champion.
"""
