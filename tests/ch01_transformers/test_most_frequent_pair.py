"""Checks for most_frequent_pair, coarse to fine."""

import torch

from course_utils.grading import Accepted, Mutant, agree


def test_finds_the_pair_that_occurs_most(most_frequent_pair):
    says = "(1, 2) stands in two of the words, every other pair in one: count over all words, then take the largest."
    agree(most_frequent_pair([[4, 5], [3, 1, 2], [1, 2], [0, 3]]), (1, 2), says)


def test_the_order_within_a_pair_matters(most_frequent_pair):
    says = "(2, 1) and (1, 2) are different pairs: 2 followed by 1 occurs twice, 1 followed by 2 once."
    agree(most_frequent_pair([[2, 1, 3], [2, 1, 4], [1, 2]]), (2, 1), says)


def test_pairs_stay_inside_a_word(most_frequent_pair):
    says = "Only (3, 4) stands inside a word here: the end of one word and the start of the next are no pair."
    agree(most_frequent_pair([[1], [2], [1], [2], [3, 4]]), (3, 4), says)


def test_a_pair_counts_as_often_as_it_occurs_in_a_word(most_frequent_pair):
    says = "(8, 9) occurs twice in the first word, and both count."
    agree(most_frequent_pair([[8, 9, 8, 9], [3, 4]]), (8, 9), says)


def test_overlapping_pairs_both_count(most_frequent_pair):
    says = "7 7 7 holds (7, 7) twice, once at each place where a 7 has a 7 as its right neighbour."
    agree(most_frequent_pair([[7, 7, 7], [3, 4]]), (7, 7), says)


def test_the_smaller_of_equally_frequent_pairs_wins(most_frequent_pair):
    says = (
        "Each pair occurs once, so the smallest wins, as Python compares tuples: (1, 9) < (1, 10) < (1, 12) < (3, 1)."
    )
    agree(most_frequent_pair([[4, 2], [5, 5], [3, 1], [1, 12], [1, 10], [1, 9]]), (1, 9), says)


def test_it_holds_for_numbers_drawn_at_random(most_frequent_pair):
    words = [torch.randint(4, (length,)).tolist() for length in (6, 1, 9, 5)]
    pairs = [(word[i], word[i + 1]) for word in words for i in range(len(word) - 1)]
    most = max(pairs.count(pair) for pair in pairs)
    says = "Four words of random tokens: the smallest of the pairs that occur most often in them."
    agree(most_frequent_pair(words), min(pair for pair in pairs if pairs.count(pair) == most), says)


CHOICE = "min(counts, key=lambda pair: (-counts[pair], pair))"
MUTANTS = [
    Mutant(
        "the rarest pair is returned",
        CHOICE,
        "min(counts, key=lambda pair: (counts[pair], pair))",
        check="test_finds_the_pair_that_occurs_most",
    ),
    Mutant.whole(
        "only the first word is looked at",
        """def most_frequent_pair(words):
    pairs = list(pairwise(words[0]))
    return max(sorted(pairs), key=pairs.count)
""",
        check="test_finds_the_pair_that_occurs_most",
    ),
    Mutant(
        "the last pair of each word is missed",
        "pairwise(word)",
        "pairwise(word[:-1])",
        check="test_finds_the_pair_that_occurs_most",
    ),
    Mutant(
        "a pair and its mirror image are counted together",
        "Counter(pair for word in words for pair in pairwise(word))",
        "Counter(tuple(sorted(pair)) for word in words for pair in pairwise(word))",
        check="test_the_order_within_a_pair_matters",
    ),
    Mutant.whole(
        "the words are joined before counting, so pairs reach across their borders",
        """def most_frequent_pair(words):
    counts = Counter(pairwise([token for word in words for token in word]))
    return min(counts, key=lambda pair: (-counts[pair], pair))
""",
        check="test_pairs_stay_inside_a_word",
    ),
    Mutant(
        "each pair is counted at most once a word",
        "for pair in pairwise(word))",
        "for pair in set(pairwise(word)))",
        check="test_a_pair_counts_as_often_as_it_occurs_in_a_word",
    ),
    Mutant.whole(
        "overlapping pairs are counted once",
        """def most_frequent_pair(words):
    counts = Counter()
    for word in words:
        i = 0
        while i < len(word) - 1:
            counts[word[i], word[i + 1]] += 1
            i += 2 if word[i : i + 3] == [word[i]] * 3 else 1
    return min(counts, key=lambda pair: (-counts[pair], pair))
""",
        check="test_overlapping_pairs_both_count",
    ),
    Mutant(
        "of equally frequent pairs the one that was met first wins",
        CHOICE,
        "max(counts, key=counts.get)",
        check="test_the_smaller_of_equally_frequent_pairs_wins",
    ),
    Mutant(
        "of equally frequent pairs the largest one wins",
        CHOICE,
        "max(counts, key=lambda pair: (counts[pair], pair))",
        check="test_the_smaller_of_equally_frequent_pairs_wins",
    ),
    Mutant(
        "of equally frequent pairs the one with the smallest second token wins",
        CHOICE,
        "min(counts, key=lambda pair: (-counts[pair], pair[1], pair[0]))",
        check="test_the_smaller_of_equally_frequent_pairs_wins",
    ),
    Mutant(
        "of equally frequent pairs only the first tokens are compared",
        CHOICE,
        "min(counts, key=lambda pair: (-counts[pair], pair[0]))",
        check="test_the_smaller_of_equally_frequent_pairs_wins",
    ),
    Mutant(
        "of equally frequent pairs the first in alphabetical order wins, where 10 comes before 9",
        CHOICE,
        "min(counts, key=lambda pair: (-counts[pair], str(pair)))",
        check="test_the_smaller_of_equally_frequent_pairs_wins",
    ),
]

ACCEPTED = [
    Accepted(
        "the pairs are sorted first, then max takes the first of the best",
        CHOICE,
        "max(sorted(counts), key=counts.get)",
    ),
    Accepted.whole(
        "a plain dictionary and zip",
        """def most_frequent_pair(words):
    counts = {}
    for word in words:
        for left, right in zip(word, word[1:]):
            counts[left, right] = counts.get((left, right), 0) + 1
    most = max(counts.values())
    return min(pair for pair, count in counts.items() if count == most)
""",
    ),
]
