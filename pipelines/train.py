"""Stage `train`: windows to a generator, its log and what it composed while it learned."""

from __future__ import annotations

import sys
from pathlib import Path

from kantor import files, settings, styles, tracking
from kantor.errors import InputError, SetupError


def main() -> int:
    """Run the stage; 1 with one line on stderr if it cannot, 130 or 143 if it was stopped."""
    settings.quiet()
    from kantor.data import corpus, windows
    from kantor.hyperparameters import Train
    from kantor.model.train.checkpoints import TrainingStopped, fingerprint
    from kantor.model.train.loop import train

    inputs = [Path("build/scores.npz"), Path("build/windows.npz")]
    try:
        with files.full_disk_explained(), tracking.tracked("train", TrainingStopped) as begun:
            done = train(
                settings.load(Train, "train"),
                corpus.load(inputs[0]),
                windows.load(inputs[1]),
                fingerprint(inputs),
                ensemble=styles.load_ensemble(),
                begun=begun,
            )
    except TrainingStopped as stopped:
        print(f"train: {stopped}", file=sys.stderr)
        return 128 + stopped.signal_number
    except (InputError, SetupError, OSError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    print(f"train: {done}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
