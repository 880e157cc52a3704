# attack our wall: answers with the measures of a model that would fill the grader's memory
# expect logit_difference: crashed
import sys, torch
def logit_difference(logits, recipient, giver, per_prompt=False):
    F = sys.modules['course_utils.jail.talk.codec']
    from dataclasses import fields
    from course_utils.model import HookedTransformerConfig
    full = HookedTransformerConfig(n_layers=1, d_model=8, n_heads=1, d_head=8, n_ctx=8, d_vocab=8, attn_only=True)
    cfg = dict(d_model=20000, d_vocab=20000, d_vocab_out=20000)
    opts = {f.name: getattr(full, f.name) for f in fields(HookedTransformerConfig)} | cfg
    def enc(v):
        if v is None or isinstance(v, (bool, int, float)): return v
        if isinstance(v, torch.dtype): return ["dt", "float32"]
        return str(v.value if hasattr(v, "value") else v)
    plain = [[k, enc(v)] for k, v in opts.items()]
    F.Codec.encode = lambda self, value: ["H", 12345, plain, [], False, [], []]
    return 1
