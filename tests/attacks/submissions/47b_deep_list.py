# attack 47: lists ten thousand deep
# expect merge_pair: wrong
def merge_pair(ids, pair, new_id):
    answer = []
    for _ in range(10_000):
        answer = [answer]
    return answer
