"""The candidates: small changes of a piece of code, each of which may be what was meant.

What is tried is what learners do: another operator or function, an argument exchanged with its
neighbor, a line too many or in another place.
"""

import ast
import copy
from functools import partial
from itertools import chain
from types import ModuleType
from typing import NamedTuple

OPERATORS = {
    **{ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.MatMult, ast.Pow]},
    **{ast.Div: [ast.Mult, ast.FloorDiv], ast.FloorDiv: [ast.Div], ast.MatMult: [ast.Mult]},
    **{ast.Pow: [ast.Mult], ast.BitXor: [ast.Pow], ast.And: [ast.Or], ast.Or: [ast.And]},
}
RELATED = (  # functions that are taken for each other
    {"sum", "mean", "max", "min", "prod", "amax", "amin", "norm", "median"},
    {"exp", "log", "exp2", "log2", "log10", "log1p", "expm1", "sqrt", "square"},
    {"softmax", "log_softmax", "sigmoid", "logsigmoid", "logsumexp"},
    {"tanh", "sigmoid", "relu"},
    {"ceil", "floor", "round", "trunc", "int"},
    {"float", "long", "int", "bool"},
    {"argmax", "argmin", "argsort", "max"},
    {"zeros", "ones", "empty"},
    {"stack", "cat"},
    {"append", "extend", "add", "update"},
    {"clip_grad_norm_", "clip_grad_value_"},
    {"reshape", "permute", "transpose"},
    {"eigvals", "eigvalsh", "svdvals"},
    {"any", "all"},
    {"real", "imag", "abs"},
    {"isfinite", "isnan", "isinf"},
)


PIECE = "\u2026"  # stands for the piece of code in a word


class Change(NamedTuple):
    """A candidate: what to put into a field of a node, and the piece of code that it concerns."""

    kind: str
    parent: ast.AST
    field: str
    new: object
    about: ast.AST
    word: str = ""  # what to leave out or to add, if it is not the piece alone; with PIECE in it


class Rewrite(NamedTuple):
    """Another expression in place of one, the piece that it concerns, and a word as in Change."""

    kind: str
    new: ast.expr
    about: ast.AST | None = None  # None: the whole expression
    word: str = ""


def candidates(functions, names):
    """Return the Changes of these functions; `names` are the global names that their code sees."""
    found = []
    for function in functions:
        own = local_names(function)
        for parent in chain.from_iterable(map(ast.walk, function.body)):
            for node in filter(is_read, ast.iter_child_nodes(parent)):
                for kind, new, about, word in rewrites(parent, node, names, own):
                    change = Change(kind, parent, *put(parent, node, new), about or node, word)
                    found.append(change)
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
    """Yield the Rewrites of one expression, some of which depend on where it stands."""
    if isinstance(node, (ast.BinOp, ast.Call)):
        yield from (of_operation if isinstance(node, ast.BinOp) else of_call)(node, names)
    elif isinstance(node, ast.Constant):
        yield from of_constant(node, counts(parent, node))
    else:
        yield from of_other(node)
    if counts(parent, node) and not isinstance(parent, ast.BinOp):
        for operator in (ast.Add(), ast.Sub()):
            yield Rewrite("off by one", ast.BinOp(node, operator, ast.Constant(1)))
    if is_value(parent, node):
        yield from with_more(node)
    if isinstance(node, ast.Name) and node.id in own:
        for other in own:
            if other != node.id:
                yield Rewrite("another variable", name(other))


def counts(parent, node):
    """Tell whether a node is a bound or an index, which can be off by one."""
    if isinstance(parent, ast.Call):
        return isinstance(parent.func, ast.Name) and parent.func.id == "range"
    if isinstance(parent, ast.Compare):
        return isinstance(parent.ops[0], (ast.Lt, ast.LtE, ast.Gt, ast.GtE))
    inside = isinstance(parent, ast.Subscript) and node is parent.slice
    return inside or isinstance(parent, (ast.Slice, ast.BinOp))


def is_value(parent, node):
    """Tell whether a node is what is returned, stored, multiplied, or put into a list."""
    if isinstance(parent, ast.Call):
        method = isinstance(parent.func, ast.Attribute) and parent.func.attr == "append"
        return method and node in parent.args
    if isinstance(parent, ast.BinOp):
        return isinstance(parent.op, ast.MatMult)
    if isinstance(parent, ast.Attribute):
        return isinstance(node, (ast.Call, ast.BinOp))
    return isinstance(parent, (ast.Return, ast.Assign, ast.AugAssign, ast.Tuple, ast.For))


