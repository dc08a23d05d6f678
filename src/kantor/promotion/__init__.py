"""Challenger against champion on the same held-out pieces, and the rule of who is champion then.

`contest` measures, and its `Contest` tells: a verdict with reasons, a table, a drawing. Moving
the champion itself is the registry's: `kantor.registry.promote`.
"""

from kantor.promotion.contests import Contest, contest

__all__ = ["Contest", "contest"]
