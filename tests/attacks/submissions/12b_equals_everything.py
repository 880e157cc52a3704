# attack 12: an object that equals whatever it is compared with
# expect merge_pair: wrong
class Equal(list):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    def __len__(self):
        return 4

    __hash__ = None

class One(int):
    def __eq__(self, other):
        return True

    def __ne__(self, other):
        return False

    __hash__ = int.__hash__

def merge_pair(ids, pair, new_id):
    return Equal([One(0)] * 4)
