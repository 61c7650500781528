"""The exercises of notebook 2: counting parameters, one step, the loop, a broken network."""

import re
from functools import partial

import torch

from charrnn_helpers.checks.exercise import Case, Exercise, Slip, case, draw
from charrnn_helpers.checks.values import Odd, attempt, named
from charrnn_helpers.model import RNNScratch


def my_num_params(vocab_size, num_hiddens):
    W_xh = vocab_size * num_hiddens
    W_hh = num_hiddens * num_hiddens
    b_h = num_hiddens
    W_hq = num_hiddens * vocab_size
    b_q = vocab_size
    return W_xh + W_hh + b_h + W_hq + b_q


SUM = "return W_xh + W_hh + b_h + W_hq + b_q"
NUM_PARAMS_SLIPS = {
    "without biases": Slip(SUM, "return W_xh + W_hh + W_hq", "The matrices are counted, and the "
        "two biases are missing: b_h with num_hiddens numbers, b_q with vocab_size."),
    "without the output layer": Slip(SUM, "return W_xh + W_hh + b_h", "That is the recurrence "
        "alone. The output layer has W_hq, num_hiddens by vocab_size, and b_q."),
    "one rectangle": Slip(SUM, "return W_xh + W_hh + b_h + b_q", "One of W_xh and W_hq is "
        "missing. Each has vocab_size times num_hiddens numbers: one leads into the state, the "
        "other out of it."),
    "without W_hh": Slip(SUM, "return W_xh + b_h + W_hq + b_q", "W_hh is missing: num_hiddens by "
        "num_hiddens."),
    "without b_h": Slip(SUM, "return W_xh + W_hh + W_hq + b_q", "The bias b_h is missing: one "
        "number for each hidden unit."),
    "without b_q": Slip(SUM, "return W_xh + W_hh + b_h + W_hq", "The bias b_q is missing: one "
        "number for each token."),
    "two biases": Slip("b_h = num_hiddens", "b_h = 2 * num_hiddens", "num_hiddens is counted "
        "once too often: there is one bias b_h (nn.RNN has two), and the state is not a "
        "parameter."),
    "W_hh doubled": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = 2 * num_hiddens",
        "For W_hh the two sizes are added. A matrix of shape (a, b) holds a * b numbers."),
    "biases exchanged": Slip("b_q = vocab_size", "b_q = num_hiddens", "b_q is as long as the "
        "logits, vocab_size; num_hiddens belongs to b_h."),
    "bias as a matrix": Slip("b_h = num_hiddens", "b_h = num_hiddens * num_hiddens",
        "b_h is counted as a matrix. It is one row: a number for each hidden unit."),
    "scalar biases": Slip(SUM, "return W_xh + W_hh + 1 + W_hq + 1", "Each bias is counted as one "
        "number. b_h has num_hiddens numbers, b_q has vocab_size."),
    "W_hh as a row": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = num_hiddens",
        "W_hh is counted as a row. It is a matrix, num_hiddens by num_hiddens."),
    "W_hh with the vocabulary": Slip("W_hh = num_hiddens * num_hiddens",
        "W_hh = vocab_size * vocab_size", "W_hh is counted as vocab_size by vocab_size. It leads "
        "from the state to the state: num_hiddens by num_hiddens."),
    "W_hh a rectangle": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = vocab_size * num_hiddens",
        "W_hh is counted as vocab_size by num_hiddens. It leads from the state to the state: "
        "num_hiddens by num_hiddens."),
    "sizes added": Slip(SUM, "return 5 * num_hiddens + 3 * vocab_size", "The two sizes of each "
        "matrix are added. A matrix of shape (a, b) holds a * b numbers."),
    "rows only": Slip(SUM, "return vocab_size + num_hiddens + b_h + num_hiddens + b_q",
        "Only the rows of each matrix are counted. Each row holds several numbers."),
    "tensors counted": Slip(SUM, "return 5", "That is the number of tensors. Count the numbers "
        "in them."),
    "doubled": Slip(SUM, SUM.replace("return ", "return 2 * (") + ")", "Everything is counted "
        "twice. Gradients are not parameters, and each matrix is used at every step, but exists "
        "once."),
    "always the same": Slip(SUM, "return 2876", "That is the right number for 28 and 32 only. "
        "Compute it from the two arguments."),
    "28 written in": Slip("W_xh = vocab", "vocab_size = 28\n    W_xh = vocab",
        "The number 28 is written into the formula. Use the argument vocab_size."),
    "32 written in": Slip("W_xh = vocab_size", "num_hiddens = 32\n    W_xh = vocab_size",
        "The number 32 is written into the formula. Use the argument num_hiddens."),
}  # fmt: skip
NUM_PARAMS = Exercise(
    name="num_params",
    notebook=2,
    title="counting the parameters",
    answer=my_num_params,
    tried="5 sizes of vocabulary and state, one of them 28 and 32",
    cases=(case(3, 2), case(2, 5), case(4, 4), case(28, 32), case(28, 256)),
    hints=(
        "Write the shape of each of the five tensors beside its name.",
        "A matrix of shape (a, b) holds a * b numbers. W_xh leads from vocab_size numbers to "
        "num_hiddens, W_hh from num_hiddens to num_hiddens, W_hq from num_hiddens to vocab_size.",
        "Three products and two lengths: vocab_size * num_hiddens for W_xh, and so on; b_h has "
        "num_hiddens numbers, b_q has vocab_size. With 28 and 32 the sum is 2,876.",
    ),
    slips=NUM_PARAMS_SLIPS,
)


