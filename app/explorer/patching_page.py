"""Explorer: activation patching between two prompts, as a map."""

import streamlit as st

from app.explorer import bar, tables
from app.explorer.links import PATCHING, draw_links
from app.explorer.models import opened, stamp_of
from app.explorer.view import View, change
from app.pages import Site
from app.words import no_exception_page, plain
from course_utils.explore import patching
from course_utils.explore.patching import PatchMap, Places
from course_utils.explore.prompt import Prompt
from course_utils.explore.question import Question, ask
from course_utils.explore.snippet import loading

_ABOUT = """
The specimen runs on the **second prompt**, and one place at a time is given what it held on the **first**. Where the
lead of the right word comes back, that place carries what the two prompts differ in. 0 is the second prompt as it is,
1 the first.
"""
_SMALL = 1.0  # logits between the two leads, below which noise makes large shares
_NAMES = {
    Places.STREAM: "residual stream before a layer",
    Places.ATTENTION: "what attention writes",
    Places.MLPS: "what MLPs write",
    Places.HEADS: "heads",
}


def draw(site: Site) -> None:
    """Draw the page."""
    view = bar.draw_head(site, "patching", _ABOUT, ("other", "answer"))
    st.button("Exchange the two prompts", icon=":material/swap_vert:", on_click=_exchange, args=(view,))
    with no_exception_page():
        with opened(*view.model) as model:
            source = bar.read_named(model, view["prompt"], "Prompt")
            base = bar.read_named(model, view["other"], "Second prompt")
            patching.check_pair(source, base)
            question = ask(model, source, view["answer"], view["rival"])
            kinds = [kind for kind in Places if kind is not Places.MLPS or not model.cfg.attn_only]
        by_name = {kind.name.lower(): kind for kind in kinds}
        chosen = by_name.get(view["map"], Places.STREAM)
        view.row("map", "What is patched", list(by_name), chosen.name.lower(), format_func=lambda n: _NAMES[by_name[n]])
        found, program = _patched(view.model, stamp_of(*view.model), base, source, question, chosen)
        _draw_leads(found, question)
        _draw_map(found, base, source, chosen)
        bar.draw_code("patching", program)
        draw_links(site, PATCHING)


def _exchange(view: View) -> None:
    change(prompt=view["other"], other=view["prompt"])


@st.cache_data(max_entries=64, show_spinner="Patching …")
def _patched(
    named: tuple[str, int | None],
    stamped: tuple[tuple[int, int], ...],
    base: Prompt,
    source: Prompt,
    question: Question,
    places: Places,
) -> tuple[PatchMap, str]:
    """The map and its program; kept, since it takes a pass for each entry."""
    with opened(*named) as model:
        found = patching.patch_map(model, base, source, question, places)
        return found, patching.code(loading(*named), model, base, source, question, places)


def _draw_leads(found: PatchMap, question: Question) -> None:
    right, wrong = plain(question.answer.label), plain(question.rival.label)
    st.markdown(
        f"The lead of “{right}” over “{wrong}” after the last token: **{tables.number(found.source)}** on the first "
        f"prompt, **{tables.number(found.base)}** on the second."
    )


def _draw_map(found: PatchMap, base: Prompt, source: Prompt, places: Places) -> None:
    recovered = found.recovered
    if recovered is None:
        st.info("The two prompts have nearly the same lead, so the map shows the patched lead itself, in logits.")
    elif found.source * found.base > 0 or abs(found.source - found.base) < _SMALL:
        st.warning(
            "The shares mean little here: they are read best where the lead is well above 0 on one prompt and below 0 "
            "on the other.",
            icon=":material/warning:",
        )
    values = found.leads if recovered is None else recovered
    measured = "lead in logits" if recovered is None else "share of the lead that comes back"
    by_layer = [f"layer {layer}" for layer in range(len(values))]
    if places is Places.HEADS:
        rows, columns, grid = by_layer, [f"head {head}" for head in range(values.shape[1])], values.tolist()
    else:  # a row a token, so that a long prompt needs no scrolling sideways
        rows, columns, grid = _pairs(base, source), by_layer, values.T.tolist()
    tables.draw_heat(
        tables.signed(grid, largest=None if recovered is None else 1.0),
        rows=rows,
        columns=columns,
        tokens=places is not Places.HEADS,
        caption=f"Patched: {_NAMES[places]}; {measured}",
    )


def _pairs(base: Prompt, source: Prompt) -> list[str]:
    """The name of each position; where the prompts differ, the second's token and then the first's."""
    return [
        f"{i} · {mine.label}" if mine.id == theirs.id else f"{i} · {mine.label} ← {theirs.label}"
        for i, (mine, theirs) in enumerate(zip(base.tokens, source.tokens, strict=True))
    ]
