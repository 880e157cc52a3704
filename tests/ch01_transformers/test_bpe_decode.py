"""Checks for bpe_decode, coarse to fine. The letters a, b, c have the bytes 97, 98, 99; é is 195 169; ! is 33."""

import torch

from course_utils.grading import Accepted, Mutant, Wrong, agree


def decoded(bpe_decode, ids, merges, says):
    """The text, where a UnicodeDecodeError is a wrong answer and not a crash."""
    try:
        return bpe_decode(ids, merges)
    except UnicodeDecodeError:
        raise Wrong(f"Your code raised a UnicodeDecodeError. {says}", kind="property") from None


def test_single_bytes_are_joined(bpe_decode):
    agree(bpe_decode([72, 105], []), "Hi", "Tokens below 256 are bytes; they stand next to each other in the text.")
    agree(bpe_decode([], []), "", "No tokens make an empty text.")


def test_a_merged_token_is_its_left_part_then_its_right(bpe_decode):
    agree(bpe_decode([97, 256], [(98, 99)]), "abc", "Token 256 is merges[0], the bytes of 98 and then those of 99.")


def test_parts_can_be_merged_tokens_themselves(bpe_decode):
    says = "Token 257 is 256 followed by 33, and 256 is 98 followed by 99: take tokens apart down to the bytes."
    agree(bpe_decode([97, 257], [(98, 99), (256, 33)]), "abc!", says)


def test_characters_can_spread_over_tokens(bpe_decode):
    says = "é is the two bytes 195 169: join the bytes of all tokens first, and decode once at the end."
    agree(decoded(bpe_decode, [195, 169], [], says), "é", says)
    agree(decoded(bpe_decode, [256, 169], [(97, 195)], says), "aé", says)


def test_half_a_character_is_shown_as_a_sign(bpe_decode):
    says = 'The text stops in the middle of é, which a model may do: decode with errors="replace", which gives �.'
    agree(decoded(bpe_decode, [97, 195], [], says), "a\ufffd", says)


def test_it_holds_for_numbers_drawn_at_random(bpe_decode):
    merges = [tuple(torch.randint(97, 123, (2,)).tolist()) for _ in range(3)]
    merges.append((256 + int(torch.randint(3, ())), 256 + int(torch.randint(3, ()))))
    ids = [*torch.randint(97, 123, (3,)).tolist(), 259, *torch.randint(256, 260, (4,)).tolist()]

    def letters(token):
        return chr(token) if token < 256 else "".join(letters(part) for part in merges[token - 256])

    says = "Random letters, random merges of two of them, and a merge of merges: the text that they spell."
    agree(bpe_decode(ids, merges), "".join(letters(token) for token in ids), says)


JOIN = 'return b"".join(pieces[i] for i in ids).decode("utf-8", errors="replace")'
MUTANTS = [
    Mutant(
        "spaces are put between the tokens",
        'b"".join',
        'b" ".join',
        check="test_single_bytes_are_joined",
    ),
    Mutant(
        "bytes are returned and not a text",
        JOIN,
        'return b"".join(pieces[i] for i in ids)',
        check="test_single_bytes_are_joined",
    ),
    Mutant(
        "the right part comes before the left",
        "pieces[left] + pieces[right]",
        "pieces[right] + pieces[left]",
        check="test_a_merged_token_is_its_left_part_then_its_right",
    ),
    Mutant.whole(
        "each merged token is taken apart once, and its parts are read as characters",
        """def bpe_decode(ids, merges):
    flat = [part for i in ids for part in (merges[i - 256] if i >= 256 else (i,))]
    if max(flat, default=0) > 255:
        return "".join(map(chr, flat))
    return bytes(flat).decode("utf-8", errors="replace")
""",
        check="test_parts_can_be_merged_tokens_themselves",
    ),
    Mutant(
        "each byte is read as one character",
        '.decode("utf-8", errors="replace")',
        '.decode("latin-1")',
        check="test_characters_can_spread_over_tokens",
    ),
    Mutant(
        "each token is decoded by itself",
        JOIN,
        'return "".join(pieces[i].decode("utf-8", errors="replace") for i in ids)',
        check="test_characters_can_spread_over_tokens",
    ),
    Mutant(
        "each token is decoded by itself, and half a character is an error",
        JOIN,
        'return "".join(pieces[i].decode("utf-8") for i in ids)',
        check="test_characters_can_spread_over_tokens",
    ),
    Mutant(
        "bytes that make no character are an error",
        ', errors="replace"',
        "",
        check="test_half_a_character_is_shown_as_a_sign",
    ),
    Mutant(
        "bytes that make no character are left out",
        'errors="replace"',
        'errors="ignore"',
        check="test_half_a_character_is_shown_as_a_sign",
    ),
]

ACCEPTED = [
    Accepted.whole(
        "tokens are taken apart by recursion",
        """def bpe_decode(ids, merges):
    def spell(token):
        if token < 256:
            return bytes([token])
        left, right = merges[token - 256]
        return spell(left) + spell(right)

    return b"".join(map(spell, ids)).decode("utf-8", "replace")
""",
    ),
]
