"""The exercises of notebook 2: counting parameters, one step, the loop, a broken network."""

import re
from functools import partial

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case, draw
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
    "without biases": Slip(SUM, "return W_xh + W_hh + W_hq", "The matrices are counted, but the "
        "two biases are missing: b_h with num_hiddens numbers and b_q with vocab_size."),
    "without the output layer": Slip(SUM, "return W_xh + W_hh + b_h", "This counts the recurrence "
        "alone. The output layer adds W_hq, which is num_hiddens by vocab_size, and b_q."),
    "one rectangle": Slip(SUM, "return W_xh + W_hh + b_h + b_q", "Either W_xh or W_hq is missing. "
        "Each has vocab_size times num_hiddens numbers: one leads into the state, the other out of "
        "it."),
    "without W_hh": Slip(SUM, "return W_xh + b_h + W_hq + b_q", "The matrix W_hh is missing. It is "
        "num_hiddens by num_hiddens."),
    "without b_h": Slip(SUM, "return W_xh + W_hh + W_hq + b_q", "The bias b_h is missing: one "
        "number for each hidden unit."),
    "without b_q": Slip(SUM, "return W_xh + W_hh + b_h + W_hq", "The bias b_q is missing: one "
        "number for each token."),
    "two biases": Slip("b_h = num_hiddens", "b_h = 2 * num_hiddens", "num_hiddens is added one "
        "extra time: there is only one bias b_h (nn.RNN has two), and the state is not a "
        "parameter."),
    "W_hh doubled": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = 2 * num_hiddens",
        "The two sizes of W_hh are added. A matrix of shape (a, b) holds a * b numbers."),
    "biases exchanged": Slip("b_q = vocab_size", "b_q = num_hiddens", "b_q is as long as the "
        "logits, vocab_size. The length num_hiddens belongs to b_h."),
    "bias as a matrix": Slip("b_h = num_hiddens", "b_h = num_hiddens * num_hiddens",
        "b_h is counted as a matrix. It is a single row, with one number for each hidden unit."),
    "scalar biases": Slip(SUM, "return W_xh + W_hh + 1 + W_hq + 1", "Each bias is counted as a "
        "single number. b_h has num_hiddens numbers, and b_q has vocab_size."),
    "W_hh as a row": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = num_hiddens",
        "W_hh is counted as a single row. It is a matrix, num_hiddens by num_hiddens."),
    "W_hh with the vocabulary": Slip("W_hh = num_hiddens * num_hiddens",
        "W_hh = vocab_size * vocab_size", "W_hh is counted as vocab_size by vocab_size. It maps "
        "the old state to the new one, so it is num_hiddens by num_hiddens."),
    "W_hh a rectangle": Slip("W_hh = num_hiddens * num_hiddens", "W_hh = vocab_size * num_hiddens",
        "W_hh is counted as vocab_size by num_hiddens. It maps the old state to the new one, so it "
        "is num_hiddens by num_hiddens."),
    "sizes added": Slip(SUM, "return 5 * num_hiddens + 3 * vocab_size", "The two sizes of each "
        "matrix are added. Multiply them: a matrix of shape (a, b) holds a * b numbers."),
    "rows only": Slip(SUM, "return vocab_size + num_hiddens + b_h + num_hiddens + b_q",
        "Only the rows of each matrix are counted, but each row holds several numbers."),
    "tensors counted": Slip(SUM, "return 5", "This is the number of tensors. Count the numbers in "
        "them instead."),
    "doubled": Slip(SUM, SUM.replace("return ", "return 2 * (") + ")", "Everything is counted "
        "twice. Gradients are not parameters, and each matrix exists only once, although it is "
        "used at every step."),
    "always the same": Slip(SUM, "return 2876", "This is the right number for 28 and 32 only. "
        "Compute it from the two arguments."),
    "28 written in": Slip("W_xh = vocab", "vocab_size = 28\n    W_xh = vocab",
        "The count always uses a vocabulary size of 28. Use the argument vocab_size."),
    "32 written in": Slip("W_xh = vocab_size", "num_hiddens = 32\n    W_xh = vocab_size",
        "The count always uses 32 hidden units. Use the argument num_hiddens."),
}  # fmt: skip
NUM_PARAMS = Exercise(
    name="num_params",
    notebook=2,
    title="counting the parameters",
    answer=my_num_params,
    tried="five pairs of vocabulary size and number of hidden units, including 28 and 32",
    cases=(case(3, 2), case(2, 5), case(4, 4), case(28, 32), case(28, 256)),
    hints=(
        "Write the shape of each of the five tensors next to its name.",
        "A matrix of shape (a, b) holds a * b numbers. W_xh maps vocab_size numbers to "
        "num_hiddens, W_hh num_hiddens to num_hiddens, and W_hq num_hiddens to vocab_size.",
        "Add three products and two lengths: vocab_size * num_hiddens for W_xh, and so on; b_h "
        "has num_hiddens numbers, and b_q has vocab_size. For 28 and 32, the sum is 2,876.",
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
    "no tanh": Slip("torch.tanh", "", "The tanh is missing. Without it, the states can grow "
        "without bound, and many steps in a row amount to a single linear map."),
    "sigmoid": Slip("tanh", "sigmoid", "This is the sigmoid, whose values lie between 0 and 1. The "
        "formula has tanh, whose values lie between -1 and 1."),
    "relu": Slip("tanh", "relu", "This is the ReLU, which replaces every negative number with 0. "
        "The formula has tanh."),
    "no bias": Slip(" + b_h", "", "The bias b_h is missing."),
    "bias outside": Slip(" + b_h)", ") + b_h", "The bias is added outside the tanh. In the "
        "formula, it is inside."),
    "bias twice": Slip(" + b_h", " + b_h + b_h", "The bias is added twice. There is a single b_h "
        "for the inputs and the state together."),
    "bias as a column": Slip("b_h)\n", "b_h.unsqueeze(1))\n", "The bias is added as a column, with "
        "one number for each text. It is a row, with one number for each hidden unit, and PyTorch "
        "adds it to every row."),
    "tanh of each part": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh) + b_h",
        "The tanh is applied to each part separately. In the formula, it is applied to their sum, "
        "so that the state stays between -1 and 1."),
    "tanh of each term": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh) + torch.tanh(b_h)",
        "The tanh is applied to each of the three terms. In the formula, it is applied to their "
        "sum."),
    "two tanh, bias with the state": Slip(" + H @ W_hh + b_h)", ") + torch.tanh(H @ W_hh + b_h)",
        "Each part has a tanh of its own. There should be a single tanh around the whole sum."),
    "tanh of the inputs only": Slip(" + H @ W_hh + b_h)", " + b_h) + H @ W_hh",
        "The tanh is applied only to the inputs. The product with the old state belongs inside it "
        "as well."),
    "W_hh transposed": Slip("H @ W_hh", "H @ W_hh.T", "W_hh is transposed. Because it is square, "
        "the shapes fit either way. The state goes on its left, and there is no transpose."),
    "matrices in front": Slip("X @ W_xh + H @ W_hh", "W_xh @ X + W_hh @ H", "The matrices are on "
        "the left. The rows of X and H are texts, so X and H must come first. (If the shapes "
        "happen to fit, the other order runs as well, but it means something else.)"),
    "W_xh in front": Slip("X @ W_xh", "W_xh @ X", "W_xh is on the left of the inputs. The rows of "
        "X are texts, so X must come first: X @ W_xh. (If the shapes happen to fit, the other "
        "order runs as well, but it means something else.)"),
    "W_hh in front": Slip("H @ W_hh", "W_hh @ H", "W_hh is on the left of the state. The rows of H "
        "are texts, so H must come first: H @ W_hh. (If the shapes happen to fit, the other order "
        "runs as well, but it means something else.)"),
    "weights exchanged": Slip("X @ W_xh + H @ W_hh", "X @ W_hh + H @ W_xh", "W_xh and W_hh are "
        "swapped: W_xh belongs to the inputs, and W_hh belongs to the state."),
    "state elementwise": Slip("H @ W_hh", "H * W_hh", "H and W_hh are multiplied element by "
        "element, with *. The matrix product is @."),
    "both elementwise": Slip("X @ W_xh + H @ W_hh", "X * W_xh + H * W_hh", "The matrices are "
        "multiplied element by element, with *. Use @ for a matrix product."),
    "chained": Slip("X @ W_xh + H @ W_hh", "(X @ W_xh + H) @ W_hh", "The product X @ W_xh is "
        "multiplied by W_hh as well. W_hh should multiply the old state alone; X @ W_xh is added "
        "afterward."),
    "no memory": Slip(" + H @ W_hh", "", "The old state has no effect on the result. Without it, "
        "the network forgets everything but the last character."),
    "not multiplied": Slip("H @ W_hh", "H", "The old state is added as it is, without W_hh."),
    "old state added": Slip("torch.tanh", "H + torch.tanh", "The old state is added to the new "
        "one. It belongs only inside the tanh, and the new state replaces it."),
}  # fmt: skip
RNN_STEP = Exercise(
    name="rnn_step",
    notebook=2,
    title="one step of the recurrence",
    answer=my_rnn_step,
    tried="square and non-square shapes, batches of 1 to 4, and large numbers",
    cases=(
        case(*step_arguments(1, 1, 1, 1)),
        case(*step_arguments(2, 2, 2, 2)),
        *(step_case(*sizes) for sizes in [(3, 3, 3), (2, 5, 3), (1, 4, 6), (4, 2, 3)]),
        step_case(2, 3, 4, scale=40.0),
    ),
    hints=(
        "The formula is at the beginning of the section Three steps by hand. Which three terms "
        "are inside the tanh?",
        "X and H have one row for each text, so they go on the left of their matrices. In Python, "
        "a matrix product is written with @.",
        "Use torch.tanh(... + ... + b_h), with X @ W_xh in one gap. What goes in the other?",
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
    "state ignored": Slip("if state is None:", "if True:", "A state that is passed in is not used: "
        "the loop always starts from zeros. Make zeros only if state is None."),
    "starts from ones": Slip("torch.zeros", "torch.ones", "If no state is passed in, the loop "
        "should start from zeros, not from ones."),
    "rows from the steps": Slip("inputs.shape[1]", "inputs.shape[0]", "The zeros have one row for "
        "each step. A state has one row for each text in the batch: inputs.shape[1]."),
    "columns from the inputs": Slip("W_hh.shape[0]", "inputs.shape[2]", "The zeros have one column "
        "for each input. A state has one column for each hidden unit: W_hh.shape[0]."),
    "state is a number": Slip(ZEROS, "0", "The first state is a plain number. It must be a tensor "
        "of zeros, with one row for each text and one column for each hidden unit."),
    "always the first state": Slip(f"{UPDATE}\n        {APPEND}\n    {RETURN}",
        f"new = {UPDATE[8:]}\n        outputs.append(new)\n    return outputs, new",
        "Every step starts from the first state. It should start from the state that the previous "
        "step produced."),
    "reset at each step": Slip("for X in inputs:\n", f"for X in inputs:\n        state = {ZEROS}\n",
        "The state is reset to zero at each step, so nothing is remembered. Make the zeros once, "
        "before the loop."),
    "old state kept": Slip(f"{UPDATE}\n        {APPEND}", f"{APPEND}\n        {UPDATE}",
        "The list holds the state before each step. Compute the new state first, then append it."),
    "first state listed": Slip("outputs = []", "outputs = [state]", "The list begins with the "
        "state before the first step, so it has one state too many."),
    "return in the loop": Slip(f"    {RETURN}", f"        {RETURN}", "Only the first step is read. "
        "Is the return statement inside the loop?"),
    "last dropped": Slip(RETURN, "return outputs[:-1], state", "The last state is missing from "
        "the list."),
    "only the last": Slip(RETURN, "return outputs[-1:], state", "The list holds only the last "
        "state. It should hold one state for each step."),
    "list alone": Slip(RETURN, "return outputs", "You returned only the list. Return two results: "
        "the list, and the last state again on its own."),
    "first returned": Slip(RETURN, "return outputs, outputs[0]", "The second result is the first "
        "state. It should be the last state."),
    "same object": Slip(RETURN, "return [state] * len(outputs), state", "The list holds the last "
        "state over and over. (Did you change one tensor in place? Make a new one at each step.)"),
    "exchanged": Slip(RETURN, "return state, outputs", "The two results are swapped. Return the "
        "list of all states first, then the last state."),
    "along the batch": Slip("for X in inputs:", "for X in inputs.transpose(0, 1):",
        "The loop runs over the texts. Time is the first axis of inputs, so `for X in inputs` "
        "runs over the steps."),
    "detached": Slip(APPEND, "outputs.append(state.detach())", "The states in the list are "
        "detached (by detach, .data, or no_grad), so no gradient can reach the weights through "
        "them."),
    "state detached": Slip(APPEND, f"{APPEND}\n        state = state.detach()",
        "The state is detached between steps, so no gradient flows back through time."),
    **{name: in_loop(RNN_STEP.slips[name]) for name in FORMULA},
}  # fmt: skip
RNN_LOOP = Exercise(
    name="rnn_loop",
    notebook=2,
    title="the loop",
    answer=my_rnn_loop,
    drive=states_and_last,
    tried="1 to 6 steps, batches of 1 to 3, with and without a given state, and the gradient",
    cases=LOOP_CASES,
    hints=(
        "You already have the body of the loop: it is the previous exercise. What should the "
        "state be before anything has been read?",
        "A zero for each text and each hidden unit. Which argument tells you how many texts "
        "there are, and which tells you the number of hidden units? (Look at their shapes.)",
        "The zeros have inputs.shape[1] rows and W_hh.shape[0] columns. In the loop, use "
        "state = torch.tanh(X @ W_xh + state @ W_hh + b_h): the state on the right is the old "
        "one, and the state on the left is the new one.",
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
        "W_hh, so it could never learn: the matrix or the states are detached (by detach, .data, "
        "or no_grad)."),
    "W_hh changed": Slip("outputs = []", "outputs = []\n        self.W_hh.data = self.W_hh.data.T",
        "The matrix W_hh itself is changed. The forward pass should only read the weights."),
}  # fmt: skip
BROKEN_RNN = Exercise(
    name="broken_rnn",
    notebook=2,
    title="two mistakes that shapes do not show",
    answer=MyRNN,
    arguments=2,
    given=GivenRNN,
    drive=network_with,
    tried="1 to 6 steps, batches of 1 to 3, with and without a given state, and the gradient",
    cases=LOOP_CASES,
    hints=(
        "Compare it line by line with RNNScratch or, better yet, with the formula. Let it read a "
        "single step, and look at outputs[0]. What should it be?",
        "outputs[-1] should be the last state itself, but it is not. Also, something in the line "
        "with the formula transposes a matrix.",
        "Append the state after it has been computed, not before, and remove the .T.",
    ),
    slips=BROKEN_RNN_SLIPS,
)
EXERCISES = (RNN_STEP, RNN_LOOP, BROKEN_RNN, NUM_PARAMS)
