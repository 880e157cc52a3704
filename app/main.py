"""The course site: `course site`, or `streamlit run app/main.py`. What it draws is in app/site.py."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent)
if _ROOT not in sys.path:  # Streamlit puts this file's folder on the path, not the one above it
    sys.path.insert(0, _ROOT)

from app.words import no_exception_page  # noqa: E402

with no_exception_page():
    from app.site import draw_site  # here, so that a package which is missing is told in a sentence as well

    draw_site()
