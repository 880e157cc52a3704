# attack 27: reads memory, arguments and environment of other processes
# expect gelu_new: crashed
import os

def gelu_new(x):
    found = []
    for number in [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()]:
        for what in ("environ", "maps", "mem"):
            try:
                with open(f"/proc/{number}/{what}", "rb") as file:
                    text = file.read(1 << 16)
            except OSError:
                continue
            if b"canary" in text or b"GLASSBOX_SECRET" in text or (what != "environ" and text):
                found.append((number, what, text[:200]))
    if found:
        raise MemoryError(str(found))
    raise LookupError("nobody else here")
