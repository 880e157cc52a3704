"""How something is called, as data: what the jail says of a function's parameters. A claim, and taken for no more.

Whoever lies about a signature gets another sentence about a wrong call, or another wrong call.
"""

import inspect
from collections.abc import Callable
from typing import Any

from course_utils.jail.talk.codec import Codec, Unsendable
from course_utils.jail.talk.names import plain_name

MOST_SHOWN = 200  # characters of an annotation or a default
MOST_PARAMETERS = 100


class Shown:
    """Something that is only shown: an annotation, a default value that doesn't cross."""

    def __init__(self, text: str) -> None:
        self.text = text[:MOST_SHOWN]

    def __repr__(self) -> str:
        return self.text


def signature_data(codec: Codec, target: Callable[..., Any]) -> Any:
    """The signature for the wire; None where there is none."""
    try:
        signature = inspect.signature(target)
        parameters = [_parameter(codec, one) for one in list(signature.parameters.values())[:MOST_PARAMETERS]]
        result = signature.return_annotation
        empty = result is inspect.Signature.empty
        return [parameters, None if empty else inspect.formatannotation(result)[:MOST_SHOWN]]
    except Exception:  # objects that answer with nonsense, or not at all
        return None


def _parameter(codec: Codec, one: inspect.Parameter) -> Any:
    annotation = None if one.annotation is one.empty else inspect.formatannotation(one.annotation)[:MOST_SHOWN]
    if one.default is one.empty:
        return [one.name, int(one.kind), annotation]
    if isinstance(one.default, bool | int | float | str | None):
        try:
            return [one.name, int(one.kind), annotation, "value", codec.encode(one.default)]
        except Unsendable:
            pass
    return [one.name, int(one.kind), annotation, "shown", repr(one.default)[:MOST_SHOWN]]


def signature_of(codec: Codec, data: Any) -> inspect.Signature | None:
    """The signature that the data describes. Raises ValueError or TypeError for data that describes none."""
    if data is None:
        return None
    parameters, result = data
    if not isinstance(parameters, list) or len(parameters) > MOST_PARAMETERS:
        raise ValueError("no parameters")
    return inspect.Signature(
        [_read(codec, *one) for one in parameters],
        return_annotation=inspect.Signature.empty if result is None else Shown(str(result)),
    )


def _read(codec: Codec, name: str, kind: int, annotation: Any, how: str = "", default: Any = None) -> inspect.Parameter:
    if not plain_name(name):
        raise ValueError("no name of a parameter")
    given: Any = inspect.Parameter.empty
    if how:
        given = codec.decode(default) if how == "value" else Shown(str(default))
    return inspect.Parameter(
        name,
        inspect._ParameterKind(kind),
        default=given,
        annotation=inspect.Parameter.empty if annotation is None else Shown(str(annotation)),
    )
