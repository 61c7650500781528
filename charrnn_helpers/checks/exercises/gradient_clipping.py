"""The exercises of notebook 4: the spectral radius, the factor, and clipping by the global norm."""

import math

import torch
from torch import nn

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case, draw
from charrnn_helpers.training import gradient_norm


def my_spectral_radius(W):
    values = torch.linalg.eigvals(W)
    return values.abs().max().item()


def given_spectral_radius(W):
    return torch.linalg.eigvals(W).real.max().item()


RADIUS = "values.abs().max()"
SPECTRAL_RADIUS_SLIPS = {
    "real part": Slip(RADIUS, "values.real.max()", "This is the largest real part. A matrix that "
        "rotates can have eigenvalues such as 2i, with real part 0 and absolute value 2."),
    "absolute real part": Slip(RADIUS, "values.real.abs().max()", "Negative eigenvalues now count "
        "correctly, but complex ones do not: a matrix that rotates can have eigenvalues such as "
        "2i, with real part 0 and absolute value 2."),
    "singular value": Slip(RADIUS, "torch.linalg.matrix_norm(W, 2)", "This is the largest singular "
        "value, the most that W can stretch a vector in one step. Over many steps, the eigenvalues "
        "decide what happens."),
    "largest entry": Slip(RADIUS, "W.abs().max()", "This is the largest entry of the matrix in "
        "absolute value. Use the eigenvalues instead."),
    "length of all": Slip(RADIUS, "W.norm()", "This is the length of the matrix, taken as one long "
        "vector. Use the eigenvalues instead."),
    "sum": Slip(RADIUS, "values.abs().sum()", "This is the sum of the absolute values. Return only "
        "the largest of them."),
    "first": Slip(RADIUS, "values.abs()[0]", "This is the absolute value of the first eigenvalue. "
        "The eigenvalues come in no particular order, so take the largest."),
    "as if symmetric": Slip(RADIUS, "torch.linalg.eigvalsh(W).abs().max()", "eigvalsh works only "
        "for symmetric matrices: it looks at just one half of the matrix."),
    "abs after max": Slip(RADIUS, "values.real.max().abs()", "The absolute value is taken after "
        "the maximum, when an eigenvalue like -2 has already lost. Take abs() first, then max()."),
    "of the largest real part": Slip(RADIUS, "values[values.real.argmax()].abs()",
        "The eigenvalue is chosen by its real part, and its absolute value is taken afterward. "
        "Take abs() of all eigenvalues first, and then the largest."),
    "parts added": Slip(RADIUS, "(values.real.abs() + values.imag.abs()).max()",
        "The real and imaginary parts are added. The absolute value of a + bi is the square root "
        "of a*a + b*b, and abs() of the complex number computes it."),
    "the larger part": Slip(RADIUS, "torch.maximum(values.real.abs(), values.imag.abs()).max()",
        "The result is the larger of the real and imaginary parts. The absolute value combines the "
        "two: it is the square root of a*a + b*b, and abs() of the complex number computes it."),
}  # fmt: skip
SPECTRAL_RADIUS = Exercise(
    name="spectral_radius",
    notebook=4,
    title="the spectral radius",
    answer=my_spectral_radius,
    given=given_spectral_radius,
    tried="a rotation, a reflection, a triangular matrix, and random matrices with 3 and 8 rows",
    cases=(
        case(torch.tensor([[0.0, -2.0], [2.0, 0.0]])),
        case(torch.tensor([[-2.0, 0.0], [0.0, 1.0]])),
        case(torch.tensor([[-3.0, 0.0], [0.0, -1.0]])),
        case(torch.tensor([[0.5, 4.0], [0.0, 0.25]])),
        case(torch.tensor([[1.0, -3.0], [3.0, 1.0]])),
        case(draw(3, 3, seed=4)),
        case(draw(8, 8, seed=5)),
    ),
    hints=(
        "What are the eigenvalues of a rotation by 90 degrees that also doubles every length?",
        "Eigenvalues can be negative or complex. The absolute value of a complex number is its "
        "distance from 0.",
        "abs() of a complex tensor gives the absolute values. Take the largest of them.",
    ),
    slips=SPECTRAL_RADIUS_SLIPS,
)