def with_more(node):
    """Yield the expression with something applied to it that may be missing."""
    yield Rewrite("something missing", ast.Attribute(node, "T", ast.Load()), word=".T")
    for method in ADDED:
        new = ast.Call(ast.Attribute(node, method, ast.Load()), [], [])
        yield Rewrite("something missing", new, word=f".{method}()")
    new = ast.Call(name("reversed"), [node], [])
    yield Rewrite("something missing", new, word="reversed()")


ADDED = ("clone", "detach", "float", "abs", "sqrt", "exp", "log", "item", "mean", "sum")


def of_other(node):
    """Yield the Rewrites of an expression that is not an operation, a call, or a constant."""
    if isinstance(node, ast.BoolOp):
        for other in OPERATORS[type(node.op)]:
            yield Rewrite("another operator", ast.BoolOp(other(), node.values))
        for value in node.values if len(node.values) == 2 else ():
            dropped = next(other for other in node.values if other is not value)
            yield Rewrite("too much", value, dropped)
    elif isinstance(node, ast.UnaryOp):
        word = "not" if isinstance(node.op, ast.Not) else "-"
        yield Rewrite("too much", node.operand, word=word)
    elif isinstance(node, ast.IfExp):
        yield Rewrite("sides exchanged", ast.IfExp(node.test, node.orelse, node.body))
        yield Rewrite("too much", node.body, node.orelse)
        yield Rewrite("too much", node.orelse, node.body)
    elif isinstance(node, ast.Subscript):
        yield Rewrite("too much", node.value, word=f"[{ast.unparse(node.slice)}]")
    elif isinstance(node, ast.Slice):
        for bound in filter(partial(getattr, node), ("lower", "upper")):
            values = {"lower": node.lower, "upper": node.upper, "step": node.step}
            yield Rewrite("too much", ast.Slice(**values | {bound: None}), getattr(node, bound))
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "real", "imag"):
        yield Rewrite("too much", node.value, word=f".{node.attr}")
    elif isinstance(node, (ast.Tuple, ast.List)):
        for items in with_neighbors_exchanged(node.elts):
            yield Rewrite("items exchanged", type(node)(items, node.ctx))


def of_constant(node, counted):
    """Yield what a constant may have to be instead; one that is `counted` can be off by one."""
    value = node.value
    if isinstance(value, bool):
        yield Rewrite("another value", ast.Constant(not value))
    elif isinstance(value, int):
        for other in {value + 1, value - 1, -value, 0, 1, -1, -2} - {value}:
            near = counted and abs(other - value) == 1
            yield Rewrite("off by one" if near else "another value", ast.Constant(other))


SYMBOLS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//"}
SYMBOLS |= {ast.MatMult: "@", ast.Pow: "**", ast.Mod: "%"}
FIXED_ORDER = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow, ast.Mod)


def of_operation(node, names):
    """Yield what `a op b` may have to be instead."""
    left, op, right = node.left, node.op, node.right
    for other in OPERATORS.get(type(op), ()):
        yield Rewrite("another operator", ast.BinOp(left, other(), right))
    if isinstance(op, FIXED_ORDER):
        yield Rewrite("sides exchanged", ast.BinOp(right, op, left))
    symbol = SYMBOLS.get(type(op), "")
    yield Rewrite("too much", left, right, f"{symbol} {PIECE}")
    yield Rewrite("too much", right, left, f"{PIECE} {symbol}")
    if isinstance(left, ast.BinOp):
        inner = ast.BinOp(left.right, op, right)
        yield Rewrite("parentheses", ast.BinOp(left.left, left.op, inner))
    if isinstance(right, ast.BinOp):
        inner = ast.BinOp(left, op, right.left)
        yield Rewrite("parentheses", ast.BinOp(inner, right.op, right.right))
    inner, around = taken_apart(leftmost(node), names)
    if inner is not None:  # f(a) + b + c may have to be f(a + b + c)
        yield Rewrite("parentheses", around(with_leftmost(node, inner)))
    inner, around = taken_apart(right, names)
    if inner is not None:  # a op f(b) may have to be f(a op b)
        yield Rewrite("parentheses", around(ast.BinOp(left, op, inner)))


def leftmost(node):
    """Return what an operation, such as a + b + c, begins with."""
    return leftmost(node.left) if isinstance(node, ast.BinOp) else node


def with_leftmost(node, new):
    """Return the operation with something else at its beginning."""
    if not isinstance(node, ast.BinOp):
        return new
    return ast.BinOp(with_leftmost(node.left, new), node.op, node.right)


