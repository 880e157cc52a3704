# attack our wall: a thing of many parts, named again and again: each time all its parts would be gone through
# expect merge_pair: crashed
import sys


def answer(codec, value):
    many = ["bag", 1000, [["bag", 1001 + n, []] for n in range(40_000)]]
    return ["l", [many, *[["@", "m", 1000]] * 60_000]]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
