# attack our wall: a model whose parameters' names ask for half a million modules
# expect merge_pair: crashed
import sys


def letters(n):
    return "abcdefghijklmnopqrstuvwxyz"[n % 26] + (letters(n // 26) if n >= 26 else "")


def answer(codec, value):
    import torch

    codec.tensors.append(torch.ones(1))
    first = ["w", ["P", 1000, len(codec.tensors) - 1, False, None]]
    names = [[letters(n) + ".a" * 14 + ".w", ["@", "m", 1000]] for n in range(30_000)]
    return ["M", 999, {"name": "M", "training": True}, [first, *names], []]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
