"""``python -m kantor.registry``: say what the last pass through the pipeline made."""

from __future__ import annotations

import sys

from kantor.registry import RegistryError, find_root, summary
from kantor.settings import SettingsError


def main() -> int:
    """Print the summary, or one line that says why there is none."""
    try:
        print("\n".join(summary(find_root())))
    except (RegistryError, SettingsError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
