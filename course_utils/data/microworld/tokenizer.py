"""The microworld's tokenizer: a word is one token, with the space before it, and anything else falls back to bytes.

It is an ordinary byte-level BPE of Hugging Face, with a vocabulary of whole words and no merges, so that a word that
it doesn't know is spelled in bytes.
"""

from functools import cache

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from course_utils.data.microworld.passage import OPENING_QUOTE, Passage, piece
from course_utils.data.microworld.registry import VOCABULARY
from course_utils.model.tokenizer import TextTokenizer

END_OF_TEXT = "<|endoftext|>"  # opens every passage, as in GPT-2


@cache
def microworld_tokenizer() -> TextTokenizer:
    """The tokenizer of the microworld's specimens.

    >>> tokenizer = microworld_tokenizer()
    >>> len(tokenizer.encode("Ada gave a lamp to Boris.")), tokenizer.decode(tokenizer.encode("naïve zebra"))
    (7, ' naïve zebra')
    """
    spaced = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [spaced.pre_tokenize_str(piece(word))[0][0] for word in (*VOCABULARY, OPENING_QUOTE)]
    vocabulary = {token: i for i, token in enumerate(dict.fromkeys([END_OF_TEXT, *alphabet, *pieces]))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[], ignore_merges=True))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens([END_OF_TEXT])
    return TextTokenizer(inner, bos=END_OF_TEXT, eos=END_OF_TEXT, pad=END_OF_TEXT)


@cache
def ids_by_word() -> dict[str, int]:
    """The token of each word that a passage can hold."""
    tokenizer = microworld_tokenizer()
    known = tokenizer.inner.get_vocab()
    ids = {END_OF_TEXT: known[END_OF_TEXT]}
    for word in (*VOCABULARY, OPENING_QUOTE):
        token = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(piece(word))[0][0]
        ids[word] = known[token]
    return ids


def encode_passage(passage: Passage) -> list[int]:
    """The passage's tokens, after the token that opens a text: word i is token i + 1."""
    known = ids_by_word()
    return [known[END_OF_TEXT], *(known[word] for word in passage.words)]
