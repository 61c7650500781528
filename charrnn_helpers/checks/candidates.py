"""The candidates: small changes of a piece of code, each of which may be what was meant.

What is tried is what learners do: another operator or function, an item exchanged with its
neighbor, a line too many or in another place.
"""

import ast
from itertools import chain
from types import ModuleType
from typing import NamedTuple

OPERATORS = {
    **{ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.Pow], ast.Pow: [ast.Mult]},
    **{ast.Div: [ast.Mult, ast.FloorDiv], ast.FloorDiv: [ast.Div], ast.BitXor: [ast.Pow]},
}
RELATED = (  # functions that are taken for each other
    {"sum", "mean", "max", "min", "norm", "median"},
    {"exp", "log", "exp2", "log2", "log10", "log1p", "expm1"},
    {"tanh", "sigmoid", "relu", "softmax", "log_softmax"},
    {"argmax", "argmin", "max"},
    {"ceil", "floor", "round", "int"},
)
PIECE = "\u2026"  # stands for the piece of code in a word


class Change(NamedTuple):
    """A candidate: what to put into a field of a node, and the piece of code that it concerns."""

    kind: str
    parent: ast.AST
    field: str
    new: object
    about: ast.AST
    word: str = ""  # what to leave out, if it is not the piece alone; with PIECE in it


def candidates(functions, names):
    """Return the Changes of these functions; `names` are the global names that their code sees."""
    found = []
    for function in functions:
        own = local_names(function)
        for parent in chain.from_iterable(map(ast.walk, function.body)):
            for node in filter(is_read, ast.iter_child_nodes(parent)):
                for kind, new, *about in rewrites(parent, node, names, own):
                    found.append(Change(kind, parent, *put(parent, node, new), *about))
        for parent in ast.walk(function):
            found += of_blocks(parent, own)
    return found


def local_names(function):
    """Return the names of the arguments and variables of a function."""
    names = (n for n in ast.walk(function) if isinstance(n, ast.Name) and not is_read(n))
    return list(dict.fromkeys([*(a.arg for a in function.args.args), *(n.id for n in names)]))


def is_read(node):
    """Tell whether a node is an expression that is not assigned to."""
    return isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store)


def put(parent, node, new):
    """Return the field of the parent that holds this node, and its value with `new` instead."""
    for field, value in ast.iter_fields(parent):
        if value is node:
            return field, new
        if isinstance(value, list) and any(item is node for item in value):
            return field, [new if item is node else item for item in value]
    raise LookupError(f"{node} is not a child of {parent}")


def rewrites(parent, node, names, own):
    """Yield (kind, what may have to stand in place of an expression, about, word as in Change)."""
    if isinstance(node, (ast.BinOp, ast.Call)):
        yield from of_operation(node) if isinstance(node, ast.BinOp) else of_call(node, names)
    elif isinstance(node, ast.Constant):
        yield from of_constant(node, counts(parent, node))
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "real", "imag"):
        yield "too much", node.value, node, f".{node.attr}"
    elif isinstance(node, (ast.Tuple, ast.List)):
        for k in range(1, len(node.elts)):
            before, (a, b), after = node.elts[: k - 1], node.elts[k - 1 : k + 1], node.elts[k + 1 :]
            yield "items exchanged", type(node)([*before, b, a, *after], node.ctx), node, ""
    elif isinstance(node, ast.Name) and node.id in own:
        for other in own:
            if other != node.id:
                yield "another variable", name(other), node, ""
    if counts(parent, node):
        for operator in (ast.Add(), ast.Sub()):
            yield "off by one", ast.BinOp(node, operator, ast.Constant(1)), node, ""


def counts(parent, node):
    """Tell whether a node is a bound or an index, which can be off by one."""
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "range"
    inside = isinstance(parent, ast.Subscript) and node is parent.slice
    return inside or isinstance(parent, ast.Slice)


def of_constant(node, counted):
    """Yield what a constant may have to be instead; one that is `counted` can be off by one."""
    value = node.value
    if isinstance(value, bool):
        yield "another value", ast.Constant(not value), node, ""
    elif isinstance(value, int):
        for other in {value + 1, value - 1, -value, 0, 1, -1, -2} - {value}:
            near = counted and abs(other - value) == 1
            yield "off by one" if near else "another value", ast.Constant(other), node, ""


def of_operation(node):
    """Yield what `a op b` may have to be instead."""
    left, op, right = node.left, node.op, node.right
    for other in OPERATORS.get(type(op), ()):
        yield "another operator", ast.BinOp(left, other(), right), node, ""
    if not isinstance(op, (ast.Add, ast.Mult)):
        yield "sides exchanged", ast.BinOp(right, op, left), node, ""
    symbol = ast.unparse(ast.BinOp(name("a"), op, name("b")))[2:-2]
    yield "too much", left, right, f"{symbol} {PIECE}"
    yield "too much", right, left, f"{PIECE} {symbol}"
    if isinstance(left, ast.BinOp):
        inner = ast.BinOp(left.right, op, right)
        yield "parentheses", ast.BinOp(left.left, left.op, inner), node, ""
    if isinstance(right, ast.BinOp):
        inner = ast.BinOp(left, op, right.left)
        yield "parentheses", ast.BinOp(inner, right.op, right.right), node, ""


def of_call(node, names):
    """Yield what a call may have to be instead."""
    word = ast.unparse(node.func).split(".")[-1]
    inner = node.args[0] if node.args and not isinstance(node.args[0], ast.Starred) else None
    if isinstance(node.func, ast.Attribute) and not is_module(node.func.value, names):
        inner = node.func.value
    if inner:  # x in x.f(), f(x), and module.f(x)
        yield "too much", inner, node, f"{word}()"
    for argument in [*node.args[1:], *node.keywords]:
        args = [other for other in node.args if other is not argument]
        keywords = [other for other in node.keywords if other is not argument]
        yield "too much", ast.Call(node.func, args, keywords), argument, ""
    for other in sorted(set().union(*(group for group in RELATED if word in group)) - {word}):
        method = isinstance(node.func, ast.Attribute)
        function = ast.Attribute(node.func.value, other, ast.Load()) if method else name(other)
        yield "another function", ast.Call(function, node.args, node.keywords), node, word


def name(word):
    return ast.Name(word, ast.Load())


def is_module(node, names):
    """Tell whether an expression is a module, such as torch or torch.nn."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and isinstance(names.get(node.id), ModuleType)


def of_blocks(parent, own):
    """Yield the candidates that change the statements in a node's blocks."""
    for field in ("body", "orelse"):
        block = getattr(parent, field, None)
        if not isinstance(block, list) or not block or not isinstance(block[0], ast.stmt):
            continue
        for i, statement in enumerate(block):
            before, after = block[:i], block[i + 1 :]
            for kind, new, about in of_statement(statement, after):
                yield Change(kind, parent, field, [*before, *new], about)
        if isinstance(parent, ast.FunctionDef) and not isinstance(block[-1], ast.Return):
            for variable in own:
                new = [*block, ast.Return(name(variable))]
                yield Change("nothing returned", parent, field, new, block[-1], variable)


def of_statement(statement, after):
    """Yield (kind, what may have to stand in place of a statement and those after it, the line)."""
    if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)):
        yield "a line too many", after or [ast.Pass()], statement
    if after:
        yield "order of lines", [after[0], statement, *after[1:]], statement
    if isinstance(statement, (ast.With, ast.If)):
        yield "too much", [*statement.body, *after], statement
    if isinstance(statement, ast.If) and statement.orelse:
        yield "too much", [*statement.orelse, *after], statement
