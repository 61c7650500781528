"""The exercises of notebook 4: the factor, clipping by the global norm, the spectral radius."""

import math

import torch
from torch import nn

from charrnn_helpers import training
from charrnn_helpers.checks import answers
from charrnn_helpers.checks.exercise import Case, Exercise, by_slip, case, draw


def imitate_factor(slips):
    def answer(norm, theta):
        if "the norm itself" in slips:
            return min(norm, theta)
        if norm == 0 and "0 for 0" in slips:
            return 0.0
        if norm == 0 and "division by zero" not in slips:
            return 1.0
        factors = {
            "scales up": theta / norm,
            "max": max(1.0, theta / norm),
            "upside down": min(1.0, norm / theta),
            "theta ignored": min(1.0, 1 / norm),
            "theta itself": theta if norm > theta else 1.0,
            "all or nothing": 0.0 if norm > theta else 1.0,
            "difference": 1.0 if norm <= theta else norm - theta,
            "root": min(1.0, math.sqrt(theta / norm)),
            "squared": min(1.0, theta / norm**2),
            "at least 1": theta / max(norm, 1.0),
            "unit length": 1 / norm if norm > theta else 1.0,
            "compared with 1": theta / norm if norm > 1 else 1.0,
        }
        return by_slip(factors, slips, min(1.0, theta / norm))

    return answer


clip_factor = Exercise(
    name="clip_factor",
    notebook=4,
    title="the factor",
    answer_name="my_clip_factor",
    tried="norms below, at and above theta, a norm of 0, and a theta other than 1",
    cases=(
        case(4.0, 1.0),
        case(0.5, 1.0),
        case(2.0, 2.0),
        case(10.0, 0.25),
        case(1.5, 3.0),
        case(0.2, 0.1),
        case(0.0, 1.0),
    ),
    solution=answers.my_clip_factor,
    imitate=imitate_factor,
    slips={
        "scales up": "A gradient that is short already is made longer. It should stay as it is: "
        "the factor is never above 1.",
        "max": "The larger of the two was taken. Then short gradients are made longer, and long "
        "ones are left alone: the smaller of the two is wanted.",
        "upside down": "The fraction is upside down: theta divided by the norm.",
        "division by zero": "A norm of 0 stops it. A gradient of length 0 needs no shortening: "
        "its factor is 1.",
        "0 for 0": "For a norm of 0 the factor should be 1: nothing has to be shortened.",
        "the norm itself": "Your function gives the norm after clipping. The factor is what the "
        "gradient is multiplied by.",
        "theta ignored": "theta is not used: the gradient is cut to the length 1, whatever was "
        "allowed.",
        "theta itself": "The factor is theta itself. Then the length after it is theta times the "
        "norm; it should be theta.",
        "all or nothing": "A long gradient is thrown away. It should be shortened, and keep its "
        "direction.",
        "difference": "That is by how much the norm is too long. The gradient is multiplied, "
        "so a ratio is needed.",
        "root": "There is a root too many: the norm is a length already, not a square.",
        "at least 1": "The norm was raised to 1 at least before the division. It is theta that it "
        "has to be compared with: theta / max(norm, theta) would do it.",
        "unit length": "A long gradient is cut to the length 1; it should be theta.",
        "compared with 1": "The norm is compared with 1; it should be compared with theta.",
        "squared": "The norm was squared. Multiplied with this factor, the gradient's length is "
        "theta divided by the norm.",
    },
    hints=(
        "Which factor takes a gradient of length 4 to length 1? And one of length 0.5?",
        "The formula is min(1, theta / norm). What happens to it for a norm of 0?",
        "Return 1 if the norm is not above theta, and theta / norm if it is.",
    ),
)


