# attack our wall: spoils the check's constant, so that the check seems to be at fault
# expect logit_difference: wrong
import sys, torch
def logit_difference(logits, recipient, giver, per_prompt=False):
    secret = 424242
    logits.fill_(5.0)
    d = sys.modules['course_utils.jail.talk.driver']
    old = d.told_of
    def told(*a):
        t = old(*a); t["at"] = None
        return t
    d.told_of = told
    raise IndexError("x")
