"""Explorer: switch heads and MLPs off, and see what the specimen says without them."""

from dataclasses import dataclass
from functools import partial

import streamlit as st

from app.explorer import bar, tables
from app.explorer.links import ABLATION, draw_links
from app.explorer.models import opened
from app.explorer.tables import Cell
from app.explorer.view import View, change, kept
from app.pages import Site
from app.words import no_exception_page, plain
from course_utils.explore import ablation
from course_utils.explore.ablation import Ablation, Filling, Part
from course_utils.explore.predictions import Guess, ranked
from course_utils.explore.prompt import Prompt
from course_utils.explore.question import Question, ask
from course_utils.explore.snippet import loading
from course_utils.model import HookedTransformer

_ABOUT = """
Switch off heads and MLPs, and see what becomes of the prediction after the last token. What is put in their place
matters: nothing at all, their average over a reference text, or what they say of a second prompt.
"""
_NAMES = {
    Filling.ZERO: "zero",
    Filling.MEAN: "mean over a reference text",
    Filling.RESAMPLE: "the second prompt's value",
}
_SHOWN = 6


@dataclass(frozen=True)
class _Seen:
    question: Question
    result: Ablation
    before: list[Guess]
    after: list[Guess]
    program: str


def draw(site: Site) -> None:
    """Draw the page."""
    view = bar.draw_head(site, "ablation", _ABOUT, ("answer",))
    with no_exception_page():
        with opened(*view.model) as model:
            listed = ablation.parts_of(model)
        chosen = _chosen(view, listed)
        filling = _draw_filling(view)
        _draw_switches(view, listed, chosen)
        seen = _compute(view, chosen, filling)
        _draw_lead(seen, chosen)
        _draw_guesses(seen)
        bar.draw_code("ablation", seen.program)
        draw_links(site, ABLATION)


def _chosen(view: View, listed: list[Part]) -> list[Part]:
    """The parts that are off, of those that there are."""
    names = {str(part): part for part in listed}
    return [names[name] for name in dict.fromkeys(view["off"].split(",")) if name in names]


def _draw_filling(view: View) -> Filling:
    kinds = {kind.value: kind for kind in Filling}
    filling = kinds.get(view["fill"], Filling.ZERO)
    view.row("fill", "Put in their place", list(kinds), filling.value, format_func=lambda name: _NAMES[kinds[name]])
    if filling is Filling.MEAN:
        view.text("reference", "Reference text")
    if filling is Filling.RESAMPLE:
        view.text("other", "Second prompt")
    return filling


def _draw_switches(view: View, listed: list[Part], chosen: list[Part]) -> None:
    """A row of switches a layer, each with a key of its own; what is off in any of them is off."""
    off = [str(part) for part in chosen]
    for layer in dict.fromkeys(part.layer for part in listed):
        names = [str(one) for one in listed if one.layer == layer]
        drawn = [name for name in off if name in names]
        key, take = view.joined(f"off{layer}", drawn, partial(_take_switches, names))
        st.pills(
            f"Switched off in layer {layer}",
            names,
            selection_mode="multi",
            default=drawn,
            format_func=_name,
            key=key,
            on_change=take,
        )
    again = "Switch everything on again"  # always there, so that what is below it stays where it is
    st.button(again, icon=":material/restart_alt:", disabled=not chosen, on_click=change, kwargs={"off": ""})


def _take_switches(names: list[str], off: list[str]) -> None:
    """What is off among these parts; the others stay as they are."""
    others = [name for name in kept("off").split(",") if name and name not in names]
    change(off=",".join([*others, *off]))


def _name(part: str) -> str:
    return f"MLP {part[3:]}" if part.startswith("mlp") else part


def _compute(view: View, chosen: list[Part], filling: Filling) -> _Seen:
    with opened(*view.model) as model:
        prompt = bar.read_named(model, view["prompt"], "Prompt")
        question = ask(model, prompt, view["answer"], view["rival"])
        other = _other(model, view, filling)
        at = question.position
        result = ablation.ablate(model, prompt, chosen, filling, at, other)
        before, after = (ranked(model, logits, _SHOWN) for logits in (result.before, result.after))
        program = ablation.code(loading(*view.model), prompt, chosen, filling, at, other)
        return _Seen(question, result, before, after, program)


def _other(model: HookedTransformer, view: View, filling: Filling) -> Prompt | None:
    if filling is Filling.ZERO:
        return None
    field, name = ("reference", "Reference text") if filling is Filling.MEAN else ("other", "Second prompt")
    return bar.read_named(model, view[field], name)


def _draw_lead(seen: _Seen, chosen: list[Part]) -> None:
    question = seen.question
    before, after = (question.lead(logits).item() for logits in (seen.result.before, seen.result.after))
    right, wrong = plain(question.answer.label), plain(question.rival.label)
    off = ", ".join(_name(str(part)) for part in chosen)
    state = f"without {plain(off)}" if off else "with every part in place"
    st.markdown(f"The lead of “{right}” over “{wrong}”, {state}:")
    moved = after - before
    st.metric(
        "Lead",
        f"{tables.number(after)} logits",
        delta=f"{tables.number(moved)} logits" if chosen else None,
        delta_arrow="up" if moved > 0 else "down",  # Streamlit itself would look for a hyphen
        delta_color="normal" if moved > 0 else "inverse",
    )


def _draw_guesses(seen: _Seen) -> None:
    """The tokens that are likeliest with everything in place or without these parts, and how far each moved."""
    before, after = (logits.softmax(dim=-1) for logits in (seen.result.before, seen.result.after))
    tokens = {token.id: token for token in (seen.question.answer, seen.question.rival)}
    tokens |= {guess.token.id: guess.token for guess in (*seen.before, *seen.after)}
    order = sorted(tokens, key=lambda id: -max(before[id].item(), after[id].item()))
    rows = []
    for id in order:
        was, now = before[id].item(), after[id].item()
        rows.append([Cell(tables.percent(was), was), Cell(tables.percent(now), now), *tables.signed([[now - was]])[0]])
    for row, id in zip(rows, order, strict=True):
        moved = after[id].item() - before[id].item()
        row[2] = Cell(f"{tables.number(100 * moved, 1)} points", moved)
    tables.draw_heat(
        rows,
        rows=[tokens[id].label for id in order],
        columns=["as it is", "ablated", "change"],
        corner="next token",
        tokens=True,
        caption="Probabilities of the likeliest tokens, with every part in place and without those switched off",
    )
