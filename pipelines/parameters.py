"""Stage `parameters`: refuse unsound ones before DVC removes what the other stages made."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import experiments, files
from kantor.errors import SetupError
from kantor.stages import check_blocks

PARAMS = Path("params.yaml")
SOUND = Path("build/sound.txt")


def main() -> int:
    """Run the stage; 1 with one line on stderr if it cannot."""
    try:
        with files.full_disk_explained():
            check_blocks(Path())
            SOUND.parent.mkdir(exist_ok=True)
            files.save(SOUND, lambda file: file.write(b"params.yaml is sound\n"))
    except (SetupError, OSError) as error:
        again = f"; {PARAMS} is again as it was" if experiments.put_back(PARAMS) else ""
        print(f"parameters: {error}; nothing was run{again}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
