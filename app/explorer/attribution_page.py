"""Explorer: which parts of a specimen raise the right word over the wrong one."""

import streamlit as st

from app.explorer import bar, tables
from app.explorer.links import ATTRIBUTION, draw_links
from app.explorer.models import opened
from app.explorer.tables import Cell
from app.pages import Site
from app.words import no_exception_page, plain
from course_utils.explore import attribution
from course_utils.explore.attribution import Attribution
from course_utils.explore.question import ask
from course_utils.explore.snippet import loading

_ABOUT = """
The **lead** is the right word's logit minus the wrong word's, after a token of the prompt. It is a sum with a term for
each part that wrote into the residual stream there. Blue parts speak for the right word, orange ones for the wrong one.
"""


def draw(site: Site) -> None:
    """Draw the page."""
    view = bar.draw_head(site, "attribution", _ABOUT, ("answer",))
    with no_exception_page():
        with opened(*view.model) as model:
            prompt = bar.read_named(model, view["prompt"], "Prompt")
            position = view.number("position", len(prompt), usual=len(prompt) - 1)
            question = ask(model, prompt, view["answer"], view["rival"], position)
            found = attribution.attribute(model, prompt, question)
            program = attribution.code(loading(*view.model), model, prompt, question)
        bar.choose_position(view, prompt, position)
        right, wrong = plain(question.answer.label), plain(question.rival.label)
        st.metric("Lead", f"{tables.number(found.lead)} logits", border=False)
        st.markdown(f"“{right}” over “{wrong}”, after {plain(tables.positions(prompt)[position])}.")
        _draw_parts(found)
        _draw_sum(found)
        bar.draw_code("attribution", program)
        draw_links(site, ATTRIBUTION)


def _draw_parts(found: Attribution) -> None:
    n_layers, n_heads = found.heads.shape
    mlps = [[value] for value in found.mlps.tolist()] or [[]] * n_layers
    rows = [[*heads, *mlp] for heads, mlp in zip(found.heads.tolist(), mlps, strict=True)]
    tables.draw_heat(
        tables.signed(rows),
        rows=[f"layer {layer}" for layer in range(n_layers)],
        columns=[*(f"head {head}" for head in range(n_heads)), *(["MLP"] if len(found.mlps) else [])],
        caption="What each head and MLP adds to the lead (logits)",
    )


def _draw_sum(found: Attribution) -> None:
    """The whole account, so that one sees that it adds up."""
    heads, mlps = float(found.heads.sum()), float(found.mlps.sum())
    terms = {"all heads": heads} | ({"all MLPs": mlps} if len(found.mlps) else {})
    terms |= {
        "embeddings of token and position": found.embeddings,
        "biases of attention": found.biases,
        "bias of the unembedding": found.unembedding,
        "sum of all parts": found.total,
        "the model's own lead": found.lead,
    }
    cells = [[Cell(tables.number(value, 4))] for value in terms.values()]
    cells.append([Cell(f"{found.remainder:.0e}".replace("-", "−"))])
    tables.draw_heat(
        cells,
        rows=[*terms, "remainder (rounding)"],
        columns=["logits"],
        corner="part",
        caption="The account: the parts sum to the lead",
    )
