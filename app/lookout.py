"""A look, every two seconds, at the files that an editor or a terminal may have changed."""

from collections.abc import Callable

import streamlit as st

# Streamlit has a timer of its own (`run_every`). It asks at any moment, and when a request comes in just as another run
# ends, the server may drop what that run had still to say: then the page isn't what the server takes it for. So this
# one asks only when the page is seen and has been at rest for a moment.
_EVERY, _REST = 2000, 400  # milliseconds
_SCRIPT = f"""
const busy = () => !document.querySelector("[data-testid='stApp'][data-test-script-state='notRunning']");
const rest = (globalThis.glassboxRest ??= (() => {{
  const stirred = {{ at: 0 }};
  const note = () => {{ stirred.at = Date.now(); }};
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, note, true);
  new MutationObserver(note).observe(
    document.body, {{ subtree: true, attributes: true, attributeFilter: ["data-test-script-state"] }});
  return stirred;
}})());

export default function ({{ setTriggerValue }}) {{
  const look = () => {{
    clearTimeout(timer);
    if (document.hidden || busy() || Date.now() - rest.at < {_REST}) timer = setTimeout(look, {_REST});
    else {{
      setTriggerValue("look", Date.now());
      timer = setTimeout(look, {_EVERY});
    }}
  }};
  let timer = setTimeout(look, {_EVERY});
  document.addEventListener("visibilitychange", look);
  return () => {{
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  }};
}}
"""
_timer = st.components.v2.component("glassbox.lookout", js=_SCRIPT, isolate_styles=False)


@st.fragment
def look_out(changed: Callable[[], bool]) -> None:
    """Draw the page anew when something changed, else nothing. Draw it once on a page."""
    with st.container(key="look-out"):  # by which style.css takes it out of the page's flow
        _timer(key="lookout", on_look_change=_nothing)
    if changed():
        st.rerun()


def _nothing() -> None:
    """What is to be done comes after this."""
