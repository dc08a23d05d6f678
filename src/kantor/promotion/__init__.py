"""Who is champion: challenger against champion on the same held-out pieces, the rule, the moves.

`comparison.compare` measures two versions, and `rule` judges them. `gate` names all that speaks
against a version. `promote` moves the champion and keeps the `history`; `alias_audit` records
what was moved without Kantor, `previous` finds the way back. `decision` does what the rule wants
after a pass through the pipeline. `rendering` shows comparison and history to a person.

Conventions and errors are those of `kantor.registry`. A move raises `InputError` also if no reason
is given, and `SetupError` also if another process moves the champion.
"""