class Gradients(nn.Module):
    """Parameters of 1, with the given gradients; None stands for a parameter without one."""

    def __init__(self, gradients):
        super().__init__()
        for i, grad in enumerate(gradients):
            shape = (2,) if grad is None else grad.shape
            parameter = nn.Parameter(torch.ones(shape))
            parameter.grad = None if grad is None else grad.clone()
            self.register_parameter(f"p{i}", parameter)


def clipped(answer, theta, *gradients):
    """Clip a model with these gradients, and look at all that could have changed."""
    model = Gradients(gradients)
    try:
        norm = answer(theta, model)
    except FloatingPointError:
        norm = "FloatingPointError"
    grads = [p.grad for p in model.parameters()]
    return {
        "gradients": ["None" if grad is None else grad for grad in grads],
        "returned": norm,
        "weights": [p.detach() for p in model.parameters()],
    }


def clip_case(theta, *gradients):
    tensors = [None if g is None else torch.as_tensor(g, dtype=torch.float32) for g in gradients]
    shown = " and ".join("None" if g is None else str(g) for g in gradients)
    return Case(f"({theta}, a model with the gradients {shown})", lambda: (theta, *tensors))


def imitate_clip(slips):
    def answer(grad_clip_val, model):
        if "None is an error" in slips and any(p.grad is None for p in model.parameters()):
            raise AttributeError("None has no norm")
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        theta, norm = grad_clip_val, measured(grads, slips)
        lost = not math.isfinite(norm) and "inf unnoticed" not in slips
        lost = lost and not (math.isnan(norm) and "nan unnoticed" in slips)
        if norm == 0 and "division by zero" in slips:
            raise ZeroDivisionError
        if lost:
            if "damage before the error" in slips:
                scale(grads, theta / norm)
            raise ValueError if "another error" in slips else FloatingPointError
        if "the weights" in slips:
            grads = [p.data for p in model.parameters()]
        if "not in place" not in slips:
            scale_with_slips(grads, theta, norm, slips)
        if "nothing returned" in slips:
            return None
        return min(norm, theta) if "norm after" in slips else norm

    return answer


def measured(grads, slips):
    """The norm, or what a slip takes for it."""
    norms = [g.norm().item() for g in grads]
    if "sum of norms" in slips:
        return sum(norms)
    if "largest norm" in slips:
        return max(norms)
    squares = sum(g.pow(2).sum().item() for g in grads)
    return squares if "no root" in slips else math.sqrt(squares)


def scale(grads, factor):
    for grad in grads:
        grad *= factor


def scale_with_slips(grads, theta, norm, slips):
    """Shorten the gradients, or do what a slip does."""
    for grad in grads:
        own = grad.norm().item()
        if "measured anew" in slips:
            norm = measured(grads, slips)
        if "by value" in slips:
            grad.clamp_(-theta, theta)
        elif "per parameter" in slips:
            grad *= min(1, theta / own) if own else 1
        elif "to length 1" in slips and norm > theta:
            grad /= norm
        elif "multiplied by theta" in slips and norm > theta:
            grad *= theta
        elif "upside down" in slips and norm > theta:
            grad *= norm / theta
        elif norm > theta or ("scales up" in slips and norm):
            grad *= theta / norm


def no_error_raised(got, want, *args):
    """The norm is inf or nan, and no FloatingPointError came."""
    if want["returned"] != "FloatingPointError" or got["returned"] == "FloatingPointError":
        return None
    return (
        "The norm is inf or nan here, and no FloatingPointError was raised. (nan is equal to "
        "nothing, not even to itself; math.isfinite finds both. And an error has to be raised, not "
        "returned.)"
    )


