"""What the client sends to the server: one submission and the exercise to judge it by. Imports no torch."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from course_utils.catalog import Exercise

# For the environment of a process that judges: as many run at once as there are processors, and a fork takes no thread
# of a maths library along.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
PING = "ping"  # a request that only asks whether the server is up; the reply is the same word


@dataclass(frozen=True)
class Request:
    """One submission to judge: everything that the child needs to know."""

    root: str
    exercise: Exercise
    path: str

    def to_json(self) -> str:
        return json.dumps({"root": self.root, "path": self.path, "exercise": asdict(self.exercise)})

    @classmethod
    def from_json(cls, text: str) -> Self:
        data = json.loads(text)
        record: dict[str, Any] = {}
        for key, value in data["exercise"].items():
            record[key] = tuple(value) if isinstance(value, list) else value
        return cls(data["root"], Exercise(**record), data["path"])
