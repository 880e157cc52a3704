# attack 20: a thread changes the answer after it was given
# expect gelu_new: wrong
import threading
import time
import torch

def gelu_new(x):
    answer = torch.zeros_like(x)

    def later():
        time.sleep(0.001)
        answer.copy_(0.5 * x * (1 + torch.tanh(0.7978845608 * (x + 0.044715 * x**3))) + 1)

    threading.Thread(target=later, daemon=True).start()
    return answer
