"""CircuitsVis in a frame: attention patterns drawn from its bundle in the installed package, with no network.

The package itself is never imported: it would load all of its own dependencies, and looks for a network when it draws.
"""

import importlib.util
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v1 import declare_component

from course_utils.explore.prompt import Prompt

_HERE = Path(__file__).parent / "attention_view"
_DIGITS = 3


def _bundle() -> Path | None:
    """The folder of CircuitsVis's script; None where the package isn't installed."""
    found = importlib.util.find_spec("circuitsvis")  # of a top-level package: this imports nothing
    folder = Path(found.origin).parent / "dist" / "cdn" if found and found.origin else None
    return folder if folder and (folder / "iife.js").is_file() else None


_FOLDER = _bundle()
_SCRIPT = declare_component("circuitsvis", path=str(_FOLDER)) if _FOLDER else None  # serves the file, draws nothing
_FRAME = declare_component("attention", path=str(_HERE))


def is_here() -> bool:
    """Whether CircuitsVis is installed."""
    return _SCRIPT is not None


def draw_attention(patterns: Any, prompt: Prompt, names: list[str], chosen: int, key: str, on_change: Any) -> None:
    """Every head's pattern `[head query key]` small, and the chosen one's large.

    A click on a head leaves its number under `key` in the session and calls `on_change`.
    """
    if _SCRIPT is None:
        return
    _FRAME(
        attention=[[[round(value, _DIGITS) for value in row] for row in head] for head in patterns.tolist()],
        tokens=prompt.labels,
        names=names,
        chosen=chosen,
        dark=st.context.theme.type == "dark",
        bundle=f"../{_SCRIPT.name}/iife.js",
        key=key,
        default=chosen,
        on_change=on_change,
    )