clip_gradients = Exercise(
    name="clip_gradients",
    notebook=4,
    title="clipping by one norm for all",
    answer_name="my_clip_gradients",
    tried="one and more parameters, long and short gradients, None, a norm of 0, inf and nan",
    cases=(
        clip_case(1.0, [3.0, 4.0]),
        clip_case(10.0, [3.0, 4.0]),
        clip_case(1.0, [3.0], [4.0]),
        clip_case(0.5, [[1.0, -2.0], [0.1, 2.0]], [0.3]),
        clip_case(1.0, [3.0, 4.0], None),
        clip_case(1.0, [0.0, 0.0]),
        clip_case(1.0, [1.0, math.inf], [2.0]),
        clip_case(1.0, [1.0, 2.0], [math.nan]),
    ),
    solution=training.clip_gradients,
    imitate=imitate_clip,
    drive=clipped,
    symptoms={"no error raised": no_error_raised},
    errors={
        "p for its gradient": (
            "leaf Variable",
            "p is the weight itself. What is to be scaled is its gradient, p.grad.",
        ),
    },
    slips={
        "per parameter": "The norm was taken for each parameter by itself, so each was shortened "
        "by another factor and the whole gradient turned. Take one norm over all of them.",
        "scales up": "A gradient that was short already was made longer. It should stay as it "
        "is: the factor is never above 1.",
        "sum of norms": "The norms of the parameters were added. The norm of all together is the "
        "root of the sum of all squares.",
        "largest norm": "The largest of the parameters' norms was taken. The norm of all together "
        "is the root of the sum of all squares.",
        "by value": "Each number was limited by itself, which turns the gradient. The whole "
        "gradient is multiplied by one factor.",
        "no root": "The root is missing: that is the square of the norm.",
        "None is an error": "A parameter without a gradient stops it. Its grad is None; "
        "leave such parameters out.",
        "division by zero": "A norm of 0 stops it: theta / norm is only needed where the norm is "
        "above theta.",
        "inf unnoticed": "A norm that is inf or nan goes unnoticed, and the damage spreads: "
        "inf * 0 is nan. Look at the norm first, with math.isfinite, and raise "
        "FloatingPointError.",
        "nan unnoticed": "inf is noticed, and nan is not: nan is equal to nothing, not even to "
        "itself, and no comparison with it is true. math.isfinite knows both.",
        "another error": "Another error is raised; it should be FloatingPointError, so that "
        "whoever calls it knows what to catch.",
        "measured anew": "The norm is measured anew in the loop, when some gradients are shorter "
        "already. Then each gets another factor. Measure once, before the loop.",
        "damage before the error": "The error is raised, but the gradients were scaled before "
        "it. Look at the norm first.",
        "norm after": "The norm after clipping is returned. The one before is wanted: it tells "
        "how wild the gradient was.",
        "nothing returned": "Nothing is returned; the norm before clipping should be.",
        "not in place": "The gradients are as they were. grad * factor makes a new tensor; "
        "change the gradient itself, with *= or mul_.",
        "the weights": "The weights were scaled, not the gradients: p.grad, not p.",
        "to length 1": "The gradient was cut to the length 1, whatever theta is.",
        "multiplied by theta": "A long gradient was multiplied by theta. The factor is theta "
        "divided by the norm.",
        "upside down": "The factor is upside down: theta divided by the norm.",
    },
    hints=(
        "Three things to do: measure, compare, scale. What does gradient_norm give you?",
        "norm = gradient_norm(model). If it is not finite, raise. If it is above grad_clip_val, "
        "multiply each p.grad that is not None by one factor, in place.",
        "for p in model.parameters(): if p.grad is not None: p.grad *= grad_clip_val / norm. "
        "All of that only if norm > grad_clip_val; and return norm at the end.",
    ),
)


