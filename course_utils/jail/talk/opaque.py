"""Outside: what stands in for learners' objects that are neither data nor module, for generators and coroutines."""

from collections.abc import Callable, Iterator
from typing import Any

from course_utils.jail.talk.codec import Codec
from course_utils.jail.talk.signatures import signature_of


class Opaque:
    """Something of the learner's that stays inside; its attributes can be asked for."""

    @classmethod
    def named(cls, name: str, ask: Callable[..., Any]) -> Any:
        """One of a class of this name."""
        made = type(name, (cls,), {"__module__": "submission"})()
        made._ask = ask
        return made

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._ask("get", [name], {})


def _asker_of(thing: Any) -> Callable[..., Any]:
    if isinstance(thing, Opaque):
        found: Callable[..., Any] = thing._ask
        return found
    raise TypeError(f"no object came back, but a {type(thing).__name__}")


def walk(ask: Callable[..., Any]) -> Iterator[Any]:
    """A generator whose values are asked for one by one."""
    while True:
        done, value = ask("next", [], {})
        if done:
            return
        yield value


def coroutine() -> Any:
    """Something to await, for a learner's `async def`."""

    async def never() -> None: ...

    return never()


def opaque_class(codec: Codec, ask: Callable[..., Any], name: str, told: dict[str, Any]) -> type:
    """A class that is no module: what it makes stays inside."""

    def init(thing: Any, *args: Any, **kwargs: Any) -> None:
        thing._ask = _asker_of(ask("new", args, kwargs))

    body: dict[str, Any] = {"__module__": "submission", "__init__": init}
    if told["calls"] is True:
        signature = signature_of(codec, told["call"])

        def call(thing: Any, *args: Any, **kwargs: Any) -> Any:
            return thing._ask("call", args, kwargs)

        if signature is not None:
            call.__signature__ = signature  # type: ignore[attr-defined]
        body["__call__"] = call
    made = type(name, (Opaque,), body)
    if (signature := signature_of(codec, told["signature"])) is not None:
        made.__signature__ = signature  # type: ignore[attr-defined]
    return made
