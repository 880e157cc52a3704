"""On the path of a site under test: notes what its process writes and starts, in `watched` in its folder, and at the
signal SIGUSR1 which modules it has loaded, in `modules`.

Python's own audit events tell it, so nothing that the site is made of has to be replaced.
"""

import json
import os
import signal
import sys

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod"}
_STARTS = {"subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.startfile"}
MARK = "a_visitor_s_own_code"  # what the tests send as code holds it


def _watch(event, arguments):
    if event == "open":
        path, _, flags = arguments
        told = (flags or 0) & _WRITES and str(path) != os.devnull
    elif event == "compile":
        told = MARK in str(arguments[0])
    elif event == "socket.connect":
        told = isinstance(arguments[1], str | bytes)  # a Unix socket, such as the grader's
    else:
        told = event in _CHANGES or event in _STARTS
    if told:
        os.write(_log, (json.dumps([event, [str(argument)[:300] for argument in arguments]]) + "\n").encode())


def _tell_modules(*_):
    there = os.open(os.path.join(root, "modules"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.write(there, json.dumps(sorted(sys.modules)).encode())
    os.close(there)


if root := os.environ.get("GLASSBOX_ROOT"):
    _log = os.open(os.path.join(root, "watched"), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    sys.addaudithook(_watch)
    signal.signal(signal.SIGUSR1, _tell_modules)
    os.environ.pop("PYTHONPATH", None)  # what the site starts, such as the grader, is not watched
