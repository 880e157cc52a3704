# attack 47: a list that holds itself
# expect merge_pair: wrong
def merge_pair(ids, pair, new_id):
    answer = []
    answer.append(answer)
    return answer
