"""The editor in the page: CodeMirror as a Streamlit component, which a page loads once for all its editors.

What it sends is a draft of an exercise; `app.learner` puts that into the learner's file.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from course_utils.learner.editing import Draft


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


# The editors wait for one another's script: only the first of these is long, and a page holds it once.
_WAIT = """
const library = (globalThis.glassboxEditor ??= {});
library.ready ??= new Promise((resolve) => (library.arrived = resolve));
"""
_library = st.components.v2.component(
    "glassbox.codemirror",
    css=_read("editor.css"),
    js=f"{_read('codemirror.min.js')}\n{_read('editor.js')}\n{_WAIT}\n"
    "export default function () { library.arrived(mount); }",
    isolate_styles=False,
)
_editor = st.components.v2.component(
    "glassbox.editor",
    js=f"{_WAIT}\nexport default (component) => library.ready.then((mount) => mount(component));",
    isolate_styles=False,
)


def load_editors() -> None:
    """Give the page what its editors share. Draw it once on each page that has, or may come to have, any."""
    with st.container(key="editor-support"):
        _library(key="codemirror")


def draw_editor(
    key: str, draft: Draft, told: dict[str, Any], on_draft: Callable[[], None], on_run: Callable[[], None]
) -> None:
    """Draw one editor over the exercise as the file holds it.

    told: what else the script wants to know: see editor.js. on_draft: the editor has a text for the file, or takes it
    back: `sent_draft`. on_run: the checks were asked for with the keyboard.
    """
    data = {"text": draft.text, "digest": draft.digest, "line": draft.first_line, **told}
    _editor(key=key, data=data, on_draft_change=on_draft, on_run_change=on_run)


def sent_draft(key: str) -> dict[str, Any] | None:
    """The draft that the editor with this key sent last: see editor.js; None where there is none."""
    sent = (st.session_state.get(key) or {}).get("draft")
    kinds = {"number": int, "text": str, "digest": str, "after": list}
    if isinstance(sent, dict) and all(isinstance(sent.get(name), kind) for name, kind in kinds.items()):
        return sent
    return None
