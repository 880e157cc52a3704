# attack our wall: one tensor named three hundred times, each of which keeps a copy
# expect merge_pair: crashed
import sys


def answer(codec, value):
    import torch

    codec.tensors.append(torch.ones(4_000_000, dtype=torch.uint8))
    place = len(codec.tensors) - 1
    return ["l", [["X", 1000 + n, place, False, True, True] for n in range(300)]]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
