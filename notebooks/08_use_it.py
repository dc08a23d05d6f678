# %% [markdown]
# # 8. Use it: from your melody to a piece that you can share
#
# You bring a melody. Kantor composes the other voices, as often as you ask, and you keep what you
# like.
#
# This lesson needs no programming. You click in a page, or you type one line. Read the text; you
# may skip the grey boxes. They run the lines that you would type, and show what comes out. They
# take about half a minute, and need the model that `make repro` makes. The lesson prepares
# questions 19 and 20 of the [twenty questions](../docs/hands-on/questions.md).

# %% [markdown]
# The first box only prepares the others. They work in a temporary folder, so nothing of yours is
# changed.

# %%
from lesson import bars, hear, show
from showing import begin, framed, picture, piece

folder = begin()

# %% [markdown]
# ## By clicking: Studio
#
# [Studio](../docs/hands-on/glossary.html#studio) is a page in your browser. To open it you need a
# *terminal*, the program of your computer into which one types commands. Open one in Kantor's
# folder, type `make studio` and press Enter. Everything stays on your machine.

# %%
picture("studio/start.png")

# %% [markdown]
# There are four ways to begin. Play a melody on the keys below: press *Record*, wait for the four
# clicks, play, press *Stop*. Or drop a file on the page, from a notation program for example.
# Or write notes with the mouse. Or take a sample: scroll down and press *Use* at Ode to Joy.
#
# Then press *Compose 3 takes*. After a few seconds three
# [takes](../docs/hands-on/glossary.html#take) stand side by side.

# %%
picture("studio/takes.png")

# %% [markdown]
# Press *Hear*, or the keys `1`, `2` and `3`, to hear them. The line under each take says how it
# differs from the others. Press *Use* at the one that you like best. If you like none, press
# *Compose* again and get three others.
#
# Two sliders at the right change the next takes. *Creative risk* is the
# [temperature](../docs/hands-on/glossary.html#temperature): to the left the notes are safe, to
# the right they are bold, and more often wrong. *Plainness* leaves out decoration.
#
# ## By typing
#
# You can also compose from the terminal. Type `source .venv/bin/activate` in Kantor's folder first;
# from then on this terminal knows the command `kantor`. Then one line composes. (In these boxes it
# begins with `!`; leave that out in a terminal. And type the place of your own file, such as
# `docs/melodies/ode_to_joy.mid`.)

# %%
# !kantor compose melodies/ode_to_joy.mid --transpose fit

# %% [markdown]
# Kantor prints what it did and the names of two files: a MIDI file, which music programs open, and
# a picture. `--transpose fit` moves the melody up or down to where all voices have room. Without it
# this melody would lie low for a soprano, and Kantor would say so.

# %%
ode = piece("ode_to_joy-fit-take1.mid").score
hear(bars(ode, 1, 4), "Ode to Joy: the melody is given, the three lower voices are composed")

# %% [markdown]
# ## Any notes given
#
# The melody need not lie on top. Here it is the bass, and Kantor composes the three voices
# above. In Studio press *Source*, then *Read it differently*, and choose *bass*. Or type:

# %%
# !kantor compose melodies/ode_to_joy.mid --given bass

# %%
above = piece("ode_to_joy-bass-given-take1.mid").score
hear(bars(above, 1, 2), "The same melody as a bass")

# %% [markdown]
# You can give two voices, or whole bars of all of them, or nothing at all:
#
# | you have | you type |
# |---|---|
# | a melody | `kantor compose tune.mid` |
# | soprano and bass, in one file | `kantor compose hymn.musicxml --given soprano,bass` |
# | a piece whose bars 5 to 8 you do not like | `kantor compose hymn.musicxml --compose-bars 5-8` |
# | a piece that is too short | `kantor compose hymn.musicxml --given all --continue 8` |
# | nothing | `kantor compose --bars 16 --meter 3/4 --key 'G major'` |
#
# What you give comes back note for note; only octaves may change.
#
# ## Chosen bars again
#
# Back to the first piece. Say that you like it except for the lower voices of bars 5 and 6. In
# Studio drag over the bar numbers 5 and 6 and press *Compose bars 5–6 again*. The melody is given
# there, so it stays. Or type the line below. `--given soprano` keeps the melody. `--seed 3` starts
# the random choice at another place, so that other notes can come:

