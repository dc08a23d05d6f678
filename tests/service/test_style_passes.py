"""A pass through a style's pipeline runs that style's stages and no other's."""

import yaml

from kantor import styles
from kantor.service import pipeline


def test_styles_are_apart(tmp_path, monkeypatch):
    """Each has its own stages and pin; what changed for one is told of that one alone."""
    monkeypatch.setattr(pipeline, "check_stages", lambda root: None)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    stage = {
        "matrix": {"style": ["choir", "band"]},
        "wdir": "${item.style}",
        "cmd": "cp data made",
        "deps": ["data"],
        "outs": ["made"],
    }
    for name in ("choir", "band"):
        (tmp_path / "styles" / name).mkdir(parents=True)
        (tmp_path / "styles" / name / "data").write_text(name)
    (tmp_path / "styles/dvc.yaml").write_text(yaml.safe_dump({"stages": {"register": stage}}))
    (tmp_path / "dvc.yaml").write_text("stages: {own: {cmd: touch own, outs: [own]}}")
    choir, band = (tmp_path / "styles" / name for name in ("choir", "band"))
    assert pipeline.reproduce(choir, print) == ["register"]
    assert (choir / "made").read_text() == "choir"
    assert not (band / "made").exists()
    assert not (tmp_path / "own").exists()
    assert pipeline.changed(choir) == []
    assert [line.split(":")[0] for line in pipeline.changed(band)] == ["register@band"]
    assert pipeline.reproduce(choir, print) == []
    assert pipeline.reproduce(tmp_path, print) == ["own"]
    assert pipeline.changed(tmp_path) == []


def test_a_style_that_is_none(tmp_path, monkeypatch, capsys):
    """One line names those that there are; nothing is run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "styles").mkdir()
    (tmp_path / "styles/choir.yaml").write_text("{}")
    assert styles.names(tmp_path) == ["choir"]
    assert pipeline.main(["--style", "chor"]) == 1
    told = "no style 'chor'; there are choir; choir may be meant\n"
    assert capsys.readouterr().err == told
