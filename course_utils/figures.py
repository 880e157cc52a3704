"""Figures and measured numbers of the chapters, in one house style.

`show` and `record` are what a chapter calls. While `course build --execute` runs a chapter, it sets GLASSBOX_FIGURES to
a folder, and both also write there: one `<slug>.json` a figure, and one `numbers.json` that fills the placeholders in
the prose.
"""

import base64
import json
import math
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import torch

FOLDER_VARIABLE = "GLASSBOX_FIGURES"
DIGITS = 4  # significant digits kept in the files: enough to read, few enough to stay the same from run to run

# Okabe and Ito's palette (2008), which readers with any kind of colour vision can tell apart; the yellow is left out.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("dash", "dot", "dashdot", "longdash")
_AXIS = {"showgrid": True, "gridcolor": "#e6e6e6", "linecolor": "#888888", "ticks": "outside", "zeroline": False}
TEMPLATE = go.layout.Template(
    layout={
        "colorway": COLOURS,
        "font": {"family": "system-ui, sans-serif", "size": 14, "color": "#222222"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "margin": {"l": 70, "r": 30, "t": 60, "b": 60},
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "legend": {"bgcolor": "rgba(255,255,255,0.8)"},
    }
)

Numbers = Sequence[float] | np.ndarray | torch.Tensor


def house(fig: go.Figure, *, title: str, x: str, y: str) -> go.Figure:
    """Give any plotly figure the course's look; `x` and `y` say what the axes hold, with the unit. Returns `fig`."""
    return fig.update_layout(template=TEMPLATE, title={"text": title}, xaxis_title=x, yaxis_title=y, height=420)


def heatmap(
    values: Sequence[Sequence[float]] | np.ndarray | torch.Tensor,
    *,
    x: str,
    y: str,
    title: str,
    diverging: bool = False,
    columns: Sequence[str] | None = None,
    rows: Sequence[str] | None = None,
) -> go.Figure:
    """A matrix as colours, first row on top.

    `columns` and `rows` name the ticks (they may repeat, as tokens do). `diverging` is for differences and other signed
    values: the scale is centred on zero, which is white.
    """
    grid = _as_list(values)
    cells = [value for row in grid for value in row if math.isfinite(value)]
    bound = max((abs(value) for value in cells), default=1.0) or 1.0
    scale = {"colorscale": "RdBu_r", "zmin": -bound, "zmax": bound} if diverging else {"colorscale": "Viridis"}
    fig = house(go.Figure(go.Heatmap(z=grid, **scale)), title=title, x=x, y=y)
    fig.update_xaxes(showgrid=False)
    fig.update_yaxes(showgrid=False, autorange="reversed")
    for axis, names in (("xaxis", columns), ("yaxis", rows)):
        if names is not None:
            fig.layout[axis].update(tickmode="array", tickvals=list(range(len(names))), ticktext=list(names))
    return fig


def lines(
    series: Mapping[str, Numbers],
    *,
    x: str,
    y: str,
    title: str,
    x_values: Numbers | None = None,
    references: Mapping[str, float] | None = None,
) -> go.Figure:
    """One line for each named series, over `x_values` (default: 0, 1, 2, …); `references` are dashed, right across."""
    fig = house(go.Figure(), title=title, x=x, y=y)
    for name, values in series.items():
        heights = _as_list(values)
        places = list(range(len(heights))) if x_values is None else _as_list(x_values)
        fig.add_scatter(x=places, y=heights, name=name, mode="lines", showlegend=len(series) > 1)
    for i, (name, height) in enumerate((references or {}).items()):
        line = {"dash": DASHES[i % len(DASHES)], "color": "#555555", "width": 1.5}
        fig.add_hline(y=height, line=line, annotation_text=name, annotation_position="top right")
    return fig


def show(fig: go.Figure, slug: str) -> None:
    """Display the figure where there is a notebook to display it in; in a plain script, nothing pops up.

    `slug` names the figure: lower-case words joined by hyphens, unique in its chapter.
    Raises ValueError for any other slug, since the site finds the figure's file by it.
    """
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug):
        raise ValueError(f"{slug!r} can't name a figure: use lower-case words joined by hyphens, as in 'loss-curve'.")
    if folder := _folder():
        _write(folder / f"{slug}.json", _plain(fig.to_plotly_json()))
    if _in_notebook():
        fig.show()


def record(**numbers: float | torch.Tensor) -> None:
    """Keep measured numbers for the prose: `record(final_loss=2.1)` fills `final_loss` wherever the text asks for it.

    Raises ValueError for a number that is not finite: no sentence should be built around it.
    """
    plain = {name: _plain(value) for name, value in numbers.items()}
    for name, value in plain.items():
        if not isinstance(value, int | float):
            raise ValueError(f"record({name}=…) takes one finite number, not {numbers[name]!r}.")
    if folder := _folder():
        path = folder / "numbers.json"
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        _write(path, kept | plain)


def _folder() -> Path | None:
    told = os.environ.get(FOLDER_VARIABLE)
    return Path(told) if told else None


def _in_notebook() -> bool:
    """Whether a Jupyter kernel runs this code; IPython in a terminal is none, and plotly would open a browser there."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _write(path: Path, data: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _as_list(values: Any) -> list[Any]:
    """Nested lists of Python numbers, whatever array type came in."""
    if isinstance(values, torch.Tensor):
        return values.detach().cpu().tolist()
    return np.asarray(values).tolist()


def _plain(value: Any) -> Any:
    """What JSON can hold: arrays as lists, floats at DIGITS significant digits, nan and infinity as null."""
    if isinstance(value, Mapping):
        if "bdata" in value:  # how plotly packs a numpy array
            array = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
            shape = [int(size) for size in str(value.get("shape", array.size)).split(",")]
            return _plain(array.reshape(shape))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, torch.Tensor):
        return _plain(value.detach().cpu().tolist())
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    return value
