"""Commands about the learner's machine: doctor, site."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from course_utils.catalog import CourseError, course_root, load_catalog
from course_utils.learner.screen import SITE_PORT, as_typed, command, paint, shown_path

_TRIED = 50  # ports after the one asked for

Port = Annotated[int, typer.Option(min=1, max=65535, help="Where to serve it; if taken, the next free one.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Only print the address.")]


def doctor() -> None:
    """Look whether everything that the course needs is there, and say how to mend what isn't."""
    from course_utils.learner.doctor import Level, examine

    colours = {Level.OK: "32", Level.WARN: "33", Level.FAIL: "31"}
    worst = Level.OK
    for finding in examine(course_root()):
        worst = max(worst, finding.level)
        typer.echo(f"{paint(f'{finding.level.name.lower():4}', colours[finding.level])}  {finding.says}")
        if finding.remedy:
            typer.echo(f"      {as_typed(finding.remedy)}")
    raise typer.Exit(1 if worst is Level.FAIL else 0)


def site(port: Port = SITE_PORT, no_browser: NoBrowser = False) -> None:
    """Read the course in a browser, with a button that checks your file. Stop it with Ctrl-C."""
    root = course_root()
    page = root / "app" / "main.py"
    if not page.is_file():
        raise CourseError(f"The site is missing ({page}): get the course again, app/ included.")
    free = free_port(port)
    if free != port:
        typer.echo(f"Port {port} is taken by another program (another site that is still open?): using {free} instead.")
    address = f"http://localhost:{free}"
    _say_where(root, address)
    if not no_browser and has_screen():
        threading.Thread(target=_open_when_ready, args=(free, address), daemon=True).start()
    status = _serve(_streamlit(page, free), root)
    raise typer.Exit(status if status >= 0 else 0)


def _serve(command: list[str], root: Path) -> int:
    """Run the site until it ends. It ends with this process too, unless that is killed outright."""
    child: subprocess.Popen[bytes] | None = None
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True
        if child:
            child.terminate()

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    with contextlib.suppress(KeyboardInterrupt):  # the terminal sends Ctrl-C to the site as well
        child = subprocess.Popen(command, cwd=root, env=os.environ | {"GLASSBOX_ROOT": str(root)})
        if ended:  # before there was anything to end
            child.terminate()
        return child.wait()
    if child:
        child.terminate()
        child.wait()
    return 0


def free_port(wanted: int) -> int:
    """The first port from `wanted` on that nobody listens on. Raises CourseError when there is none near."""
    for port in range(wanted, min(wanted + _TRIED, 65536)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise CourseError(f"Ports {wanted} to {wanted + _TRIED - 1} are all taken: name a free one with --port.")


def has_screen() -> bool:
    """Whether a browser could open here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say_where(root: Path, address: str) -> None:
    """What a newcomer needs to know while the page loads."""
    typer.echo(f"The course:   {address}   (Ctrl-C stops it)")
    for i, chapter in enumerate(load_catalog(root).chapters):
        label = "Your files:" if i == 0 else ""
        typer.echo(f"{label:13} {shown_path(chapter.script, root)}   (or the .ipynb beside it: they are one document)")
    typer.echo(f"On each save: {command()} watch   (in another terminal: checks what you edited)")
    sys.stdout.flush()


def _streamlit(page: Path, port: int) -> list[str]:
    options = {
        "server.port": port,
        "server.address": "localhost",
        # Never its own browser or its question for an e-mail address: we open the page, or say where it is.
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "logger.hideWelcomeMessage": "true",  # we said where it is
        "logger.level": "warning",  # nor a line on the server that carries it
    }
    flags = [f"--{key}={value}" for key, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(page), *flags]


def _open_when_ready(port: int, address: str) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
            webbrowser.open(address)
            return
        time.sleep(0.2)