# %%
# !kantor compose compositions/ode_to_joy-fit-take1.mid --given soprano --compose-bars 5-6 --seed 3

# %%
new = piece("*bars5-6*.mid", "5-6")
show(bars(ode, 4, 7))

# %%
show(bars(new.score, 4, 7))

# %% [markdown]
# Above is the piece as it was, below as it is now. Each picture shows bars 4 to 7, which it
# numbers from 1 to 4. Only the two bars in the middle differ. The new notes fit the bars before
# and after them, because the [network](../docs/hands-on/glossary.html#neural-network) sees these.

# %%
hear(bars(new.score, 5, 6), "Bars 5 and 6, composed again")

# %%
changed = (ode.pitches != new.score.pitches) & new.mask
print("notes changed outside these bars and voices:", changed.sum())

# %% [markdown]
# ## Many melodies: a batch
#
# A choir book has hundreds of melodies. Put the files into one folder, such as `book`, and type
# `kantor batch book`. The box does this with three melodies:

# %%
# !mkdir book && cp melodies/am*.abc melodies/old*.abc melodies/green*.abc book
# !kantor batch book --out book_composed > said.txt 2>&1

# %%
for path in sorted(folder.glob("book_composed/2*/**/*.m*")):
    print(path.relative_to(path.parents[1] if path.parent.name == "music" else path.parent))

# %% [markdown]
# The results are files with the names of the melodies, and a page, `index.html`, which opens with
# a double click and plays all of them. Here it stands in a frame, without its players:

# %%
framed(next(folder.glob("book_composed/*/index.html")))

# %% [markdown]
# If the computer is switched off in between, type the same line again. The batch goes on where it
# was.
#
# ## Share it
#
# In Studio, *Export* makes a file: a score as PDF, MusicXML for a notation program, sound, or
# MIDI. *Publish* makes a page that you can send: with sound, score and picture in one file. It
# plays without internet, on a telephone too.

# %%
picture("studio/published.png")

# %% [markdown]
# *Publish* can also put the page into a gallery, which is a folder with an index, or upload the
# sound to your own SoundCloud account. Nothing leaves your machine before you press the button.
# The page says what was given and what was composed, by which
# [model](../docs/hands-on/glossary.html#model), and from whose scores the model learned. Mind
# their licence: most of the chorales may be used for non-commercial purposes only.
#
# ## Exercises
#
# 1. A friend sends you `bass.mid`, a bass line. She wants three versions with voices above it,
#    and tomorrow three others. What do you click, or what do you type?
# 2. You love a take, but not the alto and tenor of bars 9 to 12. How do you change these and
#    nothing else? Afterwards, how could you check that nothing else was changed?

# %% [markdown]
# ## Answers
#
# **1.** In Studio: drop the file on the page; *Source*, *Read it differently*, *bass*; *Compose 3
# takes*. Tomorrow open the piece in the *Library* and press *Compose* again. By typing:
# `kantor compose bass.mid --given bass --takes 3`, and tomorrow the same with `--seed 1`. Each
# [seed](../docs/hands-on/glossary.html#seed) gives other takes, and the same seed gives the same
# ones again.
#
# **2.** In Studio: press the lock beside *Bass*, drag over the bar numbers 9 to 12, and press
# *Compose*. The soprano is given and the bass is locked, so both stay. By typing:

# %%
# !kantor compose compositions/ode_to_joy-fit-take1.mid --voices alto,tenor --compose-bars 9-12

# %% [markdown]
# To check it, press `C` in Studio: it switches between the piece and the take. Or compare the
# pictures that Kantor wrote. The next box compares the two: which voices differ, and in which bars?

# %%
last = piece("*bars9-12*.mid").score
for index, line in enumerate(ode.ensemble.names):
    steps = (ode.pitches[:, index] != last.pitches[:, index]).nonzero()[0]
    print(f"{line}: differs in bars {sorted({int(step) // 16 + 1 for step in steps})}")

# %% [markdown]
# Only alto and tenor may differ, and only in these bars. With soprano and bass fixed there is
# little choice, so few notes may be new. For something quite different let more voices be composed
# again.
