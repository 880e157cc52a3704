# attack our wall: sixty bytes that are a list of forty million items once they are read
# expect merge_pair: crashed
import sys


def answer(codec, value):
    return ["sub", "L", "list", ["rg", 0, 40_000_000, 1]]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
