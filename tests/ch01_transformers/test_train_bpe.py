"""Checks for train_bpe, coarse to fine. It is handed parts that are right, written out slowly here."""

import torch

from course_utils.grading import Accepted, Mutant, Wrong, agree


class NoPair(ValueError):
    """What the part below raises when it is asked for a pair and there is none."""


def most_frequent_pair(words):
    counts = {}
    for word in words:
        for i in range(len(word) - 1):
            counts[word[i], word[i + 1]] = counts.get((word[i], word[i + 1]), 0) + 1
    if not counts:
        raise NoPair("no word has two tokens left, so there is no pair")
    return min(counts, key=lambda pair: (-counts[pair], pair))


def merge_pair(ids, pair, new_id):
    for i in range(len(ids) - 1):
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            return [*ids[:i], new_id, *merge_pair(ids[i + 2 :], pair, new_id)]
    return list(ids)


def learn(train_bpe, words, n_merges):
    return train_bpe(words, n_merges, most_frequent_pair, merge_pair)


def test_one_merge_is_the_most_frequent_pair(train_bpe):
    agree(
        learn(train_bpe, [[1, 2, 3], [1, 2]], 1), [(1, 2)], "Asked for one merge: a list with the most frequent pair."
    )


def test_later_merges_build_on_earlier_ones(train_bpe):
    says = "The words 1 2 3, 1 2 3 and 1 2 are 256 3, 256 3 and 256 after the first merge: the second is (256, 3)."
    agree(learn(train_bpe, [[1, 2, 3], [1, 2, 3], [1, 2]], 2), [(1, 2), (256, 3)], says)


def test_each_merge_makes_a_token_of_its_own(train_bpe):
    says = (
        "The words are 1 2 3 4, 1 2 3 and 1 2: the first merge makes 256, the second 257, and the third can be 257 4."
    )
    words = [[1, 2, 3, 4], [1, 2, 3], [1, 2]]
    agree(learn(train_bpe, words, 3), [(1, 2), (256, 3), (257, 4)], says)


def test_every_word_counts_as_often_as_it_occurs(train_bpe):
    says = "The word 5 6 occurs three times, and so does its pair: a repeated word is not counted once."
    agree(learn(train_bpe, [[5, 6], [5, 6], [5, 6], [3, 4], [3, 4, 7]], 1), [(5, 6)], says)


def test_every_word_is_rewritten(train_bpe):
    says = (
        "The words are 1 2, 8 1 2, 1 2 9 and 4 1 2 9. The merge 1 2 has to be made in each of them, the last one too; "
        "only then is 256 9 the most frequent pair."
    )
    agree(learn(train_bpe, [[1, 2], [8, 1, 2], [1, 2, 9], [4, 1, 2, 9]], 2), [(1, 2), (256, 9)], says)


def test_stops_when_no_pair_is_left(train_bpe):
    says = "After one merge every word is a single token, so there is nothing more to learn: stop, with fewer merges."
    try:
        got = learn(train_bpe, [[1, 2], [1, 2], [3]], 4)
    except NoPair:
        says = (
            "After one merge every word is a single token. You asked most_frequent_pair for one more pair, and it "
            "raised a ValueError: make sure that some word still has two tokens, and stop if none has."
        )
        raise Wrong(says, [(1, 2)], kind="property") from None
    agree(got, [(1, 2)], says)


def test_it_holds_for_numbers_drawn_at_random(train_bpe):
    words = [torch.randint(3, (length,)).tolist() for length in (9, 8, 10)]
    now, expected = words, []
    for i in range(4):
        expected.append(most_frequent_pair(now))
        now = [merge_pair(word, expected[-1], 256 + i) for word in now]
    agree(learn(train_bpe, words, 4), expected, "Four merges, learnt from three words of random tokens.")


REWRITE = "words = [merge_pair(word, pair, new_id) for word in words]"
MUTANTS = [
    Mutant(
        "there is one merge too many",
        "range(256, 256 + n_merges)",
        "range(256, 257 + n_merges)",
        check="test_one_merge_is_the_most_frequent_pair",
    ),
    Mutant(
        "the caller's list of words is overwritten",
        REWRITE,
        "words[:] = [merge_pair(word, pair, new_id) for word in words]",
        check="test_one_merge_is_the_most_frequent_pair",
    ),
    Mutant(
        "the rewritten words are returned, and not the merges",
        "    return merges\n",
        "    return words\n",
        check="test_one_merge_is_the_most_frequent_pair",
    ),
    Mutant(
        "the rewritten words are not kept (`for word in words: word = …` doesn't change the list), or not all of them",
        REWRITE,
        "[merge_pair(word, pair, new_id) for word in words]",
        check="test_later_merges_build_on_earlier_ones",
    ),
    Mutant(
        "the new tokens are numbered from 0",
        REWRITE,
        "words = [merge_pair(word, pair, new_id - 256) for word in words]",
        check="test_later_merges_build_on_earlier_ones",
    ),
    Mutant(
        "the new tokens are numbered from 257",
        REWRITE,
        "words = [merge_pair(word, pair, new_id + 1) for word in words]",
        check="test_later_merges_build_on_earlier_ones",
    ),
    Mutant(
        "all merges make the same token",
        REWRITE,
        "words = [merge_pair(word, pair, 256) for word in words]",
        check="test_each_merge_makes_a_token_of_its_own",
    ),
    Mutant(
        "each different word is counted once",
        "    merges = []\n",
        "    merges = []\n    words = [list(word) for word in dict.fromkeys(map(tuple, words))]\n",
        check="test_every_word_counts_as_often_as_it_occurs",
    ),
    Mutant(
        "a merge is made only at the start of a word",
        REWRITE,
        "words = [merge_pair(word, pair, new_id) if word[:2] == [*pair] else word for word in words]",
        check="test_every_word_is_rewritten",
    ),
    Mutant(
        "the loop goes on when no pair is left",
        "            break\n",
        "            pass\n",
        check="test_stops_when_no_pair_is_left",
    ),
    Mutant(
        "the loop stops as soon as one word is a single token",
        "if all(len(word) < 2 for word in words):",
        "if any(len(word) < 2 for word in words):",
        check="test_later_merges_build_on_earlier_ones",
    ),
]

ACCEPTED = [
    Accepted(
        "asking for a pair, and stopping when that fails",
        """        if all(len(word) < 2 for word in words):
            break
        pair = most_frequent_pair(words)
""",
        """        try:
            pair = most_frequent_pair(words)
        except ValueError:
            break
""",
    ),
    Accepted.whole(
        "a while loop that asks the words for pairs",
        """def train_bpe(words, n_merges, most_frequent_pair, merge_pair):
    words, merges = [list(word) for word in words], []
    while len(merges) < n_merges and any(len(word) > 1 for word in words):
        merges.append(most_frequent_pair(words))
        for i in range(len(words)):
            words[i] = merge_pair(words[i], merges[-1], 255 + len(merges))
    return merges
""",
    ),
]
