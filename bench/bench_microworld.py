"""How fast the microworld writes, beside two simpler writers measured in the same run, all on one core.

Prints words a second and how many times as long a word takes as with `random.choice` and `str.join` alone (the least
that drawing words at random costs in Python), and as in the small grammar of `data/sentences.py`.
Run from the course's folder: `python bench/bench_microworld.py [--passages 20000] [--kinds]`.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable

from course_utils.data.microworld.registry import KINDS, VOCABULARY
from course_utils.data.microworld.text import Microworld
from course_utils.data.microworld.tokenizer import encode_passage
from course_utils.data.sentences import Sentences

ROUNDS = 5
PASSAGE = 20  # words a passage of the bare loop, about as many as the microworld's have


def passages(count: int, kind: str | None = None) -> int:
    """Passages with labels, marks and surprise; the number of their words."""
    return sum(len(passage.words) for passage in Microworld(1).some(count, kind))


def tokens(count: int) -> int:
    """The same as tokens."""
    return sum(len(encode_passage(passage)) for passage in Microworld(1).some(count))


def rows(count: int) -> int:
    """Rows to train on."""
    return Microworld(1).batch(count * PASSAGE // 128, 128).numel()


def bare(count: int) -> int:
    """Words drawn one by one and joined, no grammar and no labels."""
    choice = random.Random(1).choice
    texts = [" ".join([choice(VOCABULARY) for _ in range(PASSAGE)]) for _ in range(count)]
    return PASSAGE * len(texts)


def sentences(count: int) -> int:
    """The small grammar, as rows of tokens."""
    return Sentences(1).batch(count * PASSAGE // 128, 128).numel()


def speed(write: Callable[[int], int], count: int) -> float:
    """Words a second, once."""
    started = time.perf_counter()
    return write(count) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=20_000)
    parser.add_argument("--kinds", action="store_true", help="each kind of text as well")
    told = parser.parse_args()
    ways: dict[str, Callable[[int], int]] = {
        "microworld: passages": passages,
        "microworld: tokens": tokens,
        "microworld: rows": rows,
        "bare loop": bare,
        "sentences.py: rows": sentences,
    }
    if told.kinds:
        ways |= {f"  {kind}": lambda count, kind=kind: passages(count, kind) for kind in KINDS}  # type: ignore[misc]
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):  # in turns, so that a busy moment hits all alike
        for name, write in ways.items():
            found[name].append(speed(write, told.passages))
    middle = {name: statistics.median(speeds) for name, speeds in found.items()}
    print(f"The microworld, {told.passages} passages; medians of {ROUNDS} rounds")
    for name, fast in middle.items():
        ratios = "  ".join(f"{middle[rival] / fast:5.2f} x {rival}" for rival in ("bare loop", "sentences.py: rows"))
        print(f"  {name:22} {fast / 1e6:6.2f} M words/s   time a word: {ratios}")


if __name__ == "__main__":
    main()
