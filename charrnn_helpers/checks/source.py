"""The source: what an answer's own code says, whatever it returns."""

import ast
import dis
import linecache
from inspect import isfunction, unwrap

import torch

DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
VALUES = (bool, int, float, str, list, dict, torch.Tensor, torch.nn.Module)


def functions_of(answer):
    """Return the functions that an answer consists of: itself, or the methods of a class."""
    if isinstance(answer, type):
        return [method for method in vars(answer).values() if isfunction(method)]
    return [unwrap(answer)] if isfunction(answer) else []


def source_of(answer):
    """Return the source of the cell, the definitions in it that the answer needs, and its names.

    There are no definitions if the source cannot be found, or cannot be run alone.
    """
    functions = functions_of(answer)
    if not functions or any(set(f.__code__.co_freevars) - {"__class__"} for f in functions):
        return "", [], {}
    source = "".join(linecache.getlines(functions[0].__code__.co_filename))
    try:
        module = ast.parse(source)
    except SyntaxError:  # a magic command of the notebook, say
        return "", [], {}
    known = {node.name: node for node in module.body if isinstance(node, DEFINITIONS)}
    own = known.get(answer.__name__)
    first_line = functions[0].__code__.co_firstlineno  # that of a decorator, if there is one
    if not own or not first_line_of(own) <= first_line <= own.end_lineno:
        return "", [], {}
    return source, needed(own, known), functions[0].__globals__


def first_line_of(node):
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def needed(definition, known):
    """Return the definition and those of the known ones that it calls, the callers last."""
    found, left = [], [definition]
    while left:
        node = left.pop()
        if node not in found:
            found.append(node)
            used = (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            left += [known[name] for name in used if name in known]
    return found[::-1]


def global_remarks(answer):
    """Return a sentence, in a list, if an answer reads tensors, numbers, or models by name."""
    found = {}
    for function in functions_of(answer):
        for step in dis.get_instructions(function.__code__):
            value = function.__globals__.get(step.argval) if "GLOBAL" in step.opname else None
            if isinstance(value, VALUES):
                found[f"`{step.argval}`"] = value
    said = f"Your code also reads {' and '.join(found)} from the notebook instead of its arguments."
    return [said] if found else []


def class_remarks(answer):
    """Return a sentence about each list, dict, or set of a class that its methods have filled."""
    own = vars(answer).items() if isinstance(answer, type) else ()
    return [
        f"`{name}` belongs to the class, so all its objects share it and change it for each other."
        for name, value in own
        if name[:2] != "__" and isinstance(value, (list, dict, set)) and value
    ]


def idle_remarks(answer):
    """Return a sentence, in a list, about the first line whose result is not kept."""
    source, definitions, _ = source_of(answer)
    statements = [n for d in definitions for n in ast.walk(d) if isinstance(n, ast.Expr)]
    idle = sorted(node.lineno for node in statements if is_idle(node.value))
    return [
        f"Line {number}, `{source.splitlines()[number - 1].strip()}`, has no effect, because its "
        "result is not kept."
        for number in idle[:1]
    ]


def is_idle(node):
    """Tell whether an expression alone on its line has no effect.

    Of the calls, those of tensor methods that have a twin that works in place, such as `exp_`.
    """
    if not isinstance(node, ast.Call):
        return isinstance(node, (ast.Attribute, ast.BinOp, ast.Compare, ast.Subscript, ast.Name))
    name = ast.unparse(node.func).rpartition(".")[2]
    twins = hasattr(torch.Tensor, name) and hasattr(torch.Tensor, f"{name}_")
    return twins and name not in ("add", "requires_grad")  # sets have add, too
