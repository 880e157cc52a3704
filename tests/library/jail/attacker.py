"""The driver that the tests put into the jail: runs the code of each line that it is sent, and says what came of it."""

import json


def main(sock):
    lines = sock.makefile("rw", encoding="utf-8")
    for line in lines:
        names = {"sock": sock, "lines": lines}
        try:
            exec(json.loads(line), names)
            reply = {"value": names.get("value")}
        except BaseException as error:
            reply = {"raised": type(error).__name__, "errno": getattr(error, "errno", None)}
        lines.write(json.dumps(reply) + "\n")
        lines.flush()
