"""Checks for bpe_encode, coarse to fine. The letters a, b, c, d have the bytes 97, 98, 99, 100."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_without_merges_the_tokens_are_the_bytes(bpe_encode):
    says = "With nothing learnt, each byte is a token; capitals and spaces are bytes like any other."
    agree(bpe_encode("A b ", []), [65, 32, 98, 32], says)
    agree(bpe_encode("", [(97, 98)]), [], "An empty text has no tokens.")


def test_text_beyond_ascii_is_bytes_too(bpe_encode):
    says = 'In UTF-8 é is two bytes: use text.encode("utf-8"), not the numbers of the characters.'
    agree(bpe_encode("é木", []), [195, 169, 230, 156, 168], says)


def test_the_first_merge_makes_token_256(bpe_encode):
    agree(bpe_encode("abc", [(97, 98)]), [256, 99], "The pair 97 98 is merges[0], and so becomes token 256.")


def test_every_occurrence_is_merged(bpe_encode):
    agree(bpe_encode("abab", [(97, 98)]), [256, 256], "The pair occurs twice, and both become token 256.")


def test_merges_build_on_merges(bpe_encode):
    says = "First 97 98 becomes 256; now 256 99 stands in the text, which is merges[1] and becomes 257."
    agree(bpe_encode("abc", [(97, 98), (256, 99)]), [257], says)


def test_the_earliest_learnt_merge_goes_first(bpe_encode):
    says = "Both merges fit and they overlap: (97, 98) was learnt first, so a b is merged, and c stays alone."
    agree(bpe_encode("abc", [(97, 98), (98, 99)]), [256, 99], says)


def test_the_order_of_learning_beats_length(bpe_encode):
    says = "There is a token for all of abc, made of a and bc; but ab was learnt before bc, so it is never reached."
    agree(bpe_encode("abc", [(97, 98), (98, 99), (97, 257)]), [256, 99], says)


def test_the_order_of_learning_beats_the_order_in_the_text(bpe_encode):
    says = (
        "Both merges fit and they overlap: (98, 99) was learnt first, so b c is merged although a b stands before it."
    )
    agree(bpe_encode("abc", [(98, 99), (97, 98)]), [97, 256], says)


def test_a_merge_that_makes_a_longer_token_waits_for_its_turn(bpe_encode):
    says = "ab is made first, then cd, which was learnt before abc: after that no c is left to make abc with."
    agree(bpe_encode("abcd", [(97, 98), (99, 100), (256, 99)]), [256, 257], says)


def test_overlapping_pairs_are_merged_from_the_left(bpe_encode):
    agree(bpe_encode("aaa", [(97, 97)]), [256, 97], "Of a a a the first two are merged, as in training.")


def test_it_holds_for_numbers_drawn_at_random(bpe_encode):
    text = "".join("abc"[i] for i in torch.randint(3, (18,)).tolist())
    merges, expected = [], [ord(letter) for letter in text]
    for i in range(3):  # each merge is of two tokens that stand next to each other by then
        at = int(torch.randint(len(expected) - 1, ()))
        merges.append((expected[at], expected[at + 1]))
        merged, at = [], 0
        while at < len(expected):
            fits = tuple(expected[at : at + 2]) == merges[-1]
            merged.append(256 + i if fits else expected[at])
            at += 2 if fits else 1
        expected = merged
    agree(bpe_encode(text, merges), expected, "A random text of a, b and c, with three merges learnt from it.")


MUTANTS = [
    Mutant(
        "the text is made lower case first",
        'text.encode("utf-8")',
        'text.lower().encode("utf-8")',
        check="test_without_merges_the_tokens_are_the_bytes",
    ),
    Mutant(
        "spaces at the ends are cut off",
        'text.encode("utf-8")',
        'text.strip().encode("utf-8")',
        check="test_without_merges_the_tokens_are_the_bytes",
    ),
    Mutant(
        "the characters' own numbers are taken and not the bytes",
        'list(text.encode("utf-8"))',
        "[ord(character) for character in text]",
        check="test_text_beyond_ascii_is_bytes_too",
    ),
    Mutant(
        "whatever is not ASCII is left out",
        'text.encode("utf-8")',
        'text.encode("ascii", errors="ignore")',
        check="test_text_beyond_ascii_is_bytes_too",
    ),
    Mutant(
        "the first merge makes token 257",
        "[256 + earliest]",
        "[257 + earliest]",
        check="test_the_first_merge_makes_token_256",
    ),
    Mutant.whole(
        "no pair is ever found: a list, which `ids[i : i + 2]` is, never equals a tuple",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    for new, pair in enumerate(merges, 256):
        for i in range(len(ids)):
            if ids[i : i + 2] == pair:
                ids[i : i + 2] = [new]
    return ids
""",
        check="test_the_first_merge_makes_token_256",
    ),
    Mutant(
        "merges are numbered from 0, where the bytes are, and not from 256",
        "[256 + earliest]",
        "[earliest]",
        check="test_the_first_merge_makes_token_256",
    ),
    Mutant.whole(
        "the last token is lost when a merge is made",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    for new, pair in enumerate(merges, 256):
        merged, i = [], 0
        while i < len(ids) - 1:
            found = (ids[i], ids[i + 1]) == pair
            merged.append(new if found else ids[i])
            i += 2 if found else 1
        ids = merged
    return ids
""",
        check="test_the_first_merge_makes_token_256",
    ),
    Mutant.whole(
        "each merge is made in one place only, or the loop ends after one merge",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    for new, pair in enumerate(merges, 256):
        for i in range(len(ids) - 1):
            if (ids[i], ids[i + 1]) == pair:
                ids[i : i + 2] = [new]
                break
    return ids
""",
        check="test_every_occurrence_is_merged",
    ),
    Mutant.whole(
        "merges of merges are never found: the text is walked through once, or the list of merges from its end",
        """def bpe_encode(text, merges):
    ids, i, tokens = list(text.encode("utf-8")), 0, []
    while i < len(ids):
        pair = tuple(ids[i : i + 2])
        tokens.append(256 + merges.index(pair) if pair in merges else ids[i])
        i += 2 if pair in merges else 1
    return tokens
""",
        check="test_merges_build_on_merges",
    ),
    Mutant(
        "the pair that was learnt last is merged first",
        "earliest, i = min(known)",
        "earliest, i = min(known, key=lambda entry: (-entry[0], entry[1]))",
        check="test_the_earliest_learnt_merge_goes_first",
    ),
    Mutant.whole(
        "at each place the longest token that fits is taken",
        """def bpe_encode(text, merges):
    pieces = [bytes([i]) for i in range(256)]
    for left, right in merges:
        pieces.append(pieces[left] + pieces[right])
    rest, ids = text.encode("utf-8"), []
    while rest:
        ids.append(max((i for i, piece in enumerate(pieces) if rest.startswith(piece)), key=lambda i: len(pieces[i])))
        rest = rest[len(pieces[ids[-1]]) :]
    return ids
""",
        check="test_the_order_of_learning_beats_length",
    ),
    Mutant(
        "the leftmost pair on the list is merged first, whenever it was learnt",
        "earliest, i = min(known)",
        "earliest, i = min(known, key=lambda entry: entry[1])",
        check="test_the_order_of_learning_beats_the_order_in_the_text",
    ),
    Mutant.whole(
        "of all pairs on the list the one that makes the longest token is merged first",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    lengths = dict.fromkeys(range(256), 1)
    for new, (left, right) in enumerate(merges, 256):
        lengths[new] = lengths[left] + lengths[right]
    rank = {pair: i for i, pair in enumerate(merges)}
    while True:
        known = [(-lengths[256 + rank[p]], rank[p], i) for i, p in enumerate(pairwise(ids)) if p in rank]
        if not known:
            return ids
        _, earliest, i = min(known)
        ids[i : i + 2] = [256 + earliest]
""",
        check="test_a_merge_that_makes_a_longer_token_waits_for_its_turn",
    ),
    Mutant(
        "overlapping pairs are merged from the right",
        "earliest, i = min(known)",
        "earliest, i = min(known, key=lambda entry: (entry[0], -entry[1]))",
        check="test_overlapping_pairs_are_merged_from_the_left",
    ),
]

ACCEPTED = [
    Accepted.whole(
        "the merges are replayed one after the other over the whole text",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    for new, pair in enumerate(merges, 256):
        i = 0
        while i < len(ids) - 1:
            if (ids[i], ids[i + 1]) == pair:
                ids[i : i + 2] = [new]
            i += 1
    return ids
""",
    ),
    Accepted.whole(
        "in each round the earliest pair is merged everywhere",
        """def bpe_encode(text, merges):
    ids = list(text.encode("utf-8"))
    while len(ids) > 1:
        pair = min(pairwise(ids), key=lambda pair: merges.index(pair) if pair in merges else len(merges))
        if pair not in merges:
            break
        merged, i = [], 0
        while i < len(ids):
            found = tuple(ids[i : i + 2]) == pair
            merged.append(256 + merges.index(pair) if found else ids[i])
            i += 2 if found else 1
        ids = merged
    return ids
""",
    ),
]
