"""Errors: what Python and PyTorch say, and what it usually means."""

import inspect
import linecache
import traceback

from charrnn_helpers.checks.comparing import error_text

# (a part of the error's text, a name for it, what it usually means)
COMMON = (
    ("is not defined", "unknown name", "It uses a name that does not exist here. Is it spelled "
     "right, and was the cell that makes it run?"),
    ("for ^", "xor", "In Python ^ is not a power. A power is written with two stars."),
    ("can't multiply sequence", "list times list", "Lists cannot be multiplied number by number. "
     "Go through both together with zip, or make tensors of them."),
    ("must be Tensor, not", "number to torch", "A function of torch was given a plain number. "
     "For numbers there is the same function in math."),
    ("invalid combination of arguments", "odd arguments", "A function of torch does not know these "
     "arguments. Which ones does it take, and in which order?"),
    ("condition to be a boolean", "condition", "torch.where wants True or False for each number, "
     "as in logits == logits.max()."),
    ("leaf Variable that requires grad", "weights in place", "A weight itself is changed in place. "
     "Is its gradient meant, p.grad? (Weights are changed under torch.no_grad only.)"),
    ("shapes cannot be multiplied", "matrix shapes", "Two matrices do not fit: in A @ B, A needs "
     "as many columns as B has rows."),
    ("must match the size of tensor", "unlike shapes", "Two tensors of unlike shapes are joined "
     "number by number, and neither can be stretched to fit the other."),
    ("must be 1-dimensional", "number of axes", "A tensor has too many axes for this function."),
    ("dimension specified as 0 but tensor has no dimensions", "number of axes", "A tensor "
     "has no axes here: it is a single number."),
    ("out of bounds", "index too large", "An index goes past the end. Places count from 0, so the "
     "last one is the length less 1."),
    ("index out of range", "index too large", "An index goes past the end. Places count from 0, so "
     "the last one is the length less 1."),
    ("only applicable to index tensor", "not whole", "The ids became floating-point numbers too "
     "early. They have to be whole as long as they are ids."),
    ("must be long, int, byte or bool", "not whole", "A tensor is used as an index, and its "
     "numbers are not whole."),
    ("Expected target size", "classes on axis 1", "F.cross_entropy wants the scores on axis 1. "
     "Flatten batch and time first, as the notebook does."),
    ("Boolean value of Tensor", "tensor as a condition", "A whole tensor is used as a condition, "
     "in an if or with and, or. Use torch.where, or compare single numbers."),
    ("truth value of an array", "tensor as a condition", "A whole array is used as a condition. "
     "Use torch.where, or compare single numbers."),
    ("can be converted to Python scalars", "item of many", "item() or float() needs a tensor with "
     "a single number in it."),
    ("object is not callable", "called by mistake", "Something is called that is no function. "
     "Is a sign missing in front of the parentheses?"),
    ("object is not iterable", "not a list", "A single thing is used where a list or a tensor is "
     "needed."),
    ("'NoneType'", "None", "Something is None there. Did a function return nothing, or is a "
     "state or a gradient missing?"),
    ("values to unpack", "unpacking", "Something is taken apart into more, or fewer, names than it "
     "has parts. Look at its shape, or at its length."),
    ("not implemented for 'Complex", "complex", "Complex numbers have no order: take abs() before "
     "you look for the largest."),
    ("complex and", "complex", "Complex numbers have no order: take abs() before you compare."),
    ("missing 1 required positional", "argument missing", "A function is called without an "
     "argument that it needs."),
    ("division by zero", "division by zero", "It divides by zero."),
    ("math domain error", "outside the domain", "A function of math was given a number for which "
     "it has no value: a logarithm of 0, or a root of a negative number."),
    ("math range error", "overflow", "A number became too large: exp() of more than 709."),
    ("has no attribute", "no such attribute", "It asks a thing for an attribute or a method that "
     "it does not have."),
    ("unsupported operand", "odd operands", "Two things are joined that this operation cannot "
     "join."),
    ("not supported between", "odd comparison", "Two things are compared that have no order."),
    ("maximum recursion depth", "endless recursion", "It calls itself again and again."),
)  # fmt: skip


def meaning(error, known):
    """A name and sentences for the error: from the exercise's own list, or from the common one."""
    text = error_text(error)
    for name, (part, sentences) in known.items():
        if part in text:
            return name, sentences
    said = f"It stops with an error: {text}."
    for part, name, sentences in COMMON:
        if part in text:
            return name, f"{said} {sentences}"
    return "raises", said


def wrong_arguments(answer, args):
    """Can the answer not be called with so many arguments?"""
    try:
        inspect.signature(answer).bind(*args)
    except TypeError:
        return True
    except ValueError:  # a built-in that does not say
        return False
    return False


def own_line(error, answer):
    """The line of the answer's own code in which the error arose."""
    answer = inspect.unwrap(answer) if inspect.isfunction(answer) else answer
    methods = vars(answer).values() if isinstance(answer, type) else (answer,)
    files = {m.__code__.co_filename for m in methods if inspect.isfunction(m)}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
    return linecache.getline(frames[-1].filename, frames[-1].lineno).strip() if frames else ""
