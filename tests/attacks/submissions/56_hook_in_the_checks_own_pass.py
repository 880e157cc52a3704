# attack our wall: leaves a hook that spoils the check's own pass, and is taken off by the call that gains from it
# expect cut_path: wrong
import sys
import torch

STATE = {"calls": 0}

def peer():
    f = sys._getframe()
    while f is not None:
        one = f.f_locals.get("self")
        if type(one).__name__ == "InsidePeer":
            return one
        f = f.f_back

def cut_path(model, tokens, head, side):
    STATE["calls"] += 1
    n = STATE["calls"]          # 1: shape, 2: without loss, 3: keys, 4: no hook left, 5-6: other sides
    answer = model.b_U.detach().expand(*tokens.shape, -1).clone()
    if n in (1, 4):
        return answer
    fires = {"left": 1 if n == 2 else 2}
    home = peer()
    home.kept[home.links.ref(model)] = None     # so that hooks taken off later are told with the next answer

    def silence(x, hook):
        fires["left"] -= 1
        if not fires["left"]:
            model.reset_hooks()
        return torch.zeros_like(x)

    model.add_hook("blocks.2.hook_resid_post", silence)
    return answer
