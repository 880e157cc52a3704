"""A tokenizer with its special tokens, read from a model's folder. Tokenizing itself is the `tokenizers` library's."""

import json
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from course_utils.catalog import CourseError


class TextTokenizer:
    """Text to ids and back. `bos` and `eos` are ids, or None where the vocabulary has none.

    >>> from tokenizers import models, pre_tokenizers
    >>> words = Tokenizer(models.WordLevel({"<bos>": 0, "the": 1, "cat": 2}, unk_token="<bos>"))
    >>> words.pre_tokenizer = pre_tokenizers.Whitespace()
    >>> tokenizer = TextTokenizer(words, bos="<bos>")
    >>> tokenizer.encode("the cat"), tokenizer.bos, tokenizer.decode([2])
    ([1, 2], 0, 'cat')
    """

    def __init__(self, inner: Tokenizer, bos: str | None = None, eos: str | None = None, pad: str | None = None):
        self.inner = inner
        self.names = {"bos_token": bos, "eos_token": eos, "pad_token": pad}
        self.bos, self.eos, self.pad = (self._id(name) for name in (bos, eos, pad))

    def _id(self, token: str | None) -> int | None:
        found = None if token is None else self.inner.token_to_id(token)
        if token is not None and found is None:
            raise CourseError(f"The special token {token!r} is not in the vocabulary: mend tokenizer_config.json.")
        return found

    def encode(self, text: str) -> list[int]:
        """Ids of a text, nothing added."""
        return self.inner.encode(text, add_special_tokens=False).ids

    def decode(self, ids: list[int]) -> str:
        """The text of ids, special tokens shown."""
        return self.inner.decode(ids, skip_special_tokens=False)

    @property
    def bos_token_id(self) -> int | None:
        """`bos` under the name it has in transformers; so are the next two."""
        return self.bos

    @property
    def eos_token_id(self) -> int | None:
        return self.eos

    @property
    def pad_token_id(self) -> int | None:
        return self.pad

    @property
    def size(self) -> int:
        return self.inner.get_vocab_size()

    def save(self, folder: Path) -> None:
        """Write the two files that `load_tokenizer`, transformers and TransformerLens read."""
        self.inner.save(str(folder / "tokenizer.json"))
        told = {"tokenizer_class": "PreTrainedTokenizerFast", **{k: v for k, v in self.names.items() if v is not None}}
        text = json.dumps(told, indent=2, sort_keys=True) + "\n"
        (folder / "tokenizer_config.json").write_text(text, encoding="utf-8")


def load_tokenizer(folder: Path) -> TextTokenizer | None:
    """The tokenizer of a model's folder, or None if there is no tokenizer.json. Raises CourseError for a broken one."""
    path = folder / "tokenizer.json"
    if not path.exists():
        return None
    try:
        inner = Tokenizer.from_file(str(path))
    except Exception as error:  # the library has no kind of its own for it
        raise CourseError(f"{path} can't be read ({error}): fetch it again.") from None
    told, ids = _read(folder / "tokenizer_config.json"), _read(folder / "config.json")
    names = {}
    for kind in ("bos", "eos", "pad"):
        value = told.get(f"{kind}_token")
        names[kind] = value["content"] if isinstance(value, dict) else value
        token_id = ids.get(f"{kind}_token_id")
        if value is None and token_id is not None:  # GPT-2's own folder says it only there
            names[kind] = inner.id_to_token(token_id[0] if isinstance(token_id, list) else token_id)
    return TextTokenizer(inner, **names)


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CourseError(f"{path} can't be read ({error}): fetch it again.") from None
    return told


def as_tokenizer(tokenizer: Any) -> TextTokenizer:
    """Ours from a `tokenizers.Tokenizer` or a fast tokenizer of transformers."""
    if isinstance(tokenizer, TextTokenizer):
        return tokenizer
    if isinstance(tokenizer, Tokenizer):
        return TextTokenizer(tokenizer)
    if hasattr(tokenizer, "backend_tokenizer"):
        names = {kind: getattr(tokenizer, f"{kind}_token") for kind in ("bos", "eos", "pad")}
        return TextTokenizer(tokenizer.backend_tokenizer, **names)
    raise CourseError(
        f"A {type(tokenizer).__name__} is no tokenizer: give one of `tokenizers` or a fast one of transformers."
    )
