"""Moving the champion: which alias stands where afterwards, and what the history says."""

import json
import re

import pytest
from tests.registries import aliases

from kantor.errors import InputError, ModelError, SetupError
from kantor.promotion import gate
from kantor.promotion.gate import Refused
from kantor.promotion.history import history
from kantor.promotion.promote import promote, retire, rollback
from kantor.registry import load_model, versions


def test_promoting_moves_champion_and_keeps_previous(moving, rule):
    """The new version composes, the one before keeps `previous`, and the event is returned."""
    event = promote(2, "sounds better", "ada@desk", root=moving, rule=rule)
    assert aliases(moving) == {"champion": 2, "previous": 1, "challenger": 3}
    assert (event.what, event.before, event.after, event.by) == ("promote", 1, 2, "ada@desk")
    assert event.figures["overlap"] == pytest.approx(0.91)
    assert load_model(root=moving).source == "kantor-bach version 2"


def test_an_alias_names_the_version(moving):
    """`challenger` is promoted by its name; the rule is that of params.yaml, the person who runs
    this.
    """
    event = promote("challenger", "newest", root=moving)
    assert event.after == 3
    assert re.fullmatch(r".+@.+", event.by)


def test_rollbacks_lead_further_back(moving, rule):
    """One after the other to older champions, never to one that was rolled back from; `previous`
    stands where the next one leads. Where none is left one line says so, and what else to do.
    """
    with pytest.raises(InputError, match=r"no earlier champion is left.*kantor models promote"):
        rollback("no", root=moving)
    promote(2, "try it", root=moving, rule=rule)
    promote(3, "try it", root=moving, rule=rule)
    event = rollback("worse by ear", root=moving)
    assert (event.what, event.before, event.after) == ("rollback", 3, 2)
    assert aliases(moving) == {"champion": 2, "previous": 1, "challenger": 3}
    event = rollback("worse still", root=moving)
    assert event.line.startswith(
        "version 1 is champion again; rolled back from version 2; skipped 3 (rolled back from on 2"
    )
    assert aliases(moving) == {"champion": 1, "challenger": 3}
    with pytest.raises(InputError, match=r"no earlier champion is left.* 2 \(rolled back from"):
        rollback("and again", root=moving)
    assert aliases(moving) == {"champion": 1, "challenger": 3}


def test_what_is_promoted_again_is_good_again(moving, rule):
    """A rollback may lead to a version that was rolled back from before it was promoted again."""
    promote(2, "try it", root=moving, rule=rule)
    rollback("worse by ear", root=moving)
    promote(2, "it was the loudspeaker", root=moving, rule=rule)
    promote(3, "try it", root=moving, rule=rule)
    assert rollback("worse by ear", root=moving).after == 2


def test_what_was_retired_or_deleted_is_passed_over(moving, client, rule):
    """`previous` goes on to the champion before, and the rollback says whom it passed over."""
    promote(2, "try it", root=moving, rule=rule)
    promote(3, "try it", root=moving, rule=rule)
    retire(2, "hums", root=moving)
    assert aliases(moving) == {"champion": 3, "previous": 1, "challenger": 3}
    assert "skipped 2 (retired on 2" in rollback("worse", root=moving).line


def test_retiring_takes_the_aliases_and_keeps_the_version(moving, rule):
    """A retired version loses its names, still loads by number, and is not promoted again."""
    retire("challenger", "hums", root=moving)
    assert aliases(moving) == {"champion": 1}
    assert load_model("models:/kantor-bach/3", root=moving)
    with pytest.raises(Refused, match="retired"):
        promote(3, "after all", root=moving, rule=rule)
    with pytest.raises(InputError, match="retired already"):
        retire(3, "again", root=moving)
    promote(3, "after all", force=True, root=moving, rule=rule)
    retired = [row for row in versions(root=moving) if "retired" in row["tags"]]
    assert retired == []


def test_what_is_no_move(moving, rule):
    """What composes is not taken away, what is done is not done twice, and nothing without a
    reason.
    """
    with pytest.raises(InputError, match="say why"):
        promote(2, " \n", root=moving, rule=rule)
    assert aliases(moving)["champion"] == 1
    with pytest.raises(Refused, match="it is the champion"):
        retire(1, "no", root=moving)
    with pytest.raises(InputError, match="is the champion already"):
        promote(1, "yes", root=moving, rule=rule)


def test_what_was_compared_with_another_champion_is_not_promoted(moving, client, rule):
    """A person may take a day to approve; a champion made meanwhile is not put aside unseen."""
    client.set_registered_model_alias("kantor-bach", "champion", "3")
    with pytest.raises(Refused, match="compared with version 1, but version 3 is champion by now"):
        promote(2, "better", root=moving, rule=rule, instead_of=1)
    assert aliases(moving)["champion"] == 3
    assert promote(2, "better", force=True, root=moving, rule=rule, instead_of=3).before == 3


def test_rolling_back_to_what_does_not_load_is_refused(moving, rule, monkeypatch):
    """A rollback is stopped by a version that could not compose, unless forced."""
    promote(2, "try it", root=moving, rule=rule)

    def broken(*_):
        raise ModelError("no files")

    monkeypatch.setattr(gate, "load_model", broken)
    with pytest.raises(Refused, match="does not load: no files; to go back further, retire it"):
        rollback("worse", root=moving)
    assert aliases(moving)["champion"] == 2
    assert rollback("worse", force=True, root=moving).overrode == ("does not load: no files",)


def test_the_history_tells_who_when_from_to_and_why(moving, client, rule):
    """All moves in order, in tags of the model, with figures and reasons."""
    promote(2, "sounds better", "ada@desk", root=moving, rule=rule, figures={"gain": 0.01})
    rollback("worse by ear", "bob@shop", root=moving)
    retire(2, "worse by ear", "bob@shop", root=moving)
    moves = history(root=moving)
    assert [(e.what, e.before, e.after, e.by, e.why) for e in moves] == [
        ("promote", 1, 2, "ada@desk", "sounds better"),
        ("rollback", 2, 1, "bob@shop", "worse by ear"),
        ("retire", 2, None, "bob@shop", "worse by ear"),
    ]
    assert moves[0].figures["gain"] == 0.01
    assert [e.at for e in moves] == sorted(e.at for e in moves)
    tags = client.get_registered_model("kantor-bach").tags
    assert json.loads(tags[moves[0].tag])["why"] == "sounds better"


def test_a_move_that_fails_leaves_nothing_behind(moving, rule, monkeypatch):
    """If the switch itself fails, `previous` and history are as before."""
    from mlflow import MlflowClient

    promote(2, "try it", root=moving, rule=rule)
    before = (aliases(moving), history(root=moving))
    real = MlflowClient.set_registered_model_alias

    def fail(self, name, alias, version):
        if alias == "champion":
            raise OSError("disk full")
        real(self, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", fail)
    with pytest.raises(SetupError, match="disk full"):
        promote(3, "next", root=moving, rule=rule)
    assert (aliases(moving), history(root=moving)) == before
