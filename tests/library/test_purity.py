"""What an exercise's reference reads from around it."""

import pytest

from course_utils.authoring.purity import impure_names

MODULE = "import torch\nfrom torch import nn, Tensor\nimport os.path as p\nimport a.b\nscale = 2\n\ndef helper(x):\n    return x\n"


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("def f(x):\n    return torch.exp(nn.functional.relu(x)) + p.sep + a.b.c", []),
        ("def f(x):\n    return scale * helper(x)", ["helper", "scale"]),
        ("def f(x):\n    return [scale for _ in x]", ["scale"]),
        ("def f(x):\n    return lambda: scale", ["scale"]),
        ("def f(x, y=scale):\n    return y", ["scale"]),
        ("def f(x: scale) -> helper:\n    return x", ["helper", "scale"]),
        ("def f(x):\n    scale = 3\n    return scale * len(x)", []),
        ("def f(n):\n    return f(n - 1)", []),
        (
            "class F(nn.Module):\n    size = 3\n    half = size / 2\n\n    def forward(self, x):\n        return super().forward(x) * self.size",
            [],
        ),
        ("class F(helper):\n    def forward(self, x):\n        return F", ["helper"]),
        ("@helper\ndef f(x):\n    return x", ["helper"]),
    ],
)
def test_names(source, names):
    name = "F" if "class F" in source else "f"
    assert impure_names(source, name, MODULE) == names
