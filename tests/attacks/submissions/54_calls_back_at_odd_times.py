# attack our wall: a thread calls back into the check after the answer was given
# expect generate_with_cache: crashed wrong
import threading
import time

def generate_with_cache(step, prompt, n_new):
    def later():
        for _ in range(100):
            time.sleep(0.001)
            try:
                step(prompt, None)
            except Exception:
                pass

    threading.Thread(target=later, daemon=True).start()
    return prompt
