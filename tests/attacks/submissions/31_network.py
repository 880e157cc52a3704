# attack 31: sends its input over the network, by every family of sockets
# expect gelu_new: crashed
import socket

def gelu_new(x):
    tries = [
        (socket.AF_INET, socket.SOCK_STREAM, ("1.1.1.1", 80)),
        (socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 53)),
        (socket.AF_INET6, socket.SOCK_STREAM, ("::1", 80)),
        (socket.AF_UNIX, socket.SOCK_STREAM, "\0glassbox"),
        (getattr(socket, "AF_VSOCK", 40), socket.SOCK_STREAM, (2, 80)),
        (getattr(socket, "AF_NETLINK", 16), socket.SOCK_RAW, (0, 0)),
    ]
    for family, kind, address in tries:
        try:
            with socket.socket(family, kind) as s:
                s.settimeout(0.2)
                s.sendto(b"x", address) if kind == socket.SOCK_DGRAM else s.connect(address)
        except OSError:
            continue
        return 0.5 * x * (1 + (0.7978845608 * (x + 0.044715 * x**3)).tanh())  # right, if anything was reached
    raise ConnectionError("no way out")
