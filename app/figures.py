"""The figures that the build computed, drawn in the colours of the reader's theme."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app.links import address_of_specimen, link
from app.sections import Code, stamp
from app.words import plain
from course_utils.catalog import Chapter

# The house style draws dark on white; these are the same roles on a dark page. Data keep their colours.
_CLEAR = "rgba(0,0,0,0)"
_NIGHT = {
    "white": _CLEAR,
    "#222222": "#dfe3e8",
    "#555555": "#a9b0ba",
    "#888888": "#7d8590",
    "#e6e6e6": "#343a44",
    "#000000": "#f0f0f0",
    "#0072B2": "#3d9ad6",
    "rgba(255,255,255,0.8)": "rgba(21,24,29,0.8)",
}
_MARGIN = {"t": 30, "r": 25}  # the title stands above, as text that wraps
_LEGEND = {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom"}  # beside the plot it would take a phone's width
_CONFIG = {"displayModeBar": False, "scrollZoom": False, "responsive": True}
_NO_DATA = [{"type": "scatter"}]  # of a drawing made of shapes and words alone, which Streamlit refuses


def draw_figure(chapter: Chapter, slug: str) -> None:
    """Draw one figure of a chapter, or say how to compute it when it isn't there."""
    path = chapter.figures / f"{slug}.json"
    figure = _read(str(path), stamp(path))
    if figure is None:
        st.caption(f"The figure “{slug}” has not been computed yet: `course build --execute` does it.")
        return
    layout = _repainted(figure.get("layout", {}), _NIGHT if st.context.theme.type == "dark" else {"white": _CLEAR})
    title = layout.pop("title", {}).get("text", slug)
    st.markdown(f"**Figure: {plain(title)}**")
    drawn = {**figure, "data": figure.get("data") or _NO_DATA, "layout": _fitted(layout)}
    st.plotly_chart(drawn, theme=None, config=_CONFIG, key=f"figure-{slug}", alt=title)


def sources_line(done: str, code: Code) -> str:
    """What made a result, as HTML: "Computed by the code above …", with the specimens that the code works on."""
    above = f'<a href="#code-{code.key}" data-inside="code">the code above</a>'
    models = " and ".join(link(address_of_specimen(name), name) for name in code.specimens)
    on = f", on the specimen{'s' if len(code.specimens) > 1 else ''} {models}" if models else ""
    return f'<p class="gb-source">{done} by {above} when the course was built{on}.</p>'


def _fitted(layout: dict[str, Any]) -> dict[str, Any]:
    """The layout with room for its labels at any width, and no dragging: on a phone, a finger means to scroll."""
    axes = {name: {"automargin": True, **layout.get(name, {})} for name in ("xaxis", "yaxis")}
    margin = _MARGIN | layout.get("margin", {})
    return {"legend": _LEGEND, **layout, **axes, "margin": margin, "dragmode": False}


@st.cache_data(max_entries=128, show_spinner=False)
def _read(path: str, stamped: tuple[tuple[int, int], ...]) -> dict[str, Any] | None:
    try:
        figure = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return figure if isinstance(figure, dict) else None


def _repainted(value: Any, colours: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _repainted(item, colours) for key, item in value.items()}
    if isinstance(value, list):
        return [_repainted(item, colours) for item in value]
    return colours.get(value, value) if isinstance(value, str) else value
