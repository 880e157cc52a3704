"""What fixes a specimen: sizes, text, seed. Nothing here is measured; what was, is in its card."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from course_utils.data.microworld.registry import WEIGHTS
from course_utils.data.microworld.tokenizer import microworld_tokenizer
from course_utils.model.config import HookedTransformerConfig


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """A later part of a training: other text from some step on, with a learning rate that rises and falls anew."""

    after: int
    learning_rate: float
    mixture: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one language specimen is trained.

    steps, batch, length: optimiser steps, rows a step and tokens a row. snapshots: steps after which the weights are
    kept as well; ships: those of them that travel with the course. mixture: shares of the microworld's kinds of text.
    lessons: what is read after that, in order.
    note: what the trained model does, and where. tried: what else was, and what came of it. Both go on its card.
    """

    name: str
    purpose: str
    n_layers: int
    d_model: int
    n_heads: int
    d_mlp: int = 0  # 0: attention only
    tied: bool = True
    steps: int
    batch: int = 48
    length: int = 128
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.1
    seed: int = 0
    snapshots: tuple[int, ...] = ()
    ships: tuple[int, ...] = ()
    mixture: Mapping[str, int] = field(default_factory=lambda: dict(WEIGHTS))
    lessons: tuple[Lesson, ...] = ()
    note: str = ""
    tried: str = ""

    @property
    def tokens(self) -> int:
        """How many tokens it reads."""
        return self.steps * self.batch * self.length

    def lesson_at(self, step: int) -> tuple[Lesson, int]:
        """The lesson that a step belongs to, the first one included, and the step at which it ends."""
        lessons = (Lesson(after=0, learning_rate=self.learning_rate, mixture=self.mixture), *self.lessons)
        number = max(i for i, lesson in enumerate(lessons) if lesson.after <= step)
        ends = [lesson.after for lesson in lessons[1:]] + [self.steps]
        return lessons[number], ends[number]

    @property
    def last_mixture(self) -> Mapping[str, int]:
        """The text that the finished model was trained on last."""
        return self.lesson_at(self.steps)[0].mixture

    @property
    def cfg(self) -> HookedTransformerConfig:
        """The model's configuration."""
        return HookedTransformerConfig(
            n_layers=self.n_layers,
            d_model=self.d_model,
            n_heads=self.n_heads,
            d_mlp=self.d_mlp,
            attn_only=not self.d_mlp,
            n_ctx=self.length,
            d_vocab=microworld_tokenizer().size,
            tie_word_embeddings=self.tied,
        )