def my_rnn_step(X, H, W_xh, W_hh, b_h):
    return torch.tanh(X @ W_xh + H @ W_hh + b_h)


def step_arguments(batch_size, num_inputs, num_hiddens, seed, scale=0.7):
    sizes = [(batch_size, num_inputs), (batch_size, num_hiddens), (num_inputs, num_hiddens)]
    sizes += [(num_hiddens, num_hiddens), (num_hiddens,)]
    return tuple(draw(*size, seed=10 * seed + i, scale=scale) for i, size in enumerate(sizes))


def step_case(b, n, h, scale=0.7):
    show = f"(X {b, n}, H {b, h}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"
    return Case(show, lambda: step_arguments(b, n, h, 5, scale))


RNN_STEP_SLIPS = {
    "no tanh": Slip("torch.tanh", "", "The tanh is missing. Without it the states can grow "
        "without bound, and many steps together are no more than one matrix."),
    "sigmoid": Slip("tanh", "sigmoid", "That is the sigmoid, which lies between 0 and 1. The "
        "formula has tanh, between -1 and 1."),
    "relu": Slip("tanh", "relu", "That is the ReLU, which replaces everything negative by 0. The "
        "formula has tanh."),
    "no bias": Slip(" + b_h", "", "The bias b_h is missing."),
    "bias outside": Slip(" + b_h)", ") + b_h", "The bias is added outside the tanh. In the "
        "formula it is inside."),
    "bias twice": Slip(" + b_h", " + b_h + b_h", "The bias is added twice. There is one b_h for "
        "both parts together."),
    "bias as a column": Slip("b_h)\n", "b_h.unsqueeze(1))\n", "The bias is added as a column, "
        "one number for each text. It is a row, one number for each hidden unit, and PyTorch "
        "adds it to every row."),
    "tanh of each part": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh) + b_h",
        "The tanh is applied to each part by itself. In the formula it is applied to their sum, "
        "so that the state stays between -1 and 1."),
    "tanh of each term": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh) + torch.tanh(b_h)",
        "The tanh is applied to each of the three terms. In the formula it is applied to their "
        "sum."),
    "two tanh, bias with the state": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh + b_h)",
        "Each part has a tanh of its own. There is one tanh, over the sum of all."),
    "tanh of the inputs only": Slip(" + H @ W_hh + b_h)", " + b_h) + H @ W_hh",
        "The tanh is applied to the inputs only. The part of the old state belongs inside as "
        "well."),
    "W_hh transposed": Slip("H @ W_hh", "H @ W_hh.T", "W_hh is transposed. It is square, so no "
        "shape can tell: the state is on its left, without a transpose."),
    "matrices in front": Slip("X @ W_xh + H @ W_hh", "W_xh @ X + W_hh @ H", "The matrices are in "
        "front. The rows of X and H are texts, so X and H come first. (For square matrices the "
        "other order runs as well, and means something else.)"),
    "W_xh in front": Slip("X @ W_xh", "W_xh @ X", "W_xh is in front of the inputs. The rows of X "
        "are texts, so X comes first: X @ W_xh. (For square matrices the other order runs as "
        "well, and means something else.)"),
    "W_hh in front": Slip("H @ W_hh", "W_hh @ H", "W_hh is in front of the state. The rows of H "
        "are texts, so H comes first: H @ W_hh. (For square matrices the other order runs as "
        "well, and means something else.)"),
    "weights exchanged": Slip("X @ W_xh + H @ W_hh", "X @ W_hh + H @ W_xh", "W_xh and W_hh are "
        "exchanged: W_xh belongs to the inputs, W_hh to the state."),
    "state elementwise": Slip("H @ W_hh", "H * W_hh", "H and W_hh are multiplied element by "
        "element, with *. The matrix product is @."),
    "both elementwise": Slip("X @ W_xh + H @ W_hh", "X * W_xh + H * W_hh", "The matrices are "
        "multiplied element by element, with *. The matrix product is @."),
    "chained": Slip("X @ W_xh + H @ W_hh", "(X @ W_xh + H) @ W_hh", "The inputs' part is "
        "multiplied by W_hh as well. W_hh multiplies the old state alone; the inputs' part is "
        "added afterwards."),
    "no memory": Slip(" + H @ W_hh", "", "The old state has no part in the result. Without it "
        "the network forgets everything but the last character."),
    "not multiplied": Slip("H @ W_hh", "H", "The old state is added as it is, without W_hh."),
    "old state added": Slip("torch.tanh", "H + torch.tanh", "The old state is added to the new "
        "one. Its part is inside the tanh, and the new state replaces it."),
}  # fmt: skip
RNN_STEP = Exercise(
    name="rnn_step",
    notebook=2,
    title="one step of the recurrence",
    answer=my_rnn_step,
    tried="square and other shapes, batches of 1 to 4, states that are zero and that are not",
    cases=(
        case(*step_arguments(1, 1, 1, 1)),
        case(*step_arguments(2, 2, 2, 2)),
        *(step_case(*sizes) for sizes in [(3, 3, 3), (2, 5, 3), (1, 4, 6), (4, 2, 3)]),
        step_case(2, 3, 4, scale=40.0),
    ),
    hints=(
        "The formula is a few lines further up. Which three terms are inside the tanh?",
        "X and H have a row for each text, so they are on the left of their matrices: a matrix "
        "product is written @ in Python.",
        "torch.tanh(... + ... + b_h), with X @ W_xh in one place. What is in the other?",
    ),
    slips=RNN_STEP_SLIPS,
)


