"""What the client sends to the server: one submission and the exercise to judge it by. Imports no torch."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

from course_utils.catalog import Exercise

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
