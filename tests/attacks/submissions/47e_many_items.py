# attack 47: a hundred million items
# expect merge_pair: out_of_memory timeout
def merge_pair(ids, pair, new_id):
    return [0] * 100_000_000
