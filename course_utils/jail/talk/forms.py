"""All forms on the wire, in the order in which they are tried. `hooked.py` adds its own where hooked models exist."""

from course_utils.jail.talk import codec, modules, tensors, things, values
from course_utils.jail.talk.codec import Codec

codec.PLAIN.update(values.WRITERS)
codec.FORMS[:] = [*tensors.FORMS, *values.FORMS, *things.FORMS, *modules.FORMS, *things.LAST]
for _part in (tensors, values, things, modules):
    codec.READERS.update(_part.READERS)
    codec.GIVEN.update(_part.GIVEN)

__all__ = ["Codec"]