def my_rnn_loop(inputs, state, W_xh, W_hh, b_h):
    if state is None:
        state = torch.zeros(inputs.shape[1], W_hh.shape[0])
    outputs = []
    for X in inputs:
        state = torch.tanh(X @ W_xh + state @ W_hh + b_h)
        outputs.append(state)
    return outputs, state


ZEROS = "torch.zeros(inputs.shape[1], W_hh.shape[0])"
UPDATE = "state = torch.tanh(X @ W_xh + state @ W_hh + b_h)"
APPEND, RETURN = "outputs.append(state)", "return outputs, state"


def in_loop(slip):
    """Return a slip of the formula as it looks in the loop, where the old state is `state`."""
    old, new = (re.sub(r"\bH\b", "state", text) for text in (slip.old, slip.new))
    return slip._replace(old=old, new=new)


def states_and_last(answer, inputs, state, *weights):
    """Run the loop, and see how the gradient of W_hh flows through its results."""
    found = named(answer(inputs, state, *weights), "outputs", "state")
    W_xh, W_hh, b_h = (weight.clone().requires_grad_() for weight in weights)
    results = attempt(answer, inputs.clone(), state, W_xh, W_hh, b_h)
    return found | gradient(results, W_hh, {})  # an answer in NumPy has none


def gradient(results, W_hh, detached):
    """Return {"gradient": ...} of the sum of squares of all results, `detached` if it has none."""
    total = sum(H.pow(2).sum() for H in flat(results) if isinstance(H, torch.Tensor))
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return detached
    found = attempt(partial(torch.autograd.grad, allow_unused=True), total, W_hh)
    if isinstance(found, Odd):  # something was changed in place
        return {}
    return {"gradient": Odd("none: it is detached") if found[0] is None else found[0]}


