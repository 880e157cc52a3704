"""A question to a specimen: by how much is one next token ahead of another, at a position of a prompt?"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from course_utils.catalog import CourseError
from course_utils.explore.predictions import checked_position, logits_at
from course_utils.explore.prompt import Prompt, Token, token_of
from course_utils.model import HookedTransformer


@dataclass(frozen=True)
class Question:
    """The lead: the logit of `answer` minus that of `rival`, at `position`."""

    answer: Token
    rival: Token
    position: int

    def lead(self, logits: Float[Tensor, "*batch d_vocab"]) -> Float[Tensor, "*batch"]:
        """The lead in these logits."""
        return logits[..., self.answer.id] - logits[..., self.rival.id]


def ask(
    model: HookedTransformer, prompt: Prompt, answer: str = "", rival: str = "", position: int | None = None
) -> Question:
    """The question about two words; one left empty is the model's best guess but for the other.

    position: the last one, if None. Raises CourseError for a word that isn't one token, and for twice the same.
    """
    at = len(prompt) - 1 if position is None else checked_position(prompt, position)
    chosen = {name: single_token(model, word) for name, word in (("answer", answer), ("rival", rival)) if word.strip()}
    best = logits_at(model, prompt, at).topk(2).indices.tolist()
    for name in ("answer", "rival"):
        if name not in chosen:
            taken = {token.id for token in chosen.values()}
            chosen[name] = token_of(model, next(id for id in best if id not in taken))
    if chosen["answer"].id == chosen["rival"].id:
        raise CourseError(
            f"Right word and wrong word are both “{chosen['answer'].label}”: choose two different tokens."
        )
    return Question(chosen["answer"], chosen["rival"], at)


def single_token(model: HookedTransformer, word: str) -> Token:
    """The token that a word is. Raises CourseError, showing the pieces, for one that is several."""
    word = word.strip()
    if len(word) > 40:
        raise CourseError("Right word and wrong word are one word each: shorten yours.")
    alone = model.tokenizer.inner.token_to_id(word) if model.tokenizer else None
    ids = model.to_tokens(word, prepend_bos=False)[0].tolist()
    if len(ids) > 1 and alone is not None:  # a sign that takes no space before it, such as a full stop
        ids = [alone]
    if len(ids) > 1:
        pieces = ", ".join(token_of(model, id).label for id in ids)
        raise CourseError(f"“{word}” is {len(ids)} tokens here ({pieces}), not one: choose a word of the specimen's.")
    return token_of(model, ids[0])
