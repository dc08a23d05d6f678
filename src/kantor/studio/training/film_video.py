"""``python -m kantor.studio.training.film_video ID``: the frames of the last training as a video.

It is a process of its own: encoding takes the memory and the seconds that Studio has not.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kantor.errors import InputError, SetupError
from kantor.files import private_folder
from kantor.locks import STATE
from kantor.service.pipeline import stage_environment
from kantor.studio.training import frames

FOLDER = STATE / "studio/films"
_MOST = 40  # frames
_ALL = sys.maxsize


def path(root: Path, run_id: str) -> Path:
    """Where a run's film is."""
    return root / FOLDER / f"{run_id}.webm"


def begin(root: Path, run_id: str) -> subprocess.Popen[bytes]:
    """Start making a run's film; what it says in the end is one line on its standard error."""
    command = [sys.executable, "-m", "kantor.studio.training.film_video", run_id]
    return subprocess.Popen(
        command,
        cwd=root,
        env=stage_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def make(root: Path, run_id: str) -> Path:
    """Write the film of the frames that there are, evenly spread where they are many.

    Raises
    ------
    InputError
        If there is no frame.
    """
    from kantor.formats.video import write_webm

    found = frames.listed(root, _ALL)
    step = max(1, -(-len(found) // _MOST))
    chosen = sorted({*found[::step], *found[-1:]})
    private_folder(root / FOLDER)
    takes = [frames.score(root, one) for one in chosen]
    write_webm(takes, path(root, run_id), [f"iteration {one:,}" for one in chosen])
    return path(root, run_id)


def main(run_id: str) -> int:
    """Make the film in the current repository; 1 with one line where that is not possible."""
    try:
        make(Path.cwd(), run_id)
    except (InputError, SetupError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