def my_clip_factor(norm, theta):
    if norm <= theta:
        return 1.0
    return theta / norm


FACTOR = "if norm <= theta:\n        return 1.0\n    return theta / norm"
CLIP_FACTOR_SLIPS = {
    "scales up": Slip(FACTOR, "return theta / norm if norm else 1.0", "A gradient that is already "
        "short is made longer. It should stay as it is, so the factor must never be above 1."),
    "max": Slip(FACTOR, "return max(1.0, theta / norm) if norm else 1.0", "Short gradients are "
        "made longer, and long ones are left alone. Take the smaller of 1 and theta / norm, not "
        "the larger."),
    "upside down": Slip("theta / norm", "norm / theta", "The fraction is upside down. It should be "
        "theta divided by the norm."),
    "upside down, at most 1": Slip(FACTOR, "return min(1.0, norm / theta)", "The fraction is "
        "upside down, so only short gradients are shortened. Divide theta by the norm."),
    "upside down, 1 for 0": Slip(FACTOR, "return min(1.0, norm / theta) if norm else 1.0",
        "The norm is divided by theta. It should be the other way around: theta divided by the "
        "norm."),
    "division by zero": Slip(FACTOR, "return min(1.0, theta / norm)", "A norm of 0 leads to a "
        "division by zero. A gradient of length 0 needs no shortening, so its factor is 1."),
    "0 for 0": Slip(FACTOR, "if norm == 0:\n        return 0.0\n    " + FACTOR,
        "For a norm of 0, the factor should be 1, because nothing has to be shortened."),
    "None for short ones": Slip("return 1.0", "return None", "Nothing is returned for a short "
        "gradient. Its factor is 1."),
    "the norm itself": Slip(FACTOR, "return min(norm, theta)", "This is the norm after clipping. "
        "Return the factor that the gradient is multiplied by."),
    "theta ignored": Slip(FACTOR, "return min(1.0, 1 / norm) if norm else 1.0",
        "theta has no effect: gradients are cut to length 1, not to length theta."),
    "theta itself": Slip("theta / norm", "theta", "The factor is theta itself, so the length "
        "becomes theta times the norm. It should become theta."),
    "all or nothing": Slip("theta / norm", "0.0", "A long gradient is multiplied by 0. It should "
        "be shortened and keep its direction."),
    "difference": Slip("theta / norm", "norm - theta", "This is how far the norm is above theta. "
        "The factor multiplies the gradient, so it has to be a ratio, not a difference."),
    "root": Slip("theta / norm", "math.sqrt(theta / norm)", "There is one square root too many. "
        "The norm is already a length, not a square."),
    "at least 1": Slip(FACTOR, "return theta / max(norm, 1.0)", "A norm below 1 is treated as 1 in "
        "the division. Compare the norm with theta instead."),
    "unit length": Slip("theta / norm", "1 / norm", "A long gradient is cut to length 1. Cut it to "
        "length theta."),
    "compared with 1": Slip("norm <= theta", "norm <= 1", "The norm is compared with 1. Compare it "
        "with theta."),
}  # fmt: skip
CLIP_FACTOR = Exercise(
    name="clip_factor",
    notebook=4,
    title="the factor",
    answer=my_clip_factor,
    tried="norms below, at, and above theta, a norm of 0, and a theta other than 1",
    cases=(
        case(4.0, 1.0),
        case(0.5, 1.0),
        case(2.0, 2.0),
        case(10.0, 0.25),
        case(1.5, 3.0),
        case(0.2, 0.1),
        case(0.0, 1.0),
        case(0.0, 0.5),
        case(2e-7, 1e-7),
    ),
    hints=(
        "If theta is 1, which factors do gradients of length 4 and of length 0.5 need?",
        "The formula is min(1, theta / norm). What happens to it for a norm of 0?",
        "Return 1 if the norm is not above theta, and theta / norm if it is.",
    ),
    slips=CLIP_FACTOR_SLIPS,
)