def of_call(node, names):
    """Yield what a call may have to be instead."""
    inner, around = taken_apart(node, names)
    word = ast.unparse(node.func).split(".")[-1]
    if inner is not None:
        yield Rewrite("too much", inner, word=f"{word}()")
    if isinstance(inner, ast.BinOp):  # f(a op b) may have to be f(a) op b, and so on
        left, right = around(inner.left), around(inner.right)
        for both in ((left, inner.right), (inner.left, right), (left, right)):
            yield Rewrite("parentheses", ast.BinOp(both[0], inner.op, both[1]))
    within, around_within = taken_apart(inner, names)
    if within is not None:
        yield Rewrite("order of functions", around_within(around(within)))
    for items in with_neighbors_exchanged(node.args):
        yield Rewrite("items exchanged", ast.Call(node.func, items, node.keywords))
    for argument in [*node.args[1:], *node.keywords]:
        args = [other for other in node.args if other is not argument]
        keywords = [other for other in node.keywords if other is not argument]
        yield Rewrite("too much", ast.Call(node.func, args, keywords), argument)
    for other in sorted(set().union(*(group for group in RELATED if word in group)) - {word}):
        method = isinstance(node.func, ast.Attribute)
        value = node.func.value if method else None
        function = ast.Attribute(value, other, ast.Load()) if method else name(other)
        new = ast.Call(function, node.args, node.keywords)
        yield Rewrite("another function", new, word=word)


def name(word):
    """Return the expression that is a name."""
    return ast.Name(word, ast.Load())


def with_neighbors_exchanged(items):
    """Yield the list with two neighbors exchanged, for each pair of them."""
    for i in range(len(items) - 1):
        yield [*items[:i], items[i + 1], items[i], *items[i + 2 :]]


def taken_apart(call, names):
    """Return x for f(x), module.f(x), and x.f(), and a function that puts another x into the call.

    Return (None, None) if that is not clear.
    """
    if not isinstance(call, ast.Call):
        return None, None
    function, args, keywords = call.func, call.args, call.keywords
    if isinstance(function, ast.Attribute) and not is_module(function.value, names):
        return function.value, lambda new: ast.Call(
            ast.Attribute(new, function.attr, ast.Load()), args, keywords
        )
    if not args or isinstance(args[0], ast.Starred):
        return None, None
    return args[0], lambda new: ast.Call(function, [new, *args[1:]], keywords)


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
    if not is_docstring(statement):
        yield "a line too many", after or [ast.Pass()], statement
    if after:
        yield "order of lines", [after[0], statement, *after[1:]], statement
    inner = getattr(statement, "body", None)
    if isinstance(inner, list) and isinstance(inner[0], ast.stmt):
        if isinstance(statement, (ast.With, ast.If)):
            yield "too much", [*inner, *after], statement
        if isinstance(statement, ast.If) and statement.orelse:
            yield "too much", [*statement.orelse, *after], statement
        if len(inner) > 1:
            shorter = with_body(statement, inner[:-1])
            yield "indented too far", [shorter, inner[-1], *after], inner[-1]
        if after:
            longer = with_body(statement, [*inner, after[0]])
            yield "not indented", [longer, *after[1:]], after[0]
    for kind, new in [*kept(statement), *assigned_otherwise(statement)]:
        yield kind, [new, *after], statement


def is_docstring(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def with_body(statement, body):
    """Return a copy of a block's statement with another body."""
    found = copy.copy(statement)
    found.body = body
    return found


def kept(statement):
    """Yield assignments that keep what a statement computes."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    targets = []
    if isinstance(value, ast.Call):
        method = isinstance(value.func, ast.Attribute)
        targets = [*([value.func.value] if method else []), *value.args[:1]]
    elif isinstance(value, ast.BinOp):
        targets = [value.left]
    elif isinstance(value, ast.Compare) and isinstance(value.ops[0], ast.Eq):
        targets, value = [value.left], value.comparators[0]
    for target in targets:
        yield "result not kept", assign(target, value)


def assigned_otherwise(statement):
    """Yield a statement with =, +=, or a change in place instead of another of these."""
    if isinstance(statement, ast.AugAssign):
        target, op, value = statement.target, statement.op, statement.value
        old = as_loaded(target)
        yield "added", assign(target, value)
        yield "changed in place", assign(target, ast.BinOp(old, op, value))
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
            yield "replaced", ast.AugAssign(target, ast.Add(), value)


def assign(target, value):
    """Return `target = value`."""
    target = copy.copy(target)
    target.ctx = ast.Store()
    return ast.Assign([target], value)


def as_loaded(target):
    """Return an assignment's target as an expression."""
    found = copy.copy(target)
    found.ctx = ast.Load()
    return found
