"""The candidates: small changes of a piece of code, each of which may be what was meant.

What is tried is what learners do: another operator or function, an argument exchanged with its
neighbor, a line too many or in another place.
"""

import ast
import copy
from itertools import chain
from types import ModuleType
from typing import NamedTuple

OPERATORS = {
    **{ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div, ast.MatMult, ast.Pow]},
    **{ast.Div: [ast.Mult, ast.FloorDiv], ast.FloorDiv: [ast.Div], ast.MatMult: [ast.Mult]},
    **{ast.Pow: [ast.Mult], ast.BitXor: [ast.Pow], ast.And: [ast.Or], ast.Or: [ast.And]},
}
COMPARISONS = {
    **{ast.Lt: [ast.LtE, ast.Gt, ast.GtE], ast.LtE: [ast.Lt, ast.GtE, ast.Gt]},
    **{ast.Gt: [ast.GtE, ast.Lt, ast.LtE], ast.GtE: [ast.Gt, ast.LtE, ast.Lt]},
    **{ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is]},
    **{ast.In: [ast.NotIn], ast.NotIn: [ast.In]},
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


class Change(NamedTuple):
    """A candidate: what to put into a field of a node, and the piece of code that it concerns."""

    kind: str
    parent: ast.AST
    field: str
    new: object
    about: ast.AST
    word: str = ""  # what is too much, or missing, or should be returned


def candidates(functions, names):
    """Return the Changes of these functions; `names` are the global names that their code sees."""
    found = []
    for function in functions:
        own = local_names(function)
        for parent in chain.from_iterable(map(ast.walk, function.body)):
            for kind, node, new, *more in of_fields(parent, names, own):
                found.append(Change(kind, parent, *put(parent, node, new), *(more or [node])))
        for parent in ast.walk(function):
            found += of_blocks(parent, own)
    return found


def local_names(function):
    """Return the names of the arguments and variables of a function."""
    stored = (n.id for n in ast.walk(function) if isinstance(n, ast.Name) and is_stored(n))
    return list(dict.fromkeys([*(a.arg for a in function.args.args), *stored]))


def is_stored(node):
    return isinstance(node.ctx, ast.Store)


def put(parent, node, new):
    """Return the field of the parent that holds this node, and its value with `new` instead."""
    for field, value in ast.iter_fields(parent):
        if value is node:
            return field, new
        if isinstance(value, list) and any(item is node for item in value):
            return field, [new if item is node else item for item in value]
    raise LookupError(f"{node} is not a child of {parent}")


def of_fields(parent, names, own):
    """Yield (kind, node, its replacement, [the piece that is meant, [a word]]) for expressions."""
    for node in ast.iter_child_nodes(parent):
        if not isinstance(node, ast.expr) or isinstance(getattr(node, "ctx", None), ast.Store):
            continue
        for kind, new, *more in rewrites(node, names):
            number = kind == "off by one" and not counts(parent, node)
            yield "another setting" if number else kind, node, new, *more
        if counts(parent, node) and not isinstance(parent, ast.BinOp):
            for operator in (ast.Add(), ast.Sub()):
                yield "off by one", node, ast.BinOp(node, operator, ast.Constant(1))
        if is_value(parent, node):
            for new, added in with_more(node):
                yield "something missing", node, new, node, added
        if isinstance(node, ast.Name) and node.id in own:
            for other in own:
                if other != node.id:
                    yield "another variable", node, ast.Name(other, ast.Load())


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
    """Yield the expression with something applied to it that may be missing, and its name."""
    yield ast.Attribute(node, "T", ast.Load()), ".T"
    for name in ADDED:
        yield ast.Call(ast.Attribute(node, name, ast.Load()), [], []), f".{name}()"
    yield ast.UnaryOp(ast.USub(), node), "-"
    yield ast.Call(ast.Name("reversed", ast.Load()), [node], []), "reversed()"


ADDED = ("clone", "detach", "float", "abs", "sqrt", "exp", "log", "item", "mean", "sum")


def rewrites(node, names):
    """Yield (kind, new node, [the piece that is meant, [a word]]) for one expression."""
    if isinstance(node, ast.BinOp):
        yield from of_operation(node, names)
    elif isinstance(node, ast.Call):
        yield from of_call(node, names)
    elif isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS[type(node.ops[0])]:
            yield "another comparison", ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        for other in OPERATORS[type(node.op)]:
            yield "another operator", ast.BoolOp(other(), node.values)
        for value in node.values:
            yield "too much", value
    elif isinstance(node, ast.UnaryOp):
        yield "too much", node.operand, node, "not" if isinstance(node.op, ast.Not) else "-"
    elif isinstance(node, ast.IfExp):
        yield "sides exchanged", ast.IfExp(node.test, node.orelse, node.body)
        yield "too much", node.body
        yield "too much", node.orelse
    elif isinstance(node, ast.Constant):
        yield from of_constant(node)
    elif isinstance(node, ast.Subscript):
        yield "too much", node.value, node, f"[{ast.unparse(node.slice)}]"
    elif isinstance(node, ast.Slice):
        for bound in ("lower", "upper"):
            if getattr(node, bound) is not None:
                values = {"lower": node.lower, "upper": node.upper, "step": node.step}
                yield "another setting", ast.Slice(**values | {bound: None})
    elif isinstance(node, ast.Attribute) and node.attr in ("T", "mT", "real", "imag"):
        yield "too much", node.value, node, f".{node.attr}"
    elif isinstance(node, (ast.Tuple, ast.List)):
        for i in range(len(node.elts) - 1):
            items = [*node.elts[:i], node.elts[i + 1], node.elts[i], *node.elts[i + 2 :]]
            yield "arguments exchanged", type(node)(items, node.ctx)


