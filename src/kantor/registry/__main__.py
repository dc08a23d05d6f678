"""``python -m kantor.registry``: say what the last pass through the pipeline made.

``python -m kantor.registry relocate`` is for a repository that was moved or copied.
"""

from __future__ import annotations

import sys

from kantor.errors import SetupError
from kantor.registry import RegistryError, find_root, summary
from kantor.registry.relocating import relocate


def main(arguments: list[str]) -> int:
    """Print the summary or what was relocated, or one line that says why there is none."""
    if arguments not in ([], ["relocate"]):
        print("usage: python -m kantor.registry [relocate]", file=sys.stderr)
        return 2
    try:
        print(relocate(find_root()) if arguments else "\n".join(summary(find_root())))
    except (RegistryError, SetupError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
