"""Explorer: one prompt, its tokens, what the specimen expects next, where its heads look, and the logit lens."""

from dataclasses import dataclass

import streamlit as st
from jaxtyping import Float
from torch import Tensor

from app.explorer import attention_frame, bar, tables
from app.explorer.examples import example_of, first_look, told_looks
from app.explorer.links import ATTENTION, LENS, NEXT, draw_links
from app.explorer.models import opened, stamp_of
from app.explorer.view import View, change
from app.pages import Site
from app.words import no_exception_page, plain
from course_utils.explore import attention, lens, predictions
from course_utils.explore.prompt import Prompt, words_of
from course_utils.explore.snippet import loading

_ABOUT = """
Type a prompt and see how a specimen reads it: the tokens it is cut into, the tokens that may come next, where each
attention head looks, and how the guess takes shape from layer to layer.
"""
_SHOWN = 8
_CLICKED = "explorer.attention"
_TAKEN = "explorer.view.clicked"


@dataclass(frozen=True)
class _Seen:
    """All that the page shows, computed in one go while the model is ours."""

    prompt: Prompt
    position: int
    layer: int
    layers: int
    guesses: list[predictions.Guess]
    patterns: Float[Tensor, "head query key"]
    lens: lens.Lens
    words: list[str]


def draw(site: Site) -> None:
    """Draw the page."""
    view = bar.draw_head(site, "prompt", _ABOUT)
    with no_exception_page():
        seen = _compute(view)
        program = loading(*view.model)
        _draw_tokens(seen)
        _draw_guesses(site, view, seen, program)
        _draw_attention(site, view, seen, program)
        _draw_lens(site, seen, program)


def _compute(view: View) -> _Seen:
    words = _words(view["specimen"], stamp_of(view["specimen"], None))  # before the model is ours, as it takes it too
    with opened(*view.model) as model:
        prompt = bar.read_named(model, view["prompt"], "Prompt")
        position = view.number("position", len(prompt), usual=len(prompt) - 1)
        layer = view.number("layer", model.cfg.n_layers, usual=_first_look(view)[0])
        return _Seen(
            prompt,
            position,
            layer,
            model.cfg.n_layers,
            predictions.next_tokens(model, prompt, position, _SHOWN),
            attention.attention(model, prompt, layer),
            lens.logit_lens(model, prompt),
            words,
        )


@st.cache_data(max_entries=8, show_spinner=False)
def _words(specimen: str, stamped: tuple[tuple[int, int], ...]) -> list[str]:
    """The same at every checkpoint."""
    with opened(specimen) as model:
        return words_of(model)


def _first_look(view: View) -> tuple[int, int]:
    return first_look(view["specimen"], view["prompt"])


def _draw_tokens(seen: _Seen) -> None:
    st.header("Tokens", anchor="tokens")
    tables.draw_tokens(seen.prompt)
    about = "A word that the specimen knows is one token"
    if not all(token.known for token in seen.prompt.tokens):
        about += "; one that it doesn't know is shown as bytes, a dashed token each"
    st.caption(f"{about}. The number is the token's id.")
    with st.expander("The words that it knows", icon=":material/list:", key="fold-prompt-words"):
        st.markdown(plain(" ".join(seen.words)))


def _draw_guesses(site: Site, view: View, seen: _Seen, program: str) -> None:
    st.header("What comes next", anchor="next")
    bar.choose_position(view, seen.prompt, seen.position)
    after = tables.positions(seen.prompt)[seen.position]
    tables.draw_guesses(seen.guesses, f"The {_SHOWN} likeliest tokens after {after}")
    bar.draw_code("predictions", predictions.code(program, seen.prompt, seen.position, _SHOWN))
    draw_links(site, NEXT)


def _draw_attention(site: Site, view: View, seen: _Seen, program: str) -> None:
    st.header("Attention", anchor="attention")
    st.markdown("Each row is a token that looks; each column a token that is looked at. A row's shares sum to 1.")
    example = example_of(view["specimen"], view["prompt"])
    if example and example.looks and view.model[1] is None:  # what it does when it is fully trained
        st.markdown(told_looks(example))
    heads = [f"{seen.layer}.{head}" for head in range(len(seen.patterns))]
    chosen = view.number("head", len(heads), usual=_first_look(view)[1])
    left, right = st.columns(2)
    with left:
        view.row("layer", "Layer", [str(layer) for layer in range(seen.layers)], str(seen.layer))
    with right:
        view.choice(
            "head", "Head", [str(i) for i in range(len(heads))], str(chosen), format_func=lambda text: heads[int(text)]
        )
    if attention_frame.is_here():
        attention_frame.draw_attention(seen.patterns, seen.prompt, heads, chosen, _CLICKED, _take_head)
        with st.expander("The same as a table", icon=":material/table:", key="fold-prompt-table"):
            _draw_looks(seen, chosen, heads[chosen])
    else:
        _draw_looks(seen, chosen, heads[chosen])
        st.caption(plain("For the drawing, install CircuitsVis: pip install circuitsvis==1.43.3"))
    bar.draw_code("attention", attention.code(program, seen.prompt, seen.layer, chosen))
    draw_links(site, ATTENTION)


def _take_head() -> None:
    clicked = st.session_state.get(_CLICKED, 0)
    if clicked != st.session_state.get(_TAKEN):  # else it is called for no click, after a run that was broken off
        st.session_state[_TAKEN] = clicked
        change(head=str(clicked))


def _draw_looks(seen: _Seen, head: int, name: str) -> None:
    """The three places that each position looks at most."""
    labels = tables.positions(seen.prompt)
    cells = []
    for looks in attention.most_looked_at(seen.patterns[head]):
        row = [tables.Cell(labels[source], share, tables.percent(share)) for source, share in looks]
        cells.append(row + [tables.Cell("")] * (3 - len(row)))
    tables.draw_heat(
        cells,
        rows=labels,
        columns=["most", "second", "third"],
        corner="looks at",
        tokens=True,
        caption=f"Head {name}: where each token looks most, with its share",
    )


def _draw_lens(site: Site, seen: _Seen, program: str) -> None:
    st.header("Logit lens", anchor="lens")
    st.markdown("The residual stream read before each layer, as if the model ended there: the likeliest next token.")
    reading = seen.lens
    cells = [
        [
            tables.Cell(guesses[i].label, probability := reading.probabilities[stream, i].item(), f"{probability:.2f}")
            for stream, guesses in enumerate(reading.guesses)
        ]
        for i in range(len(seen.prompt))
    ]
    tables.draw_heat(
        cells,
        rows=tables.positions(seen.prompt),
        columns=reading.streams,
        corner="after",
        tokens=True,
        caption="The best guess at each position and its probability",
    )
    bar.draw_code("lens", lens.code(program, seen.prompt))
    draw_links(site, LENS)
