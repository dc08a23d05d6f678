# %% [markdown]
# # 7. A model of your own
#
# **One idea: a model is made by a line of stages; change a number, and only what depends on it
# is made again.**
#
# You change [parameters](../docs/hands-on/glossary.html#parameter), train, read the figures,
# make the new model the [champion](../docs/hands-on/glossary.html#champion), and go back. Then
# you add scores of your own. All of it happens in a copy of the repository in a temporary
# folder, so that yours stays as it is. The lesson needs what `make repro` made, and runs for
# about five minutes. It prepares questions 17 and 18 of the [twenty
# questions](../docs/hands-on/questions.md).

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
# The next cell makes the copy. In a terminal you would type the same commands, without `run`.
# `git clone` brings the code. What git does not hold is copied: the scores, the results, and the
# [registry](../docs/hands-on/glossary.html#registry) of models. The line with `.dvcignore` makes
# DVC leave the other styles alone; else it might look for their scores on the web. Then the
# registry is told where it is now.

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
run("echo /styles >> .dvcignore")
run("python -m kantor.registry relocate | cut -c1-40")
run("kantor models list | cut -c1-110")

# %% [markdown]
# ## Change a parameter
#
# `params.yaml` holds everything that can be set. Open it in an editor and change two lines; the
# cell does it for you. The training shall be short: a few iterations by
# [likelihood](../docs/hands-on/glossary.html#likelihood), and fewer against the critic. `git
# diff` shows what you changed.

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
# A [stage](../docs/hands-on/glossary.html#dvc-stage) is one step of the line: ingest reads the
# scores, validate checks them, train learns, evaluate measures, register keeps.
# [DVC](../docs/hands-on/glossary.html#dvc) knows what each stage reads. Before you start it,
# guess which stages run.

# %%
run("dvc repro | grep -E '^Running|skipping|^(train: [0-9]+ of|evaluate:|register:)'")

# %% [markdown]
# The scores are the same, so `ingest` and `validate` were skipped. The other stages read a
# parameter that you changed, or a file that an earlier stage made anew. `register` gave the
# model a version and the alias [challenger](../docs/hands-on/glossary.html#challenger). The
# champion is still the old one.
#
# ## Read the figures
#
# `reports/report.html` in the copy is the whole report, with pictures and sound. Its eight main
# figures are in git. So DVC can set them beside those of the last commit (`HEAD`), which a full
# training made:

# %%
run("dvc metrics diff --precision 3")
print(COPY / "reports/report.html")

# %% [markdown]
# `parallels`, `clashes` and `on_beats` count faults: less is better. `overlap` compares whole
# distributions with Bach's: more is better. Now listen: the same melody by the champion and by
# your challenger.

# %%
held_out = next(one for one in corpus.load(BUILD / "scores.npz") if one.id == "jsb/bwv253")
melody = bars(held_out.score, 1, 4)
for alias in ("champion", "challenger"):
    made = compose(load_model(alias, COPY), [melody], [0])[0]
    display(show(replace(made, title=alias)), hear(made, alias))

# %% [markdown]
# ## Compare, and try to promote it
#
# One melody decides nothing. `kantor models compare` sets both beside Bach, on the same held-out
# pieces. Then we ask to make the challenger the champion. A
# [gate](../docs/hands-on/glossary.html#gate) looks at the figures first. It needs no guess at
# what is good enough: it knows what the present champion does.

# %%
run("kantor models compare | cut -c1-120")
run("kantor models promote challenger --why 'it is mine'")

# %% [markdown]
# Refused, with all reasons. Each names a figure that is worse by more than its tolerance in
# `promote.guarded` of `params.yaml`, or says what makes a comparison impossible. You may overrule
# the gate; what it had against the model is then kept in the history. And you can [roll
# back](../docs/hands-on/glossary.html#rollback):

# %%
run("kantor models promote challenger --why 'to see what happens' --force")
run("kantor models rollback --why 'the gate was right'")
run("kantor models history")

# %% [markdown]
# Who uses the champion, such as Studio, had the other model in between, without a restart.
#
# ## Try a value without a version
#
# Most ideas fail. `dvc exp run` tries one: it takes the value from the command, trains, measures
# and notes the result. An [experiment](../docs/hands-on/glossary.html#experiment) registers
# nothing. Here: what would have come of it without the critic?

# %%
trial = f"-S train.iterations=0 -S train.warmup={budget(200, 12)}"
run(f"dvc exp run --name no-critic {trial} | grep -E '^Running|skipping|^train: [0-9]+ of'")
run("dvc exp show --only-changed --drop '.*/|Created|evaluate' --precision 3")
run("kantor models list | cut -c1-60")

# %% [markdown]
# The table has a row for the last commit, for the workspace and for the experiment. To keep an
# experiment: `make register EXPERIMENT=no-critic`.
#
# ## Scores of your own
#
# MIDI, MusicXML or ABC files for four voices go into `data/scores/`. You have none at hand, so
# Kantor writes some: it harmonises six melodies of Bach. We also add two files that are no good.
# Then `dvc add` notes the new state of the data. To be quick we take the chorales out of
# `ingest.sources`. If you leave them in, your scores join them.

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
# This time `ingest` ran, because the data changed. It names each file that it could not use, and
# why; the others go on. `validate` checks what is left, so that no model learns from damaged
# data. `dvc repro` would now train, evaluate and register. Six pieces are enough to see the line
# work, not to learn to compose. Hear one of them:

# %%
hear(bars(own[1], 1, 4), "a score of your own: Kantor's voices under a melody of Bach's")

# %% [markdown]
# ## Is yours untouched?

# %%
print("Repository and registry are as before:", state() == before)

# %% [markdown]
# ## Exercises
#
# 1. You change `train.seed`. Where does the line begin to run? And if you change
#    `evaluate.seed`? Ask DVC without running anything: `dvc repro --dry`.
# 2. Set `validate.min_in_scale` to .999, so that nearly every note must fit one scale. What does
#    `dvc repro validate` say?
#
# ## Answers
#
# **1.** We set the copy back to how it began, and ask. DVC names the first stage that changes,
# after the check of all parameters. It cannot know yet what that stage will write. If the files
# are new, the stages after it run as well.

# %%
run(f"cp -r data build reports dvc.lock data.dvc {COPY}", ROOT)
run("rm data/scores/own_*.mid data/scores/again.mid data/scores/broken.mid")
for key in ("train.seed", "evaluate.seed"):
    run(f"cp params.yaml {COPY}", ROOT)
    print("changed:", change(COPY, {key: 7}))
    run("dvc repro --dry | grep ^Running")

# %% [markdown]
# **2.** The line stops before any model learns. The message names the check, what it found, and
# the parameter that would admit the data. Whether to raise the limit or to mend the data is for
# you to say.

# %%
run(f"cp params.yaml {COPY}", ROOT)
change(COPY, {"validate.min_in_scale": 0.999})
run("dvc repro validate 2>&1 | grep -E '^(Running|validate)'")
scratch.cleanup()
