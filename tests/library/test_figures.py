"""Figures look alike, and their files are small and the same each time."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest
import torch

from course_utils import figures
from course_utils.figures import heatmap, house, lines, record, show


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(figures.FOLDER_VARIABLE, str(tmp_path / "figures"))
    return tmp_path / "figures"


def test_axes_and_title_are_named():
    fig = house(go.Figure(), title="Loss", x="step", y="loss (nats)")
    assert (fig.layout.title.text, fig.layout.xaxis.title.text, fig.layout.yaxis.title.text) == (
        "Loss",
        "step",
        "loss (nats)",
    )


def test_a_difference_is_centred_on_zero():
    fig = heatmap(torch.tensor([[-1.0, 0.5, 0.0], [0.0, 0.25, 3.0]]), x="key", y="query", title="t", diverging=True)
    assert (fig.data[0].zmin, fig.data[0].zmax) == (-3.0, 3.0)
    assert heatmap(torch.zeros(2, 3), x="key", y="query", title="t", diverging=True).data[0].zmax > 0


def test_ticks_may_repeat_as_tokens_do():
    fig = heatmap([[1.0, 0.0], [0.5, 0.5]], x="key", y="query", title="t", columns=["the", "the"], rows=["a", "b"])
    assert fig.layout.xaxis.ticktext == ("the", "the") and fig.layout.yaxis.autorange == "reversed"


def test_lines_carry_their_names_and_references():
    fig = lines(
        {"yours": [3.0, 2.0], "ours": torch.tensor([3.0, 1.0])},
        x="step",
        y="loss",
        title="t",
        references={"floor": 1.0},
    )
    assert [trace.name for trace in fig.data] == ["yours", "ours"] and fig.layout.shapes[0].y0 == 1.0
    assert fig.data[1].x == (0, 1)


def test_files_are_plain_rounded_and_the_same_each_time(folder):
    fig = lines({"a": np.array([1 / 3, float("nan")])}, x="step", y="loss", title="t")
    fig.add_scatter(x=np.arange(2), y=torch.tensor([0.1234567, 2.0]).numpy())
    show(fig, "loss-curve")
    first = (folder / "loss-curve.json").read_bytes()
    show(fig, "loss-curve")
    assert (folder / "loss-curve.json").read_bytes() == first and len(first) < 5000
    data = json.loads(first)["data"]
    assert data[0]["y"] == [0.3333, None] and data[1]["y"] == [0.1235, 2.0] and data[1]["x"] == [0, 1]
    show(go.Figure(go.Heatmap(z=np.arange(6.0).reshape(2, 3))), "grid")
    assert json.loads((folder / "grid.json").read_text())["data"][0]["z"] == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert go.Figure(json.loads(first)).layout.title.text == "t"


def test_numbers_are_merged_and_sorted(folder):
    record(loss=1.23456, parameters=123456)
    record(accuracy=torch.tensor(0.98768), loss=2.0)
    text = (folder / "numbers.json").read_text()
    assert json.loads(text) == {"accuracy": 0.9877, "loss": 2.0, "parameters": 123456}
    assert text.index("accuracy") < text.index("loss") < text.index("parameters")


@pytest.mark.parametrize("value", [float("nan"), torch.zeros(2), "many", None])
def test_only_one_finite_number_is_recorded(value):
    with pytest.raises(ValueError, match=r"record\(loss=…\)"):
        record(loss=value)


def test_a_slug_must_name_a_file():
    with pytest.raises(ValueError, match="loss-curve"):
        show(go.Figure(), "Loss curve")


def test_nothing_pops_up_in_a_script(monkeypatch):
    monkeypatch.delenv(figures.FOLDER_VARIABLE, raising=False)
    monkeypatch.setattr(go.Figure, "show", lambda *args, **kwargs: pytest.fail("a window would open"))
    show(go.Figure(), "quiet")
    record(loss=1.0)
