"""Which names an exercise's reference reads from around it: imports are fine, a notebook's globals are not."""

import ast
import builtins

from course_utils.grading.names import globals_read


def impure_names(source: str, name: str, module: str) -> list[str]:
    """The globals that `source` (the text of the exercise `name`) reads and that `module` does not import.

    >>> impure_names("def f(x):\\n    return scale * x", "f", "import torch\\nscale = 2")
    ['scale']
    """
    tree = ast.parse(module)
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    read = globals_read(compile(source, "<reference>", "exec", dont_inherit=True))
    return sorted(read - imported - set(dir(builtins)) - {name, "__name__", "__class__"})