class Gradients(nn.Module):
    """Parameters filled with ones that have the given gradients; None means no gradient."""

    def __init__(self, gradients):
        super().__init__()
        for i, grad in enumerate(gradients):
            shape = (2,) if grad is None else grad.shape
            parameter = nn.Parameter(torch.ones(shape))
            parameter.grad = None if grad is None else grad.clone()
            self.register_parameter(f"p{i}", parameter)


def clipped(answer, theta, *gradients):
    """Clip a model with these gradients, and return everything that could have changed."""
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


def my_clip_gradients(grad_clip_val, model):
    norm = gradient_norm(model)
    if not math.isfinite(norm):
        raise FloatingPointError(f"the gradient norm is {norm}")
    if norm > grad_clip_val:
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= grad_clip_val / norm
    return norm


NORM = "norm = gradient_norm(model)"
FINITE = (
    'if not math.isfinite(norm):\n        raise FloatingPointError(f"the gradient norm is {norm}")'
)
GRADS = "[p.grad for p in model.parameters() if p.grad is not None]"
SCALE = "p.grad *= grad_clip_val / norm"
LOOP = "for p in model.parameters():\n            if p.grad is not None:"
CLIP_GRADIENTS_SLIPS = {
    "per parameter": Slip(f"if norm > grad_clip_val:\n        {LOOP}\n                {SCALE}",
        f"for grad in {GRADS}:\n        grad *= min(1.0, grad_clip_val / (grad.norm() or 1.0))",
        "Each parameter is clipped by its own norm, so each gets a different factor, and the "
        "gradient as a whole changes direction. Use a single norm over all of them."),
    "scales up": Slip("norm > grad_clip_val", "norm > 0", "A gradient that was already short is "
        "made longer. It should stay as it is, so the factor must never be above 1."),
    "sum of norms": Slip(NORM, f"norm = sum(g.norm().item() for g in {GRADS})",
        "The norms of the individual gradients are added. The norm of all of them together is the "
        "square root of the sum of all squares."),
    "largest norm": Slip(NORM, f"{NORM}\n    if math.isfinite(norm):\n        norm = max(g.norm()"
        f".item() for g in {GRADS})", "Only the largest of the individual norms is used. The norm "
        "of all gradients together is the square root of the sum of all squares."),
    "no root": Slip(NORM, f"norm = sum(g.pow(2).sum().item() for g in {GRADS})",
        "The square root is missing, so this is the square of the norm."),
    "by value": Slip(SCALE, "p.grad.clamp_(-grad_clip_val, grad_clip_val)", "Each number is "
        "limited on its own, which changes the direction of the gradient. Multiply the whole "
        "gradient by one factor."),
    "None is an error": Slip("            if p.grad is not None:\n    ", "",
        "A parameter without a gradient causes an error. Its grad is None, so skip it."),
    "None becomes zeros": Slip("for p in model.parameters():\n", "for p in "
        "model.parameters():\n            p.grad = torch.zeros_like(p) if p.grad is None else "
        "p.grad\n", "A parameter without a gradient gets a gradient of zeros. Its grad should stay "
        "None."),
    "stops at None": Slip(f"if p.grad is not None:\n                {SCALE}",
        f"if p.grad is None:\n                break\n            {SCALE}", "Scaling stops at the "
        "first parameter without a gradient. Skip that parameter, and go on with the next one."),
    "division by zero": Slip("if norm > grad_clip_val:", "if min(1.0, grad_clip_val / norm) < 1:",
        "A norm of 0 leads to a division by zero. Divide only if the norm is above theta."),
    "inf unnoticed": Slip(FINITE, "pass", "A norm of inf or nan goes unnoticed, and the damage "
        "spreads, because inf * 0 is nan. Check the norm first with math.isfinite, and raise "
        "FloatingPointError."),
    "nan unnoticed": Slip("not math.isfinite(norm)", "math.isinf(norm)", "inf is noticed, but nan "
        "is not: tests such as norm == nan or norm > 1 are never true if the norm is nan. "
        "math.isfinite finds both."),
    "only nan noticed": Slip("not math.isfinite(norm)", "math.isnan(norm)", "nan is noticed, but "
        "inf is not. math.isfinite finds both."),
    "error returned": Slip("raise FloatingPointError", "return FloatingPointError",
        "The error is returned. It has to be raised instead."),
    "another error": Slip("raise FloatingPointError", "raise ValueError", "A different kind of "
        "error is raised. Raise FloatingPointError, so that the caller knows what to catch."),
    "damage before the error": Slip(FINITE, f"for g in {GRADS}:\n        g *= min(1.0, "
        f"grad_clip_val / (norm or 1.0))\n    grad_clip_val = math.inf\n    {FINITE}",
        "The error is raised, but by then the gradients have been scaled. Check the norm first."),
    "measured anew": Slip(SCALE, "p.grad *= grad_clip_val / gradient_norm(model)",
        "The norm is measured again in the loop, after some gradients have already been shortened, "
        "so each gets a different factor. Measure it once, before the loop."),
    "norm after": Slip("return norm", "return min(norm, grad_clip_val)", "The norm after clipping "
        "is returned. Return the one before, which tells how large the gradient was."),
    "nothing returned": Slip("    return norm", "    return None", "Nothing is returned. Return "
        "the norm before clipping."),
    "returned only if clipped": Slip("    return norm", "        return norm",
        "The norm is returned only if something was clipped. Return it in every case."),
    "not in place": Slip(SCALE, "p.grad * (grad_clip_val / norm)", "The gradients have not "
        "changed. grad * factor makes a new tensor; change the gradient itself with *= or mul_."),
    "the weights": Slip(SCALE, "p.data *= grad_clip_val / norm", "The weights are scaled instead "
        "of the gradients. Scale p.grad, not p."),
    "upside down": Slip(SCALE, "p.grad *= norm / grad_clip_val", "The factor is upside down. It "
        "should be theta divided by the norm."),
}  # fmt: skip
CLIP_GRADIENTS = Exercise(
    name="clip_gradients",
    notebook=4,
    title="clipping by one norm for all",
    answer=my_clip_gradients,
    arguments=2,
    drive=clipped,
    tried="one or more parameters, long and short gradients, None, a norm of 0, inf, and nan",
    cases=(
        clip_case(1.0, [3.0, 4.0]),
        clip_case(10.0, [3.0, 4.0]),
        clip_case(1.0, [3.0], [4.0]),
        clip_case(0.5, [[1.0, -2.0], [0.1, 2.0]], [0.3]),
        clip_case(2.0, [0.5, -0.25], [0.125], [1.0, 1.0]),
        clip_case(1.0, [3.0, 4.0], None),
        clip_case(1.0, None, [3.0, 4.0]),
        clip_case(6.0, [3.0, 4.0], None),
        clip_case(1.0, [0.0, 0.0]),
        clip_case(1.0, [1.0, math.inf], [2.0]),
        clip_case(1.0, [1.0, -math.inf]),
        clip_case(1.0, [1.0, 2.0], [math.nan]),
    ),
    hints=(
        "There are three things to do: measure, compare, scale. What does gradient_norm give you?",
        "Start with norm = gradient_norm(model). If it is not finite, raise the error. If it is "
        "above grad_clip_val, multiply each p.grad that is not None by the same factor, in place.",
        "for p in model.parameters(): if p.grad is not None: p.grad *= grad_clip_val / norm. Do "
        "this only if norm > grad_clip_val, and return norm at the end.",
    ),
    slips=CLIP_GRADIENTS_SLIPS,
)
EXERCISES = (SPECTRAL_RADIUS, CLIP_FACTOR, CLIP_GRADIENTS)