def imitate_radius(slips):
    def answer(W):
        values = torch.linalg.eigvals(W)
        radii = {
            "real part": values.real.max(),
            "absolute real part": values.real.abs().max(),
            "imaginary part": values.imag.abs().max(),
            "singular value": torch.linalg.matrix_norm(W, 2),
            "largest entry": W.abs().max(),
            "length of all": W.norm(),
            "smallest": values.abs().min(),
            "mean": values.abs().mean(),
            "sum": values.abs().sum(),
            "trace": W.trace(),
            "as if symmetric": torch.linalg.eigvalsh(W).abs().max(),
            "determinant": torch.linalg.det(W).abs(),
            "abs after max": values.real.max().abs(),
            "of the largest real part": values[values.real.argmax()].abs(),
            "parts added": (values.real.abs() + values.imag.abs()).max(),
            "the larger part, signed": torch.maximum(values.real, values.imag).max(),
            "the larger part": torch.maximum(values.real.abs(), values.imag.abs()).max(),
            "of W.T W": torch.linalg.matrix_norm(W, 2) ** 2,
            "squared": values.abs().max() ** 2,
        }
        return by_slip(radii, slips, values.abs().max()).item()

    return answer


spectral_radius = Exercise(
    name="spectral_radius",
    notebook=4,
    title="the wrong largest eigenvalue",
    answer_name="my_spectral_radius",
    tried="a rotation, a reflection, a triangle, and random matrices of 3 and 8 rows",
    cases=(
        case(torch.tensor([[0.0, -2.0], [2.0, 0.0]])),
        case(torch.tensor([[-2.0, 0.0], [0.0, 1.0]])),
        case(torch.tensor([[-3.0, 0.0], [0.0, -1.0]])),
        case(torch.tensor([[0.5, 4.0], [0.0, 0.25]])),
        case(draw(3, 3, seed=4)),
        case(draw(8, 8, seed=5)),
    ),
    solution=answers.my_spectral_radius,
    imitate=imitate_radius,
    broken=frozenset({"real part"}),
    slips={
        "real part": "That is the largest real part.",
        "absolute real part": "Negative eigenvalues are treated well now, complex ones are not: "
        "a rotation has eigenvalues like 2i, whose real part is 0 and whose absolute value is 2.",
        "imaginary part": "That is the imaginary part. The absolute value of a complex number "
        "joins both parts: abs() does it.",
        "singular value": "That is the largest singular value: the most that W can stretch a "
        "vector in *one* step. In the long run the eigenvalues decide.",
        "largest entry": "That is the largest number in the matrix, "
        "which is no eigenvalue. Keep eigvals.",
        "length of all": "That is the length of the matrix as one long vector.",
        "smallest": "That is the smallest absolute value; the largest decides in the long run.",
        "mean": "That is the mean of the absolute values; the largest decides in the long run.",
        "sum": "That is the sum of the absolute values.",
        "trace": "That is the sum on the diagonal.",
        "as if symmetric": "eigvalsh is for symmetric matrices; it looks at one half of the "
        "matrix only.",
        "determinant": "That is the determinant, the product of all eigenvalues.",
        "abs after max": "The absolute value is taken after the maximum, when an eigenvalue like "
        "-2 has lost already. First abs(), then max().",
        "of the largest real part": "The eigenvalue was chosen by its real part, and its absolute "
        "value taken then. First abs() of all, then the largest.",
        "parts added": "Real and imaginary part were added. The absolute value of a + bi is the "
        "root of a*a + b*b; abs() of the complex number gives it.",
        "the larger part": "The larger of real and imaginary part was taken. The absolute value "
        "joins them: the root of a*a + b*b; abs() of the complex number gives it.",
        "the larger part, signed": "The larger of real and imaginary part was taken, with its "
        "sign. abs() of the complex numbers comes first; then the largest.",
        "of W.T W": "The eigenvalues of W.T @ W are the squares of the singular values of W. "
        "They say how far W can stretch in one step, not what it does in the long run.",
        "squared": "That is the square of it.",
    },
    hints=(
        "Which eigenvalues does a rotation by 90 degrees have? It does not shrink anything.",
        "Eigenvalues may be complex, and negative. The absolute value of a complex number is "
        "its distance from 0.",
        "abs() of a complex tensor gives the absolute values. Take the largest of them.",
    ),
)

EXERCISES = (spectral_radius, clip_factor, clip_gradients)
