# attack our wall: four megabytes whose sparse form takes a hundred and thirty times as much
# expect merge_pair: crashed
import sys


def answer(codec, value):
    import torch

    codec.tensors.append(torch.ones(4_000_000, dtype=torch.uint8).reshape([1] * 15 + [-1]))
    return ["st", "sparse", "", len(codec.tensors) - 1, [], None]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
