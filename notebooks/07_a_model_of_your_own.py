# %% [markdown]
# # 7. A model of your own
#
# **One idea: a [pipeline](../docs/hands-on/glossary.html#pipeline) of stages makes a model. After
# a change it runs only the stages that depend on the change.**
#
# You change [parameters](../docs/hands-on/glossary.html#parameter), train, and read the figures.
# You make the new model the [champion](../docs/hands-on/glossary.html#champion), that is, the
# model that composes, and you go back to the old one. Then you add scores of your own. All of it
# happens in a copy of the repository in a temporary folder; your own files stay as they are.
#
# The lesson needs what `make repro` made, and runs for about five minutes. It prepares questions
# 17 and 18 of the [twenty questions](../docs/hands-on/questions.md).

# %%
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
from IPython.display import display
from lesson import BUILD, ROOT, bars, budget, hear, show

from kantor.data import corpus
from kantor.formats import midi
from kantor.registry import load_model, versions
from kantor.report.composing import compose
from kantor.service.parameter_file import change


def state():
    """What this lesson must not change: the repository's files, and its registered versions."""
    status = subprocess.run(
        ["git", "-C", ROOT, "status", "--porcelain"], capture_output=True, text=True
    )
    return status.stdout, [(row["version"], row["aliases"]) for row in versions(ROOT)]


before = state()

# %% [markdown]
# ## A copy to play with
#
# The next cell makes the copy. The function `run` runs a command as you would type it in a
# terminal, and prints it after a `$`. `git clone` brings the code. Git does not hold the scores,
# the results and the [registry](../docs/hands-on/glossary.html#registry), where the models are
# kept; `cp` copies these. The registry notes where its files are, so `relocate` tells it the new
# place. A part such as `| cut …` or `| grep …` only shortens what is printed.

# %%
scratch = tempfile.TemporaryDirectory()
COPY = Path(scratch.name) / "kantor"
environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
environment |= {
    "KANTOR_HOME": str(COPY),
    "PYTHONPATH": str(COPY / "src"),
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "PATH": f"{Path(sys.executable).parent}:{environment['PATH']}",
    "DVC_NO_ANALYTICS": "1",
}


