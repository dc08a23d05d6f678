"""Challenger against champion on the same held-out pieces, and the rule of who is champion then.

`contest` measures, and its `Contest` holds the figures and the verdict with its reasons;
`kantor.promotion.wording` puts it into words, `kantor.promotion.drawing` draws it. Moving the
champion itself is the registry's: `kantor.registry.promote`.
"""

from kantor.promotion.comparison import Contest, contest

__all__ = ["Contest", "contest"]
