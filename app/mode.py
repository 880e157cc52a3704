"""Which of its two modes the site is in: on one's own machine, or open to visitors."""

import streamlit as st

from course_utils.learner.public import is_loopback, told_public

_BY_A_PROXY = ("X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Forwarded", "Via")


def is_public() -> bool:
    """Whether a stranger may be looking: then nobody's code runs, and no file of the server is written.

    `GLASSBOX_PUBLIC` decides where it is set. Where it isn't, the site is one's own only if it listens on this machine
    alone and the browser called it by this machine's own name, without a proxy: so nobody opens it to others by
    accident, nor does a web page whose name was made to point here. Without a browser (a test) it is one's own.
    """
    told = told_public()
    if told is not None:
        return told
    return bool(st.context.headers) and not (_listens_here_only() and _called_from_here())


def called_from_elsewhere() -> bool:
    """Whether a site that someone started for themselves is public only because of the way in which it was called."""
    return told_public() is None and bool(st.context.headers) and _listens_here_only() and not _called_from_here()


def _listens_here_only() -> bool:
    return is_loopback(st.get_option("server.address") or "")


def _called_from_here() -> bool:
    headers = st.context.headers
    return is_loopback(headers.get("Host") or "") and not any(name in headers for name in _BY_A_PROXY)
