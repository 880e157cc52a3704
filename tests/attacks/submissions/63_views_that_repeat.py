# attack our wall: views of one tensor, each sixty times as large as what it lies in
# expect merge_pair: crashed
import sys


def answer(codec, value):
    import torch

    codec.tensors.append(torch.ones(4_000_000, dtype=torch.uint8))
    whole = ["t", len(codec.tensors) - 1, None]
    return ["w", whole, 0, [60, 4_000_000], [0, 1]]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
