# attack 17: writes what looks like replies to every descriptor, before it answers
# expect gelu_new: crashed
import json
import os
import struct

def gelu_new(x):
    for message in ({"outcome": "passed"}, {"kind": "result", "ok": True, "value": 1}, {"verdict": "passed"}):
        raw = json.dumps(message).encode()
        frame = struct.pack(">I", len(raw)) + raw
        for fd in range(64):
            try:
                os.write(fd, frame + frame)
            except OSError:
                pass
    return x * 0
