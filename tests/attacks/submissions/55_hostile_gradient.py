# attack our wall: a gradient that answers with something else
# expect next_token_loss: wrong
import torch

class Odd(torch.autograd.Function):
    @staticmethod
    def forward(ctx, logits):
        ctx.shape = logits.shape
        return logits.new_zeros(())

    @staticmethod
    def backward(ctx, gradient):
        return torch.full((2, 2), float("nan"))

def next_token_loss(logits, tokens):
    return Odd.apply(logits)
