"""The opening lines that every program of the explorer shares, and how a text or a token is written in one."""

import json

from course_utils.explore.prompt import Prompt, Token
from course_utils.model import HookedTransformer


def opening(loading: str, *imports: str, **prompts: Prompt) -> str:
    """Imports, the specimen, and the tokens of each prompt under the name it is given here.

    loading: what calls up the model, such as `load_specimen("attn-only-2l")`.

    >>> prompt = Prompt("the cat", ())
    >>> print(opening('load_specimen("attn-only-2l")', tokens=prompt))
    import torch
    <BLANKLINE>
    from course_utils import load_specimen
    <BLANKLINE>
    model = load_specimen("attn-only-2l")
    tokens = model.to_tokens("the cat")
    <BLANKLINE>
    """
    lines = ["import torch", "", "from course_utils import load_specimen", *imports, "", f"model = {loading}"]
    lines += [f"{name} = model.to_tokens({literal(prompt.text)})" for name, prompt in prompts.items()]
    return "\n".join(lines) + "\n"


def loading(specimen: str, step: int | None = None) -> str:
    """The call that opens a specimen.

    >>> loading("attn-only-2l", 900)
    'load_specimen("attn-only-2l", step=900)'
    """
    return f"load_specimen({literal(specimen)}{'' if step is None else f', step={step}'})"


def literal(text: str) -> str:
    r"""A text as Python writes it, in double quotes, whatever is in it.

    >>> print(literal('a "b"\n'))
    "a \"b\"\n"
    """
    quoted = json.dumps(text, ensure_ascii=False)
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in quoted)


def token_code(model: HookedTransformer, token: Token) -> str:
    """An expression for a token's id: by its word where that is one token by itself, else the number."""
    word = token.text.strip()
    alone = bool(word) and "\ufffd" not in word and model.to_tokens(word, prepend_bos=False)[0].tolist() == [token.id]
    return f"model.to_single_token({literal(word)})" if alone else str(token.id)