def of_constant(node):
    """Yield what a constant may have to be instead."""
    value = node.value
    if isinstance(value, bool):
        yield "another setting", ast.Constant(not value)
    elif isinstance(value, int):
        for other in {value + 1, value - 1, -value, 0, 1, -1, -2} - {value}:
            kind = "off by one" if abs(other - value) == 1 else "another setting"
            yield kind, ast.Constant(other)


FIXED_ORDER = (ast.Sub, ast.Div, ast.FloorDiv, ast.MatMult, ast.Pow, ast.Mod)


def of_operation(node, names):
    """Yield what `a op b` may have to be instead."""
    left, op, right = node.left, node.op, node.right
    for other in OPERATORS.get(type(op), ()):
        yield "another operator", ast.BinOp(left, other(), right)
    if isinstance(op, FIXED_ORDER):
        yield "sides exchanged", ast.BinOp(right, op, left)
    yield "too much", left, right
    yield "too much", right, left
    if isinstance(left, ast.BinOp):
        inner = ast.BinOp(left.right, op, right)
        yield "parentheses", ast.BinOp(left.left, left.op, inner)
    if isinstance(right, ast.BinOp):
        inner = ast.BinOp(left, op, right.left)
        yield "parentheses", ast.BinOp(inner, right.op, right.right)
    for call, wrap in ((left, lambda x: (x, op, right)), (right, lambda x: (left, op, x))):
        if isinstance(call, ast.Call) and operand(call, names) is not None:
            yield "parentheses", applied(call, ast.BinOp(*wrap(operand(call, names))), names)


def of_call(node, names):
    """Yield what a call may have to be instead."""
    inner, word = operand(node, names), ast.unparse(node.func).split(".")[-1]
    if inner is not None:
        yield "too much", inner, node, f"{word}()"
    if isinstance(inner, ast.BinOp):
        left, right = applied(node, inner.left, names), applied(node, inner.right, names)
        yield "parentheses", ast.BinOp(left, inner.op, inner.right)
        yield "parentheses", ast.BinOp(inner.left, inner.op, right)
        yield "parentheses", ast.BinOp(left, inner.op, right)
    if isinstance(inner, ast.Call) and operand(inner, names) is not None:
        swapped = applied(inner, applied(node, operand(inner, names), names), names)
        yield "order of functions", swapped
    for i in range(len(node.args) - 1):
        args = [*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]]
        yield "arguments exchanged", ast.Call(node.func, args, node.keywords)
    for i, argument in enumerate(node.args[1:], 1):
        args = node.args[:i] + node.args[i + 1 :]
        yield "too much", ast.Call(node.func, args, node.keywords), argument
    for keyword in node.keywords:
        others = [other for other in node.keywords if other is not keyword]
        yield "too much", ast.Call(node.func, node.args, others), keyword
    for other in sorted({name for names in RELATED if word in names for name in names} - {word}):
        function = node.func
        if isinstance(function, ast.Attribute):
            function = ast.Attribute(function.value, other, ast.Load())
        else:
            function = ast.Name(other, ast.Load())
        yield "another function", ast.Call(function, node.args, node.keywords), node, word


def operand(call, names):
    """Return what a call is applied to: x in f(x), module.f(x), and x.f(); None if unclear."""
    if isinstance(call.func, ast.Attribute) and not is_module(call.func.value, names):
        return call.func.value
    return call.args[0] if call.args and not isinstance(call.args[0], ast.Starred) else None


def applied(call, value, names):
    """Return the call applied to another value."""
    if isinstance(call.func, ast.Attribute) and not is_module(call.func.value, names):
        function = ast.Attribute(value, call.func.attr, ast.Load())
        return ast.Call(function, call.args, call.keywords)
    return ast.Call(call.func, [value, *call.args[1:]], call.keywords)


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
            for name in own:
                new = [*block, ast.Return(ast.Name(name, ast.Load()))]
                yield Change("nothing returned", parent, field, new, block[-1], name)


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
    for new in kept(statement):
        yield "result not kept", [new, *after], statement
    for new in replaced_or_added(statement):
        yield "replaced or added", [new, *after], statement


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
    if isinstance(value, ast.Call):
        method = isinstance(value.func, ast.Attribute)
        targets = [value.func.value] if method else []
        yield from (assign(target, value) for target in [*targets, *value.args[:1]])
    if isinstance(value, ast.BinOp):
        yield assign(value.left, value)
    if isinstance(value, ast.Compare) and isinstance(value.ops[0], ast.Eq):
        yield assign(value.left, value.comparators[0])


def replaced_or_added(statement):
    """Yield a statement with =, +=, or an operation in place instead of another of these."""
    if isinstance(statement, ast.AugAssign):
        yield assign(statement.target, statement.value)
        old = as_loaded(statement.target)
        yield assign(statement.target, ast.BinOp(old, statement.op, statement.value))
        for other in OPERATORS.get(type(statement.op), ()):
            yield ast.AugAssign(statement.target, other(), statement.value)
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
        if isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
            yield ast.AugAssign(target, ast.Add(), value)
            if isinstance(value, ast.BinOp) and ast.dump(value.left) == ast.dump(as_loaded(target)):
                yield ast.AugAssign(target, value.op, value.right)


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
