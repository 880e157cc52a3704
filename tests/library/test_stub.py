import ast

import pytest

from course_utils.authoring.stub import replace_source, source_of, stub_of
from course_utils.catalog import CourseError, Exercise, course_root, load_catalog


def exercise(name, **more):
    return Exercise(name, "", 1, 1, (), (), **more)


BIG = '''\
# secret before
@register(  # secret
    kind="é",
)
class Net(nn.Module):  # secret
    """A net, é.

    Its docstring # keeps its signs.
    """  # secret

    W_Q: Float[Tensor, "head d_model"]  # secret
    size = 3
    table = {
        "a": 1,  # secret
        # secret
        "b": 2,
    }

    # secret
    def __init__(self, a: int) -> None:
        super().__init__()
        self.a = a  # given comment

    @property  # secret
    def one(self): return "é secret" # secret

    @staticmethod
    async def many(
        x: "é:",  # secret
        # secret
        y=lambda z: z,
    ) -> dict[str, int]:
        def inner(): return "secret"
        return inner()

    def _helper(self):
        return "secret"

    def __len__(self):
        "One line é." ; return secret

    if size == 3:
        secret = 1

    class Inner:
        def act(self): secret
# secret after
'''

BIG_STUB = '''\
@register(
    kind="é",
)
class Net(nn.Module):
    """A net, é.

    Its docstring # keeps its signs.
    """

    W_Q: Float[Tensor, "head d_model"]
    size = 3
    table = {
        "a": 1,
        "b": 2,
    }

    def __init__(self, a: int) -> None:
        super().__init__()
        self.a = a  # given comment

    @property
    def one(self):
        raise NotImplementedError("Net.one")

    @staticmethod
    async def many(
        x: "é:",
        y=lambda z: z,
    ) -> dict[str, int]:
        raise NotImplementedError("Net.many")

    def __len__(self):
        "One line é."
        raise NotImplementedError("Net.__len__")

    class Inner:
        def act(self):
            raise NotImplementedError("Net.Inner.act")'''


def test_a_class_keeps_its_outside_and_loses_every_body():
    stub = stub_of(BIG, exercise("Net", given=("__init__",)))
    assert stub == BIG_STUB
    ast.parse(stub)


@pytest.mark.parametrize(
    ("source", "stub"),
    [
        ("def f(x): return x", 'def f(x):\n    raise NotImplementedError("f")'),
        ("async def f():\n  await g()", 'async def f():\n  raise NotImplementedError("f")'),
        (
            "def f(a={1: 2}, *, b: 'x:y' = ':') -> 'z':\n    pass",
            "def f(a={1: 2}, *, b: 'x:y' = ':') -> 'z':\n    raise N",
        ),
        ("class A: x: int = 3; y = 4", "class A:\n    x: int = 3\n    y = 4"),
        ("class A:\n    ...", "class A:\n    pass"),
        ('class A:\n    t = """a # b\n\n    c"""', 'class A:\n    t = """a # b\n\n    c"""'),
    ],
)
def test_small_shapes(source, stub):
    assert stub_of(source, exercise(ast.parse(source).body[0].name)).startswith(stub)


def test_a_given_method_that_is_not_there_is_an_error():
    with pytest.raises(CourseError, match="forwards"):
        stub_of("class A:\n    def forward(self): ...", exercise("A", given=("forwards",)))


def test_a_cell_without_the_exercise_is_an_error():
    with pytest.raises(CourseError, match="doesn't define"):
        stub_of("x = 1", exercise("f"))


def test_source_of_takes_the_last_definition_with_its_decorators():
    assert source_of("def f():\n    return 1\n\n@d\n@e(\n 1)\ndef f():\n    return 2\n", "f") == (
        "@d\n@e(\n 1)\ndef f():\n    return 2"
    )
    assert source_of("x = f\n", "f") is None
    assert source_of("if x:\n    def f(): ...\n", "f") is None


def test_source_of_survives_a_syntax_error_in_another_cell():
    broken = "# %%\ndef g(:\n\n# %%\ndef f():\n    return 2\n"
    assert source_of(broken, "f") == "def f():\n    return 2"
    assert source_of(broken, "g") is None
    assert source_of('# %%\ndef g():\n    """never closed\n\n# %%\ndef f(): return 2\n', "f") == "def f(): return 2"
    assert source_of("def f(): ...\0", "f") is None


def test_replace_source_leaves_the_rest_alone():
    text = "# top\ndef f():\n    return 1  # one\n    # trailing\n# %%\ndef g(): ...\n"
    assert replace_source(text, "f", "def f(): ...") == "# top\ndef f(): ...\n# %%\ndef g(): ...\n"
    assert replace_source(text, "h", "") is None


def leaks(source: str, stub: str) -> list[str]:
    """Lines and comments of the reference's bodies that still stand in the stub."""
    kept = set(map(str.strip, stub.split("\n")))
    bodies = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            bodies += [ast.get_source_segment(source, statement) or "" for statement in body]
    lines = {line.strip() for body in bodies for line in body.split("\n")}
    return sorted(line for line in lines & kept if len(line) > 3)


def real_exercises():
    try:
        return [(c, e) for c in load_catalog(course_root()).chapters if c.solution.exists() for e in c.exercises]
    except CourseError:
        return []


@pytest.mark.parametrize(
    ("chapter", "exercise"), real_exercises(), ids=lambda value: getattr(value, "name", None) or value.key
)
def test_no_line_of_a_reference_leaks_into_its_stub(chapter, exercise):
    source = source_of(chapter.solution.read_text(), exercise.name)
    assert source is not None
    stub = stub_of(source, exercise)
    ast.parse(stub)
    given = "\n".join(source_of_method(source, name) for name in exercise.given)
    assert [line for line in leaks(source, stub) if line not in given] == []
    assert "#" not in "".join(
        line for line in stub.split("\n") if "#" in line and line.strip() not in doc_lines(source, given)
    )


def source_of_method(source: str, name: str) -> str:
    methods = [node for node in ast.walk(ast.parse(source)) if getattr(node, "name", None) == name]
    return ast.get_source_segment(source, methods[0]) or ""


def doc_lines(source: str, given: str) -> set[str]:
    strings = [
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {line.strip() for text in [*strings, given] for line in text.split("\n")}
