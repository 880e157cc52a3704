# attack 47: an integer of a million digits
# expect merge_pair: wrong
def merge_pair(ids, pair, new_id):
    return [10**1_000_000]
