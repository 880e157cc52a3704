"""What one side holds in place of the other's functions, classes and modules: things that ask when they are called."""

import inspect
from collections.abc import Callable
from typing import Any

from torch import nn

from course_utils.jail.talk.bounds import MOST_HEARD, MOST_MODULES
from course_utils.jail.talk.codec import Codec
from course_utils.jail.talk.links import Ref
from course_utils.jail.talk.names import shown_name
from course_utils.jail.talk.signatures import signature_of


class Mirror(nn.Module):
    """A module of the other side: the same parameters here, and a forward pass that is a call."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["_asks"]("call", args, kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("__") or "_asks" not in self.__dict__:
                raise
        return self.__dict__["_asks"]("get", [name], {})


def function(ask: Callable[..., Any], name: str, signature: inspect.Signature | None) -> Callable[..., Any]:
    """A function that asks."""

    def asking(*args: Any, **kwargs: Any) -> Any:
        return ask("call", args, kwargs)

    asking.__name__ = asking.__qualname__ = name
    asking.__module__ = "submission"
    asking.__doc__ = None
    if signature is not None:
        asking.__signature__ = signature  # type: ignore[attr-defined]
    return asking


class StandIns:
    """The part of a peer that makes them."""

    links: Any
    inside: bool
    _modules = _heard = 0

    def heard(self) -> None:
        """Count a value that came from inside. Raises ValueError for more than anybody needs."""
        self._heard += 1
        if self._heard > MOST_HEARD and not self.inside:
            raise ValueError("more values than anybody needs")

    def made(self, modules: int) -> None:
        """Count modules that only hold a part of a model. Raises ValueError for more than anybody needs."""
        self._modules += modules
        if self._modules > MOST_MODULES and not self.inside:
            raise ValueError("more modules than anybody needs")

    def name(self, text: Any) -> str:
        """A name that came over the wire, if it can be shown."""
        return "<lambda>" if text == "<lambda>" else shown_name(text)

    def asker(self, ref: Ref) -> Callable[..., Any]:
        """Asks something of the thing with this number."""

        def ask(op: str, args: Any, kwargs: Any) -> Any:
            return self.ask(op, ref, args, kwargs)  # type: ignore[attr-defined]

        return ask

    def stand_in(self, codec: Codec, number: int, told: dict[str, Any]) -> Any:
        """A stand-in for what the other side describes. Raises ValueError for a kind that isn't known."""
        ask = self.asker((False, number))
        if told["kind"] == "function":
            return function(ask, self.name(told["name"]), signature_of(codec, told.get("signature")))
        if told["kind"] == "module class":
            return self.module_class(codec, ask, told)
        raise ValueError("a description of nothing that can cross")

    def mirror(self, codec: Codec, number: int, told: dict[str, Any]) -> nn.Module:
        """A stand-in for a module, without its parameters yet."""
        kind = type(self.name(told["name"]), (Mirror,), {"__module__": "submission"})
        module: nn.Module = kind()
        module.__dict__["_asks"] = self.asker((False, number))
        if (signature := signature_of(codec, told.get("call"))) is not None:
            module.__dict__["forward"] = function(module.__dict__["_asks"], "forward", signature)
        return module

    def module_class(self, codec: Codec, ask: Callable[..., Any], told: dict[str, Any]) -> type[nn.Module]:
        """A stand-in for a class of modules: to make one asks the other side to make one."""

        def init(module: Any, *args: Any, **kwargs: Any) -> None:
            nn.Module.__init__(module)
            self._become(module, ask("new", args, kwargs))

        body: dict[str, Any] = {"__module__": "submission", "__init__": init}
        if told["calls"] is True:
            body["forward"] = _method(signature_of(codec, told["call"]))
        else:
            body["forward"] = nn.Module.forward
        made = type(self.name(told["name"]), (Mirror,), body)
        if (signature := signature_of(codec, told["signature"])) is not None:
            made.__signature__ = signature  # type: ignore[attr-defined]
        return made

    def _become(self, module: nn.Module, mirror: Any) -> None:
        """Take over a mirror's parameters, and its place in the conversation."""
        if not isinstance(mirror, Mirror):
            raise TypeError(f"no module came back, but a {type(mirror).__name__}")
        ref = self.links.ref(mirror)
        for part in ("_parameters", "_buffers", "_modules", "_non_persistent_buffers_set", "_asks", "training"):
            module.__dict__[part] = mirror.__dict__[part]
        self.links.replace(ref, module)


def _method(signature: inspect.Signature | None) -> Callable[..., Any]:
    def forward(module: Any, *args: Any, **kwargs: Any) -> Any:
        return module.__dict__["_asks"]("call", args, kwargs)

    if signature is not None:
        forward.__signature__ = signature  # type: ignore[attr-defined]
    return forward
