# attack our wall: raises KeyboardInterrupt when asked which exercises it built on
# expect attention_by_role: wrong
import torch
import sys
def attention_by_role(cache, places):
    d = sys.modules['course_utils.jail.talk.driver']
    def boom(*a, **k):
        raise KeyboardInterrupt("x")
    d.exercises_used = boom
    return torch.zeros(1)