def flat(results):
    """Return all tensors in the results, and in lists among them."""
    for result in results if isinstance(results, (tuple, list)) else (results,):
        yield from result if isinstance(result, (tuple, list)) else (result,)


def loop_arguments(num_steps, batch_size, num_inputs, num_hiddens, seed, state=True):
    _, H, *weights = step_arguments(batch_size, num_inputs, num_hiddens, seed)
    inputs = draw(num_steps, batch_size, num_inputs, seed=seed + 50)
    return (inputs, H if state else None, *weights)


def loop_case(*sizes, state=True):
    t, b, n, h = sizes
    given = f"state {b, h}" if state else "state None"
    show = f"(inputs {t, b, n}, {given}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})"

    def make():
        return loop_arguments(*sizes, seed=sum(sizes), state=state)

    return case(*make()) if t * b * n * h < 10 else Case(show, make)


LOOP_CASES = (
    loop_case(1, 1, 2, 2, state=False),
    loop_case(2, 1, 2, 2, state=False),
    loop_case(1, 2, 3, 3),
    loop_case(3, 2, 4, 3, state=False),
    loop_case(4, 3, 2, 5, state=False),
    loop_case(3, 2, 3, 3),
    loop_case(6, 3, 4, 2),
)
FORMULA = ("no tanh", "no bias", "W_hh transposed", "no memory")
RNN_LOOP_SLIPS = {
    "state ignored": Slip("if state is None:", "if True:", "A state that is handed in is not "
        "used: the loop always begins with zeros. Make zeros only if state is None."),
    "starts from ones": Slip("torch.zeros", "torch.ones", "Without a state, the loop should "
        "begin with zeros, not with ones."),
    "rows from the steps": Slip("inputs.shape[1]", "inputs.shape[0]", "The zeros have a row for "
        "each step. A state has a row for each text of the batch: inputs.shape[1]."),
    "columns from the inputs": Slip("W_hh.shape[0]", "inputs.shape[2]", "The zeros have a column "
        "for each input. A state has a column for each hidden unit: W_hh.shape[0]."),
    "state is a number": Slip(ZEROS, "0", "The first state is a plain number. It must be a "
        "tensor of zeros: a row for each text, a column for each hidden unit."),
    "always the first state": Slip(f"{UPDATE}\n        {APPEND}\n    {RETURN}",
        f"new = {UPDATE[8:]}\n        outputs.append(new)\n    return outputs, new",
        "Each step starts from the first state. It should start from the one that the step "
        "before has made."),
    "reset at each step": Slip("for X in inputs:\n", f"for X in inputs:\n        state = {ZEROS}\n",
        "The state is set to zero at each step, so nothing is remembered. Make the zeros once, "
        "before the loop."),
    "old state kept": Slip(f"{UPDATE}\n        {APPEND}", f"{APPEND}\n        {UPDATE}",
        "The list holds the state before each step. Make the new state first, then append it."),
    "first state listed": Slip("outputs = []", "outputs = [state]", "The list begins with the "
        "state before the first step, so there is one too many."),
    "return in the loop": Slip(f"    {RETURN}", f"        {RETURN}", "Only the first step is "
        "read: the return is inside the loop."),
    "last dropped": Slip(RETURN, "return outputs[:-1], state", "The last state is missing from "
        "the list."),
    "only the last": Slip(RETURN, "return outputs[-1:], state", "The list holds the last state "
        "only. It should hold one for each step."),
    "list alone": Slip(RETURN, "return outputs", "Only the list came back. Two results are "
        "wanted: the list, and the last state once more on its own."),
    "first returned": Slip(RETURN, "return outputs, outputs[0]", "The second result is the first "
        "state. It should be the last."),
    "same object": Slip(RETURN, "return [state] * len(outputs), state", "The list holds the last "
        "state again and again. (Was one tensor changed in place? Make a new one at each step.)"),
    "exchanged": Slip(RETURN, "return state, outputs", "The two results are exchanged: first the "
        "list of all states, then the last one."),
    "along the batch": Slip("for X in inputs:", "for X in inputs.transpose(0, 1):",
        "The loop runs over the texts. Time is the first axis of inputs, so `for X in inputs` "
        "runs over the steps."),
    "detached": Slip(APPEND, "outputs.append(state.detach())", "The states in the list are "
        "detached (with detach, .data or no_grad), so that no gradient can reach the weights "
        "through them."),
    "state detached": Slip(APPEND, f"{APPEND}\n        state = state.detach()",
        "The state is detached from step to step, so that no gradient flows back in time."),
    **{name: in_loop(RNN_STEP.slips[name]) for name in FORMULA},
}  # fmt: skip
RNN_LOOP = Exercise(
    name="rnn_loop",
    notebook=2,
    title="the loop",
    answer=my_rnn_loop,
    drive=states_and_last,
    tried="1 to 6 steps, batches of 1 to 3, with a state handed in and without, and the gradient",
    cases=LOOP_CASES,
    hints=(
        "You have the body of the loop already: it is the exercise before. What should the state "
        "be before anything was read?",
        "A zero for each text and each hidden unit. Which of the arguments knows how many texts "
        "there are, and which knows the number of hidden units? (Look at their shapes.)",
        "The zeros have inputs.shape[1] rows and W_hh.shape[0] columns. In the loop, "
        "state = torch.tanh(X @ W_xh + state @ W_hh + b_h): the state on the right is the old "
        "one, the state on the left the new one.",
    ),
    slips=RNN_LOOP_SLIPS,
)