def run(command, folder=COPY):
    """Run a line of shell in the copy, and print it with what it says."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    print(
        f"$ {command}\n{done.stdout}"
        + (f"[exit code {done.returncode}]\n" if done.returncode else "")
    )


run(f"git clone --quiet . {COPY} -c user.name=reader -c user.email=reader@localhost", ROOT)
made = "data build reports mlflow.db mlartifacts dvc.lock params.yaml"
run(f"cp -r {made} {COPY} && cp -r .dvc/cache {COPY}/.dvc", ROOT)
run("python -m kantor.registry relocate | cut -c1-40")

# %% [markdown]
# ## Change a parameter
#
# `params.yaml` holds everything that can be set. You would change it in an editor; here the cell
# does it. We make the training short: 200 iterations by
# [likelihood](../docs/hands-on/glossary.html#likelihood) (`warmup`) and 20 against the critic
# (`iterations`). The report lets one piece be heard (`samples`). `git diff` shows the old lines
# with `-` and the new ones with `+`.

# %%
change(
    COPY,
    {"train.warmup": budget(200, 10), "train.iterations": budget(20, 0), "evaluate.samples": 1},
)
if budget(0, 1):  # where tests run the lesson, all is smaller
    change(
        COPY,
        {
            "train.batch": 8,
            "train.melodies": 2,
            "evaluate.pieces": 4,
            "evaluate.bars": 4,
            "train.sampling.particles": 1,
        },
    )
run("git diff --unified=0 params.yaml | grep '^[+-] '")

# %% [markdown]
# ## Make what depends on it
#
# The pipeline has five [stages](../docs/hands-on/glossary.html#dvc-stage): `ingest` reads the
# scores, `validate` checks them, `train` trains the network, `evaluate` measures what it composes,
# and `register` puts the model into the registry. The file `dvc.yaml` says what each stage reads
# and writes. The program [DVC](../docs/hands-on/glossary.html#dvc) runs those stages for which
# something that they read has changed. Guess first: which stages will run?

# %%
run("dvc repro | grep -E '^Running|skipping|^(train: [0-9]+ of|evaluate:|register:)'")

# %% [markdown]
# The scores are the same, so `ingest` and `validate` were skipped. Each of the others reads a
# parameter that you changed, or a file that an earlier stage made anew. `register` gave the model
# a version number and the name
# [challenger](../docs/hands-on/glossary.html#challenger). The champion is still the old model.
#
# ## Read the figures
#
# `reports/report.html` in the copy is the whole report, with pictures and sound. Its main figures
# are in git as well. So DVC can compare them with those of the last commit (`HEAD`), which a full
# training made:

# %%
run("dvc metrics diff --precision 3")
print(COPY / "reports/report.html")

# %% [markdown]
# `parallels`, `clashes` and `on_beats` (parallels from beat to beat) count faults: less is better.
# `overlap` says how much the distributions of the metrics agree with Bach's: more is better. Now
# listen: the same melody by the champion and by your challenger.

# %%
held_out = next(one for one in corpus.load(BUILD / "scores.npz") if one.id == "jsb/bwv253")
melody = bars(held_out.score, 1, 4)
for alias in ("champion", "challenger"):
    made = compose(load_model(alias, COPY), [melody], [0])[0]
    display(show(replace(made, title=alias)), hear(made, alias))

# %% [markdown]
# ## Compare, and try to promote it
#
# One melody decides nothing. `kantor models compare` shows the figures of both models and of
# Bach. `kantor models promote` asks to make the challenger the champion. A
# [gate](../docs/hands-on/glossary.html#gate) then compares its figures with those of the present
# champion.

# %%
run("kantor models compare | cut -c1-120")
run("kantor models promote challenger --why 'it is mine'")

# %% [markdown]
# The gate refuses it, and lists its reasons. A reason names a figure that is worse by more than
# its tolerance (`promote.guarded` in `params.yaml`), or says why the two cannot be compared. With
# `--force` you overrule the gate; the history then keeps its reasons. With `rollback` the champion
# before [becomes champion again](../docs/hands-on/glossary.html#rollback):

# %%
run("kantor models promote challenger --why 'to see what happens' --force")
run("kantor models rollback --why 'the gate was right'")
run("kantor models history")

# %% [markdown]
# ## Try a value without a version
#
# Most ideas fail, and need no version in the registry. `dvc exp run` takes new values from its
# command line (`-S`), runs the stages that depend on them, and notes the figures under a name.
# Such an [experiment](../docs/hands-on/glossary.html#experiment) registers nothing. Our question:
# what are the figures without the critic?

# %%
trial = "-S train.iterations=0" if budget(1, 0) else "-S evaluate.seed=1"  # tests train once
run(f"dvc exp run --name no-critic {trial} | grep -E '^Running|skipping|^train: [0-9]+ of'")
run("dvc exp show --only-changed --drop '.*/|Created|evaluate' --precision 3")

# %% [markdown]
# The table has a row for the experiment, one for the last commit, and one for the *workspace*,
# the files as they are now. `make register EXPERIMENT=no-critic` would put the experiment's model
# into the registry.
#
# ## Scores of your own
#
# MIDI, MusicXML or ABC files for four voices go into `data/scores/`. For this lesson Kantor writes
# six: it harmonises six melodies from Bach's chorales. We also add a copy of one of them, and a
# file that is no music. Then `dvc add` notes the new state of the data. We take the chorales out
# of `ingest.sources` to be quick; if you leave them in, your scores join them.

# %%
melodies = [
    bars(one.score, 1, 8) for one in corpus.load(BUILD / "scores.npz") if one.split == "valid"
][:6]
own = compose(load_model("champion", COPY), melodies, range(6))
for number, score in enumerate(own, start=1):
    midi.write(score, COPY / f"data/scores/own_{number}.mid")
midi.write(own[0], COPY / "data/scores/again.mid")
(COPY / "data/scores/broken.mid").write_bytes(b"MThd, and then nothing")
change(COPY, {"ingest.sources": [{"kind": "folder", "path": "data/scores"}]})
run("dvc add --quiet data; git diff --stat data.dvc")
run("dvc repro validate | grep -E '^Running|skipping|^(ingest|validate):'")
pd.read_csv(COPY / "build/refused.csv")

# %% [markdown]
# This time `ingest` ran, because the data changed. The table lists each file that it could not
# use, with the reason. `validate` checked the rest, so that no model learns from damaged data. A
# plain `dvc repro` would go on: train, evaluate, register. But six pieces are far too few to learn
# to compose from.
#
# Last, we check that your own files and models are untouched:

# %%
print("Repository and registry are as before:", state() == before)

# %% [markdown]
# ## Exercises
#
# 1. You change `train.seed`. Which stage is the first that runs? And if you change
#    `evaluate.seed`? `dvc repro --dry` tells you without running anything.
# 2. Set `validate.min_in_scale` to .999: nearly every note must then fit one scale. What does
#    `dvc repro validate` say?
#
# ## Answers
#
# **1.** With `train.seed` it is `train`; `ingest` and `validate` do not read it. With
# `evaluate.seed` it is `evaluate`: the model stays. Later stages run too if a stage before them
# writes something new. We set the copy back to how it began, and ask DVC about the first. (It also
# names `parameters`, a check of all parameters that comes before.)

# %%
run(f"cp -r data build reports dvc.lock data.dvc params.yaml {COPY}", ROOT)
run("rm data/scores/own_*.mid data/scores/again.mid data/scores/broken.mid")
change(COPY, {"train.seed": 7})
run("dvc repro --dry | grep ^Running")

# %% [markdown]
# **2.** The pipeline stops before any model learns. The message names the check, what it found, and
# the parameter that would admit the data. You decide: raise the limit, or mend the data.

# %%
change(COPY, {"validate.min_in_scale": 0.999})
run("dvc repro validate 2>&1 | grep -E '^(Running|validate)'")
scratch.cleanup()
