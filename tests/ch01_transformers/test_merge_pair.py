"""Checks for merge_pair, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_the_new_token_takes_the_place_of_both(merge_pair):
    says = "The pair 1 2 becomes the one token 99; both of its parts are gone."
    agree(merge_pair([5, 1, 2], (1, 2), 99), [5, 99], says)


def test_every_occurrence_is_replaced(merge_pair):
    says = "The pair occurs twice, at the start and at the end, and both are replaced."
    agree(merge_pair([1, 2, 3, 1, 2], (1, 2), 99), [99, 3, 99], says)


def test_both_tokens_have_to_match(merge_pair):
    says = "1 3 is not the pair 1 2: look at both tokens before you merge."
    agree(merge_pair([1, 3, 1, 2], (1, 2), 99), [1, 3, 99], says)


def test_the_last_token_is_kept(merge_pair):
    says = "What stands after the last pair stays: has the loop ended one token too early?"
    agree(merge_pair([1, 2, 3], (1, 2), 99), [99, 3], says)


def test_the_order_within_the_pair_matters(merge_pair):
    says = "2 1 is not the pair (1, 2)."
    agree(merge_pair([2, 1, 1, 2], (1, 2), 99), [2, 1, 99], says)


def test_half_a_pair_is_no_pair(merge_pair):
    agree(merge_pair([2, 1], (1, 2), 99), [2, 1], "The list ends with the first half of a pair, which is not a pair.")
    agree(merge_pair([], (1, 2), 99), [], "An empty list stays empty.")


def test_overlapping_pairs_are_merged_from_the_left(merge_pair):
    says = "Of 7 7 7 the first two are merged; then both are used up, and the third stands alone."
    agree(merge_pair([7, 7, 7], (7, 7), 99), [99, 7], says)
    agree(merge_pair([7, 7, 7, 7], (7, 7), 99), [99, 99], "7 7 7 7 is two pairs, one after the other.")


def test_numbers_are_compared_as_numbers(merge_pair):
    says = "11 2 does not hold the pair 1 2: compare tokens, not their digits."
    agree(merge_pair([11, 2, 25], (1, 2), 99), [11, 2, 25], says)


def test_it_holds_for_numbers_drawn_at_random(merge_pair):
    ids, (left, right) = torch.randint(3, (24,)).tolist(), torch.randint(3, (2,)).tolist()
    expected, at = [], 0
    while at < len(ids):
        found = ids[at : at + 2] == [left, right]
        expected.append(99 if found else ids[at])
        at += 2 if found else 1
    agree(merge_pair(ids, (left, right), 99), expected, "A longer list of random tokens, by the same rule.")


STEP = "            i += 2\n"
MUTANTS = [
    Mutant(
        "the second token of the pair is not skipped (in a `for` loop `i += 2` has no effect on the next round)",
        STEP,
        "            i += 1\n",
        check="test_the_new_token_takes_the_place_of_both",
    ),
    Mutant(
        "no pair is found (a list, as `ids[i : i + 2]` is one, never equals a tuple), or `ids` itself is returned",
        "if tuple(ids[i : i + 2]) == pair:",
        "if ids[i : i + 2] == pair:",
        check="test_the_new_token_takes_the_place_of_both",
    ),
    Mutant(
        "the new token is put in once for each of the two parts",
        "merged.append(new_id)",
        "merged.extend([new_id, new_id])",
        check="test_the_new_token_takes_the_place_of_both",
    ),
    Mutant.whole(
        "only the first occurrence is replaced",
        """def merge_pair(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if (ids[i], ids[i + 1]) == pair:
            return ids[:i] + [new_id] + ids[i + 2 :]
    return list(ids)
""",
        check="test_every_occurrence_is_replaced",
    ),
    Mutant(
        "only the first token of the pair is compared",
        "if tuple(ids[i : i + 2]) == pair:",
        "if ids[i] == pair[0]:",
        check="test_both_tokens_have_to_match",
    ),
    Mutant(
        "the loop stops one token before the end",
        "while i < len(ids):",
        "while i < len(ids) - 1:",
        check="test_the_last_token_is_kept",
    ),
    Mutant(
        "the two tokens may come in either order",
        "if tuple(ids[i : i + 2]) == pair:",
        "if len(ids[i : i + 2]) == 2 and sorted(ids[i : i + 2]) == sorted(pair):",
        check="test_the_order_within_the_pair_matters",
    ),
    Mutant.whole(
        "pairs are merged from right to left",
        """def merge_pair(ids, pair, new_id):
    merged = list(ids)
    i = len(merged) - 2
    while i >= 0:
        if tuple(merged[i : i + 2]) == pair:
            merged[i : i + 2] = [new_id]
            i -= 1
        i -= 1
    return merged
""",
        check="test_overlapping_pairs_are_merged_from_the_left",
    ),
    Mutant.whole(
        "a token is used in two pairs that overlap",
        """def merge_pair(ids, pair, new_id):
    merged = []
    for i, token in enumerate(ids):
        if tuple(ids[i : i + 2]) == pair:
            merged.append(new_id)
        elif i == 0 or tuple(ids[i - 1 : i + 1]) != pair:
            merged.append(token)
    return merged
""",
        check="test_overlapping_pairs_are_merged_from_the_left",
    ),
    Mutant(
        "the first half of a pair at the very end counts as a pair",
        "if tuple(ids[i : i + 2]) == pair:",
        "if all(a == b for a, b in zip(ids[i : i + 2], pair)):",
        check="test_half_a_pair_is_no_pair",
    ),
    Mutant.whole(
        "the ids are joined to a text, in which digits of neighbouring numbers can match",
        """def merge_pair(ids, pair, new_id):
    text = " ".join(str(token) for token in ids)
    text = text.replace(f"{pair[0]} {pair[1]}", str(new_id))
    return [int(token) for token in text.split()]
""",
        check="test_numbers_are_compared_as_numbers",
    ),
]

ACCEPTED = [
    Accepted.whole(
        "a copy, shortened in place",
        """def merge_pair(ids, pair, new_id):
    merged = list(ids)
    i = 0
    while i < len(merged) - 1:
        if merged[i] == pair[0] and merged[i + 1] == pair[1]:
            merged[i : i + 2] = [new_id]
        i += 1
    return merged
""",
    ),
    Accepted.whole(
        "the second half turns the first into the new token, if that is still there",
        """def merge_pair(ids, pair, new_id):
    merged, free = [], False
    for token in ids:
        if free and (merged[-1], token) == pair:
            merged[-1], free = new_id, False
        else:
            merged.append(token)
            free = True
    return merged
""",
    ),
]