class MyRNN(RNNScratch):
    def forward(self, inputs, state=None):
        if state is None:
            state = torch.zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)
            outputs.append(state)
        return outputs, state


class GivenRNN(RNNScratch):
    def forward(self, inputs, state=None):
        if state is None:
            state = inputs.new_zeros(inputs.shape[1], self.num_hiddens)
        outputs = []
        for X in inputs:
            outputs.append(state)
            state = torch.tanh(X @ self.W_xh + state @ self.W_hh.T + self.b_h)
        return outputs, state


def network_with(answer, inputs, state, W_xh, W_hh, b_h):
    """Build the network, give it these weights, let it read, and look at the gradient."""
    if getattr(answer, "forward", None) is RNNScratch.forward:
        raise NotImplementedError  # nothing of its own yet
    rnn = answer(*W_xh.shape)
    with torch.no_grad():
        for name, weights in {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}.items():
            getattr(rnn, name).copy_(weights)
    found = named(rnn(inputs, state), "outputs", "state")
    results = rnn(inputs, state)  # once more: nothing may be kept from the first time
    none = {"gradient": Odd("none: it is detached")}
    return found | {"W_hh": rnn.W_hh} | gradient(results, rnn.W_hh, none)


def in_class(slip):
    """Return a slip of the loop as it looks inside the class: with self, and one level deeper."""

    def inside(text):
        text = text.replace("W_hh.shape[0]", "self.num_hiddens").replace("\n", "\n    ")
        return re.sub(r"\b(W_xh|W_hh|b_h)\b", r"self.\1", text)

    return slip._replace(old=inside(slip.old), new=inside(slip.new))


UPDATE_IN_CLASS = "torch.tanh(X @ self.W_xh + state @ self.W_hh + self.b_h)"
BROKEN_RNN_SLIPS = {
    **{name: in_class(slip) for name, slip in RNN_LOOP.slips.items()},
    "no gradient": Slip(UPDATE_IN_CLASS, UPDATE_IN_CLASS + ".detach()", "No gradient can reach "
        "W_hh, because the matrix or the states are detached (with detach, .data or no_grad), so "
        "it could never learn."),
    "W_hh changed": Slip("outputs = []", "outputs = []\n        self.W_hh.data = self.W_hh.data.T",
        "The matrix W_hh itself is changed. The forward pass only reads the weights."),
}  # fmt: skip
BROKEN_RNN = Exercise(
    name="broken_rnn",
    notebook=2,
    title="two faults that no shape tells",
    answer=MyRNN,
    arguments=2,
    given=GivenRNN,
    drive=network_with,
    tried="1 to 6 steps, batches of 1 to 3, with a state handed in and without, and the gradient",
    cases=LOOP_CASES,
    hints=(
        "Compare it line by line with RNNScratch, or better: with the formula. Let it read a "
        "single step, and look at outputs[0]. What should it be?",
        "outputs[-1] should be the last state itself, and it is not. Also, one sign in the line "
        "of the formula turns a matrix around.",
        "Append the state after it was made, not before, and remove the .T.",
    ),
    slips=BROKEN_RNN_SLIPS,
)
EXERCISES = (RNN_STEP, RNN_LOOP, BROKEN_RNN, NUM_PARAMS)
