"""The data in a value, as a digest: the same for two values whose numbers and texts are."""

import hashlib
from types import FunctionType, MethodType
from typing import Any

from torch import Tensor

from course_utils.model import ActivationCache

_OPAQUE = (type, type(hashlib), property)  # classes and modules are the same in every run


def data_of(value: Any) -> bytes:
    """A digest of the numbers and texts that can be reached from `value`: through containers, objects and closures.

    >>> data_of([1, "a"]) == data_of([1, "a"]), data_of([1, "a"]) == data_of([2, "a"])
    (True, False)
    """
    return hashlib.blake2b(repr(_plain(value, {})).encode(), digest_size=16).digest()


def _plain(value: Any, met: dict[int, Any]) -> Any:
    """The value in lists, numbers and texts. met: objects by their numbers, kept so that no other gets the number."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return value
    if id(value) in met:
        return "met before"
    met[id(value)] = value
    if isinstance(value, Tensor):
        return [_tensor(value), _plain(value.grad if value.is_leaf else None, met)]
    if isinstance(value, dict):
        return [(str(key), _plain(item, met)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return [_plain(item, met) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(repr(_plain(item, met)) for item in value)
    return [type(value).__name__, *(_plain(part, met) for part in _parts(value))]


def _tensor(value: Tensor) -> list[Any]:
    plain = value.detach().cpu().contiguous()
    return [list(plain.shape), str(plain.dtype), hashlib.blake2b(plain.numpy().tobytes(), digest_size=16).hexdigest()]


def _parts(value: Any) -> list[Any]:
    if isinstance(value, FunctionType):
        cells = value.__closure__ or ()
        return [value.__defaults__, value.__kwdefaults__, *(cell.cell_contents for cell in cells)]
    if isinstance(value, MethodType):
        return [value.__self__, value.__func__]
    if isinstance(value, ActivationCache):
        # Its model is there for the sizes; what it was drawn from makes no difference.
        return [dict(value.items())]
    return [] if isinstance(value, _OPAQUE) else [getattr(value, "__dict__", None)]
