"""Commands about the learner's machine: doctor, site."""

import contextlib
import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from urllib.parse import urlsplit

import typer

from course_utils.catalog import CourseError, course_root, load_catalog
from course_utils.learner.public import PUBLIC, is_loopback, told_public
from course_utils.learner.screen import SITE_PORT, as_typed, command, paint, shown_path

_TRIED = 50  # ports after the one asked for

Port = Annotated[int, typer.Option(min=1, max=65535, help="Where to serve it; if taken, the next free one.")]
Address = Annotated[str, typer.Option(help="Where to listen, such as 0.0.0.0; others may reach that.")]
Public = Annotated[bool, typer.Option("--public", help="For visitors: runs nobody's code, writes nothing here.")]
Url = Annotated[
    str, typer.Option(help="What visitors type, such as https://example.org/course, if a proxy is before it.")
]
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


def site(
    port: Port = SITE_PORT,
    no_browser: NoBrowser = False,
    public: Public = False,
    address: Address = "localhost",
    url: Url = "",
) -> None:
    """Read the course in a browser, with a button that checks your file. Stop it with Ctrl-C."""
    root = course_root()
    page = root / "app" / "main.py"
    if not page.is_file():
        raise CourseError(f"The site is missing ({page}): get the course again, app/ included.")
    public = public or told_public() is True
    if url and not (urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname):
        raise CourseError(f"--url {url} is no address: write it as https://example.org/course.")
    _refuse_strangers(address if not is_loopback(address) else urlsplit(url).hostname or address, public)
    free = free_port(port, address)
    if free != port and url:
        raise CourseError(f"Port {port} is taken, and the proxy before {url} looks for the site there: free it.")
    if free != port:
        typer.echo(f"Port {port} is taken by another program (another site that is still open?): using {free} instead.")
    here = url or f"http://{_shown(address)}:{free}"
    _say_where(root, here, public)
    if not no_browser and not url and has_screen():
        threading.Thread(target=_open_when_ready, args=(free, here), daemon=True).start()
    told = {PUBLIC: "1"} if public else {}
    status = _serve(_streamlit(page, free, address, url), root, told)
    raise typer.Exit(status if status >= 0 else 0)


def _refuse_strangers(address: str, public: bool) -> None:
    """A site that runs code must not be within reach of others by accident."""
    if public or is_loopback(address):
        return
    if told_public() is None:
        raise CourseError(
            f"At {address} others could reach this site, and it runs the code that is typed into it. Add --public, and "
            f"nobody's code runs; or set {PUBLIC}=0 if nobody but you reaches that address (inside a container, say)."
        )
    typer.echo(
        f"Careful: {PUBLIC}={os.environ[PUBLIC]}, so whoever reaches {address} can run any code on this machine."
    )


def _serve(command: list[str], root: Path, told: Mapping[str, str] = MappingProxyType({})) -> int:
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
        child = subprocess.Popen(command, cwd=root, env=os.environ | told | {"GLASSBOX_ROOT": str(root)})
        if ended:  # before there was anything to end
            child.terminate()
        return child.wait()
    if child:
        child.terminate()
        child.wait()
    return 0


def free_port(wanted: int, address: str = "localhost") -> int:
    """The first port from `wanted` on that nobody listens on at `address`.

    Raises CourseError when there is none near, or when `address` isn't one of this machine's.
    """
    nowhere = CourseError(f"{address} is no address of this machine: leave --address away, or name one.")
    try:
        family, *_, place = socket.getaddrinfo(address, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise nowhere from error
    for port in range(wanted, min(wanted + _TRIED, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")
            try:
                probe.bind((place[0], port))
                return port
            except OSError as error:
                if error.errno == errno.EADDRNOTAVAIL:
                    raise nowhere from error
    raise CourseError(f"Ports {wanted} to {wanted + _TRIED - 1} are all taken: name a free one with --port.")


def has_screen() -> bool:
    """Whether a browser could open here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _say_where(root: Path, address: str, public: bool) -> None:
    """What a newcomer needs to know while the page loads."""
    typer.echo(f"The course:   {address}   (Ctrl-C stops it)")
    if public:
        typer.echo("Public:       nobody's code runs here; each visitor's progress stays in their browser.")
        return
    for i, chapter in enumerate(load_catalog(root).chapters):
        label = "Your files:" if i == 0 else ""
        typer.echo(f"{label:13} {shown_path(chapter.script, root)}   (or the .ipynb beside it: they are one document)")
    typer.echo(f"On each save: {command()} watch   (in another terminal: checks what you edited)")
    sys.stdout.flush()


def _shown(address: str) -> str:
    """The address as a browser on this machine would call it."""
    if address in ("0.0.0.0", "::"):
        return "localhost"
    return f"[{address}]" if ":" in address else address


def _streamlit(page: Path, port: int, address: str, url: str) -> list[str]:
    options = {
        "server.port": port,
        "server.address": address,
        # Never its own browser or its question for an e-mail address: we open the page, or say where it is.
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
        "logger.hideWelcomeMessage": "true",  # we said where it is
        "logger.level": "warning",  # nor a line on the server that carries it
    }
    if url:
        parts = urlsplit(url)
        options |= {
            "server.baseUrlPath": parts.path.strip("/"),
            "server.corsAllowedOrigins": f"{parts.scheme}://{parts.netloc}",
            "browser.serverAddress": parts.hostname or "",
        }
    flags = [f"--{key}={value}" for key, value in options.items()]
    return [sys.executable, "-m", "streamlit", "run", str(page), *flags]


def _open_when_ready(port: int, address: str) -> None:
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("localhost", port), timeout=1):
            webbrowser.open(address)
            return
        time.sleep(0.2)
