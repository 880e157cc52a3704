"""What the checks gave to the thing under test, what came back, and what the checks said of it: for the gate."""

import functools
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

from torch import nn

from course_utils.authoring.data_of import data_of


class Unknown(Exception):
    """There is no answer to this call among those that were written down."""


class Record:
    """What the checks gave to a function or class and said of it, check by check, and what a function answered."""

    def __init__(self, thing: Any) -> None:
        self.thing, self.answers = thing, list[Any]()
        self.asked, self.said = dict[str, list[bytes]](), dict[str, list[str]]()
        self._check = ""
        self.is_about_names = True  # a question about a specimen, say: nothing else can be asked

    def begin(self, check: str) -> None:
        """What comes from here on is asked by this check."""
        self._check = check

    def hear(self, says: str) -> None:
        """The check that is running has a sentence ready for whoever fails it."""
        self.said.setdefault(self._check, []).append(says)

    def noting(self) -> Any:
        """A stand-in for the thing that behaves the same, and is written down."""
        return self._noting_class() if isinstance(self.thing, type) else self._noting_function()

    def _note(self, given: list[Any]) -> None:
        self.asked.setdefault(self._check, []).append(data_of(given))
        self.is_about_names &= bool(given) and all(isinstance(value, str) for value in given)

    def _noting_function(self) -> Callable[..., Any]:
        @functools.wraps(self.thing)
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._note([*args, *kwargs.values()])
            try:
                answer = self.thing(*args, **kwargs)
            except Exception as error:
                self.answers.append(error)
                raise
            self.answers.append(answer)
            return self._noted(answer) if isinstance(answer, FunctionType) else answer

        return noted

    def _noted(self, function: Callable[..., Any], given_before: Callable[..., list[Any]] | None = None) -> Any:
        @functools.wraps(function)
        def noted(*args: Any, **kwargs: Any) -> Any:
            self._note([*args, *kwargs.values()] if given_before is None else given_before(*args, **kwargs))
            return function(*args, **kwargs)

        return noted

    def _noting_class(self) -> type:
        """A subclass. A method is given its arguments, and the weights that were put in since the object was made."""
        cls, kept = (
            self.thing,
            list[tuple[Any, dict[str, bytes]]](),
        )  # objects, and the weights that they made themselves

        @functools.wraps(cls.__init__)
        def init(made: Any, *args: Any, **kwargs: Any) -> None:
            self._note([*args, *kwargs.values()])
            cls.__init__(made, *args, **kwargs)
            kept.append((made, dict(_weights(made))))

        def given(made: Any, *args: Any, **kwargs: Any) -> list[Any]:
            own = next((weights for one, weights in kept if one is made), {})
            return [*args, *kwargs.values(), *(data for name, data in _weights(made) if own.get(name) != data)]

        methods = {name: self._noted(item, given) for name, item in vars(cls).items() if isinstance(item, FunctionType)}
        return type(cls)(cls.__name__, (cls,), methods | {"__init__": init, "__module__": cls.__module__})

    def recalling(self) -> Callable[..., Any]:
        """The answers of a function alone, in their order, whatever is asked."""
        left = iter(self.answers)

        @functools.wraps(self.thing)
        def recalled(*args: Any, **kwargs: Any) -> Any:
            answer = next(left, Unknown())
            if isinstance(answer, Exception):
                raise answer
            return answer

        return recalled


def _weights(made: Any) -> Iterator[tuple[str, bytes]]:
    for name, weight in made.named_parameters() if isinstance(made, nn.Module) else ():
        yield name, data_of(weight.detach())
