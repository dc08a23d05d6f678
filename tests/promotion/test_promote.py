"""Moving the champion, one move at a time: where the aliases stand afterwards, what is recorded."""

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from tests.registries import RULE, aliases

from kantor.errors import InputError, ModelError, SetupError
from kantor.locks import STATE, held
from kantor.promotion import gate
from kantor.promotion.champion_history import history
from kantor.promotion.gate import Refused
from kantor.promotion.promote import LOCK, audit, promote, retire, rollback
from kantor.registry import load_model, versions
from kantor.settings import Promote


def moves(root):
    return [(move.what, move.before, move.after) for move in history(root)]


def by_page(client, version):
    """As MLflow's page does it."""
    client.set_registered_model_alias("kantor-bach", "champion", str(version))


def test_promoting_moves_champion_and_keeps_previous(moving, client):
    """A tag says who, from where, to where, why; by default the one who runs this."""
    event = promote(2, "sounds better", "ada@desk", root=moving)
    assert aliases(moving) == {"champion": 2, "previous": 1, "challenger": 3}
    assert (event.what, event.before, event.after, event.by) == ("promote", 1, 2, "ada@desk")
    assert event.figures["overlap"] == pytest.approx(0.91)
    tags = client.get_registered_model("kantor-bach").tags
    assert json.loads(tags[event.tag])["why"] == "sounds better"
    assert load_model(root=moving).source == "kantor-bach version 2"
    event = promote("challenger", "newest", root=moving)
    assert event.after == 3
    assert re.fullmatch(r".+@.+", event.by)


def test_rollbacks_lead_further_back(moving):
    """Never to one that was rolled back from; no move without a reason, nor to where it stands."""
    with pytest.raises(InputError, match=r"no earlier champion is left.*kantor models promote"):
        rollback("no", root=moving)
    with pytest.raises(InputError, match="say why"):
        promote(2, " \n", root=moving)
    with pytest.raises(InputError, match="is the champion already"):
        promote(1, "yes", root=moving)
    with pytest.raises(Refused, match="it is the champion"):
        retire(1, "no", root=moving)
    assert aliases(moving) == {"champion": 1, "challenger": 3}
    promote(2, "try it", root=moving)
    promote(3, "try it", root=moving)
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


def test_retiring_takes_the_aliases_and_keeps_the_version(moving):
    """It loads by number, is promoted by force alone, and a rollback passes over it."""
    retire("challenger", "hums", root=moving)
    assert aliases(moving) == {"champion": 1}
    assert load_model("models:/kantor-bach/3", root=moving)
    with pytest.raises(Refused, match="retired"):
        promote(3, "after all", root=moving)
    with pytest.raises(InputError, match="retired already"):
        retire(3, "again", root=moving)
    (event,) = history(moving)
    assert (event.what, event.before, event.after, event.why) == ("retire", 3, None, "hums")
    promote(2, "try it", root=moving)
    promote(3, "after all", force=True, root=moving)
    assert not any("retired" in row["tags"] for row in versions(root=moving))
    retire(2, "hums", root=moving)
    assert aliases(moving) == {"champion": 3, "previous": 1}
    assert "skipped 2 (retired on 2" in rollback("worse", root=moving).line


def test_what_was_compared_with_another_champion_is_not_promoted(moving, client):
    """A person may take a day to approve; a champion made meanwhile is not put aside unseen."""
    by_page(client, 3)
    compared = SimpleNamespace(champion=1, rule=Promote(**RULE), worse=(), figures={"gain": 0.01})
    with pytest.raises(Refused, match="compared with version 1, but version 3 is champion by now"):
        promote(2, "better", root=moving, comparison=compared)
    assert aliases(moving)["champion"] == 3
    compared.champion = 3
    event = promote(2, "better", root=moving, comparison=compared)
    assert (event.before, event.figures["gain"]) == (3, 0.01)


def test_what_does_not_load_is_refused(moving, monkeypatch):
    """Neither a promotion nor a rollback leads to what could not compose, unless forced."""
    promote(2, "try it", root=moving)
    monkeypatch.setattr(gate, "load_model", Mock(side_effect=ModelError("no files")))
    with pytest.raises(Refused, match=r"does not load: no files$"):
        promote(3, "try it", root=moving)
    with pytest.raises(Refused, match="does not load: no files; to go back further, retire it"):
        rollback("worse", root=moving)
    assert aliases(moving)["champion"] == 2
    assert rollback("worse", force=True, root=moving).overrode == ("does not load: no files",)


def test_a_move_that_fails_leaves_nothing_behind(moving, monkeypatch):
    """If the switch itself fails, `previous` and history are as before."""
    from mlflow import MlflowClient

    promote(2, "try it", root=moving)
    before = (aliases(moving), history(moving))
    real = MlflowClient.set_registered_model_alias

    def fail(self, name, alias, version):
        if alias == "champion":
            raise OSError("disk full")
        real(self, name, alias, version)

    monkeypatch.setattr(MlflowClient, "set_registered_model_alias", fail)
    with pytest.raises(SetupError, match="disk full"):
        promote(3, "next", root=moving)
    assert (aliases(moving), history(moving)) == before


def test_each_move_in_the_page_is_recorded_once(moving, client):
    """From where, to where, and by MLflow's page; a rollback leads to the version it left."""
    assert audit(moving) is None
    by_page(client, 3)
    assert [move.by for move in history(moving)] == ["unknown"]
    event = audit(moving)
    assert audit(moving) is None
    assert (event.before, event.after, event.by) == (1, 3, "MLflow's page")
    assert event.figures["overlap"] == pytest.approx(0.92)
    assert history(moving) == [event]
    by_page(client, 2)
    assert rollback("worse", root=moving).after == 3
    assert moves(moving) == [("elsewhere", 1, 3), ("elsewhere", 3, 2), ("rollback", 2, 3)]
    assert aliases(moving) == {"champion": 3, "previous": 1, "challenger": 3}


def test_a_move_waits_for_the_one_under_way(moving, client, monkeypatch):
    """And begins where that one ended, or gives up with one line that names who holds it up."""
    with ThreadPoolExecutor() as pool, held(moving / STATE / LOCK):
        with monkeypatch.context() as patch:
            patch.setattr("kantor.promotion.promote.PATIENCE", 0.0)
            with pytest.raises(SetupError, match=r"cannot be moved now: .*held by process"):
                promote(2, "now", root=moving)
        assert aliases(moving)["champion"] == 1
        waiting = pool.submit(promote, 2, "later", root=moving)
        time.sleep(0.5)
        by_page(client, 3)
    assert (waiting.result().before, waiting.result().after) == (3, 2)


def test_a_move_of_another_machine_meanwhile_is_not_overwritten(moving, client, monkeypatch):
    """No lock reaches there: just before the switch the champion is looked at again."""
    monkeypatch.setattr(gate, "reasons_against", lambda *_: by_page(client, 3) or [])
    with pytest.raises(SetupError, match="version 3 was made champion meanwhile"):
        promote(2, "try it", root=moving)
    assert aliases(moving) == {"champion": 3, "challenger": 3}
    assert moves(moving) == [("elsewhere", 1, 3)]
