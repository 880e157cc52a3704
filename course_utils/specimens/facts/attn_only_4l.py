"""What attn-only-4l does: it finds out who is given something, by heads alone."""

from course_utils.specimens.facts.induction import INDUCTION
from course_utils.specimens.facts.ioi import IOI

FACTS = (*IOI, *INDUCTION)
