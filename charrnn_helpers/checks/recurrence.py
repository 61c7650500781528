"""The exercises of notebook 2: counting parameters, one step, the loop, a broken network."""

import torch

from charrnn_helpers.checks import answers
from charrnn_helpers.checks.exercise import Case, Exercise, by_slip, case, draw
from charrnn_helpers.model import RNNScratch

COUNTS = {  # what a slip counts instead, for v tokens and h hidden units
    "W_hh as a row": lambda v, h: {"W_hh": h},
    "biases exchanged": lambda v, h: {"b_q": h},
    "two biases": lambda v, h: {"b_h": 2 * h},
    "sizes mixed up": lambda v, h: {"W_hh": v * v},
    "bias as a matrix": lambda v, h: {"b_h": h * h},
    "rows only": lambda v, h: {"W_xh": v, "W_hh": h, "W_hq": h},
    "scalar biases": lambda v, h: {"b_h": 1, "b_q": 1},
    "tensors counted": lambda v, h: {"W_xh": 1, "W_hh": 1, "b_h": 1, "W_hq": 1, "b_q": 1},
    "output as wide as the state": lambda v, h: {"W_hq": h * h},
    "added": lambda v, h: {"W_xh": v + h, "W_hh": h + h, "W_hq": h + v},
    "one W_hh a character": lambda v, h: {"W_hh": v * h * h},
    "without W_xh": lambda v, h: {"W_xh": 0},
    "without W_hh": lambda v, h: {"W_hh": 0},
    "without b_h": lambda v, h: {"b_h": 0},
    "without b_q": lambda v, h: {"b_q": 0},
    "without biases": lambda v, h: {"b_h": 0, "b_q": 0},
    "one rectangle": lambda v, h: {"W_hq": 0},
    "without the output layer": lambda v, h: {"W_hq": 0, "b_q": 0},
}


def imitate_num_params(slips):
    def answer(vocab_size, num_hiddens):
        v, h = vocab_size, num_hiddens
        terms = {"W_xh": v * h, "W_hh": h * h, "b_h": h, "W_hq": h * v, "b_q": v}
        for slip in COUNTS:
            terms |= COUNTS[slip](v, h) if slip in slips else {}
        return sum(terms.values())

    return answer


num_params = Exercise(
    name="num_params",
    notebook=2,
    title="counting the parameters",
    answer_name="my_num_params",
    tried="5 sizes of vocabulary and state, one of them 28 and 32",
    cases=(case(1, 2), case(3, 2), case(2, 5), case(28, 32), case(28, 256)),
    solution=answers.my_num_params,
    imitate=imitate_num_params,
    slips={
        "without biases": "The matrices are counted, and the two biases are missing: b_h with "
        "num_hiddens numbers, b_q with vocab_size.",
        "without the output layer": "That is the recurrence alone. The output layer has W_hq, "
        "num_hiddens by vocab_size, and b_q.",
        "one rectangle": "One of W_xh and W_hq is missing. Each has vocab_size times num_hiddens "
        "numbers, and both are needed: one leads into the state, the other out of it.",
        "without W_hh": "W_hh is missing: num_hiddens by num_hiddens.",
        "without b_h": "The bias b_h is missing: one number for each hidden unit.",
        "without b_q": "The bias b_q is missing: one number for each token.",
        "W_hh as a row": "W_hh was counted as num_hiddens numbers. It leads from every unit to "
        "every unit: a square.",
        "biases exchanged": "b_q was counted with num_hiddens numbers. It is added to the "
        "scores, and there are vocab_size of them.",
        "two biases": "b_h was counted twice. PyTorch's own nn.RNN has two biases; this network "
        "has one for the state.",
        "sizes mixed up": "W_hh was counted with vocab_size rows and columns. It leads from the "
        "state to the state: num_hiddens by num_hiddens.",
        "bias as a matrix": "b_h was counted as a square. A bias is a vector: one number for "
        "each hidden unit.",
        "rows only": "Only the rows of the matrices were counted. A matrix holds rows times "
        "columns numbers.",
        "scalar biases": "Each bias was counted as one number. b_h has one for each hidden unit, "
        "b_q one for each token.",
        "tensors counted": "The tensors were counted, and not the numbers in them.",
        "output as wide as the state": "W_hq was counted as a square. It leads from the state to "
        "the scores: num_hiddens by vocab_size.",
        "added": "Rows and columns were added. A matrix holds rows *times* columns numbers.",
        "one W_hh a character": "W_hh was counted once for each token. There is one W_hh, the "
        "same for all characters and all steps.",
    },
    hints=(
        "Write the shape of each of the five tensors beside its name.",
        "A matrix of shape (a, b) holds a * b numbers. W_xh leads from vocab_size numbers to "
        "num_hiddens, W_hh from num_hiddens to num_hiddens, W_hq from num_hiddens to vocab_size.",
        "Three products and two lengths: vocab_size * num_hiddens for W_xh, and so on; b_h has "
        "num_hiddens numbers, b_q has vocab_size. With 28 and 32 the sum is 2,876.",
    ),
)

STEP_SLIPS = {
    "no tanh": "The tanh is missing. Without it the states can grow without bound, and many "
    "steps together are no more than one matrix.",
    "sigmoid": "That is the sigmoid, which lies between 0 and 1. The formula has tanh, "
    "between -1 and 1.",
    "relu": "That is the ReLU, which cuts off all that is negative. The formula has tanh.",
    "no bias": "The bias b_h is missing.",
    "bias outside": "The bias is added outside of the tanh. In the formula it is inside.",
    "bias with the inputs": "Each part has a tanh of its own, the inputs' with the bias. "
    "There is one tanh, over the sum of all.",
    "bias with the state": "Each part has a tanh of its own, the state's with the bias. "
    "There is one tanh, over the sum of all.",
    "chained": "The inputs' part is sent through W_hh as well. W_hh multiplies the old state "
    "alone; the inputs are added afterwards.",
    "W_hh in front": "W_hh stands in front of the state. The rows of H are texts, so H stands on "
    "the left: H @ W_hh. (With square matrices the other order runs, and is another thing.)",
    "W_xh in front": "W_xh stands in front of the inputs. The rows of X are texts, so X stands on "
    "the left: X @ W_xh. (With square matrices the other order runs, and is another thing.)",
    "weights exchanged": "W_xh and W_hh are exchanged: W_xh belongs to the inputs, W_hh to the "
    "state. With square matrices no shape can tell.",
    "bias twice": "The bias was added twice. There is one b_h, for both parts together.",
    "old state added": "The old state was added to the new one. It has its part inside the tanh; "
    "the new state replaces it.",
    "inputs elementwise": "X and W_xh are multiplied number by number, with *; @ is the "
    "matrix product.",
    "tanh before the sum": "The tanh is applied to the parts before they are added. In the "
    "formula it is applied to their sum, so that the state stays between -1 and 1.",
    "tanh of the inputs only": "The tanh is applied to the inputs' part only; the old state's "
    "part belongs inside as well.",
    "W_hh transposed": "W_hh is used the wrong way round. It is square, so no shape can tell; "
    "the rows of H stand on the left of it: H @ W_hh, without a transpose.",
    "W_xh transposed": "W_xh is used the wrong way round.",
    "no memory": "The old state has no part in the result. Without it the network forgets "
    "everything but the last character.",
    "no input": "The inputs have no part in the result.",
    "not multiplied": "The old state is added as it is, without W_hh.",
    "elementwise": "H and W_hh are multiplied number by number, with *; @ is the matrix product.",
    "subtracted": "The old state's part is subtracted; it should be added.",
    "multiplied parts": "The two parts are multiplied with each other; they should be added.",
}


APART = {
    "tanh before the sum": (0, 0),
    "bias with the inputs": (1, 0),
    "bias with the state": (0, 1),
}


def slipped_step(slips, X, H, W_xh, W_hh, b_h):
    """One step of the recurrence with slips; all sizes are equal where a slip needs it."""
    W_hh = W_hh.T if "W_hh transposed" in slips else W_hh
    W_xh = W_xh.T if "W_xh transposed" in slips else W_xh
    read, kept = X @ W_xh, H @ W_hh
    kept = H if "not multiplied" in slips else H * W_hh if "elementwise" in slips else kept
    read = W_xh @ X if "W_xh in front" in slips else read
    kept = W_hh @ H if "W_hh in front" in slips else kept
    read = X * W_xh if "inputs elementwise" in slips else read
    kept = (read + H) @ W_hh - read if "chained" in slips else kept
    read = 0 * read if "no input" in slips else read
    kept = 0 * kept if "no memory" in slips else kept
    kept = -kept if "subtracted" in slips else kept
    b_h = 0 * b_h if "no bias" in slips else b_h
    for name, (with_read, with_kept) in APART.items():
        if name in slips:
            halves = torch.tanh(read + with_read * b_h) + torch.tanh(kept + with_kept * b_h)
            return halves + (1 - with_read - with_kept) * b_h
    if "tanh of the inputs only" in slips:
        outside = b_h if "bias outside" in slips else 0 * b_h
        return torch.tanh(read + b_h - outside) + kept + outside
    if "weights exchanged" in slips:
        read, kept = X @ W_hh, H @ W_xh
    b_h = 2 * b_h if "bias twice" in slips else b_h
    joined = read * kept if "multiplied parts" in slips else read + kept
    squashes = {"no tanh": lambda x: x, "sigmoid": torch.sigmoid, "relu": torch.relu}
    squash = by_slip(squashes, slips, torch.tanh)
    new = squash(joined) + b_h if "bias outside" in slips else squash(joined + b_h)
    return H + new if "old state added" in slips else new


def imitate_step(slips):
    def answer(X, H, W_xh, W_hh, b_h):
        return slipped_step(slips, X, H, W_xh, W_hh, b_h)

    return answer


SHAPES = {
    "shapes": (
        "shapes cannot be multiplied",
        "Two matrices do not fit. The rows of X and H are texts, so X and H stand on the left: "
        "X (batch_size, num_inputs) times W_xh (num_inputs, num_hiddens).",
    ),
    "sizes": (
        "must match the size",
        "Two tensors of unlike shapes are added or multiplied number by number. "
        "@ is the matrix product, * is not.",
    ),
}


def step_arguments(batch_size, num_inputs, num_hiddens, seed):
    sizes = [(batch_size, num_inputs), (batch_size, num_hiddens), (num_inputs, num_hiddens)]
    sizes += [(num_hiddens, num_hiddens), (num_hiddens,)]
    return tuple(draw(*size, seed=10 * seed + i) for i, size in enumerate(sizes))


rnn_step = Exercise(
    name="rnn_step",
    notebook=2,
    title="one step of the recurrence",
    answer_name="my_rnn_step",
    tried="square and other shapes, batches of 1 to 3, states that are zero and that are not",
    cases=tuple(
        case(*step_arguments(*sizes, seed)) for seed, sizes in enumerate([(1, 1, 1), (2, 2, 2)], 1)
    )
    + tuple(
        Case(
            f"(X {b, n}, H {b, h}, W_xh {n, h}, W_hh {h, h}, b_h {(h,)})",
            lambda b=b, n=n, h=h: step_arguments(b, n, h, 5),
        )
        for b, n, h in [(3, 3, 3), (2, 5, 3), (1, 4, 6)]
    ),
    solution=answers.my_rnn_step,
    imitate=imitate_step,
    slips=STEP_SLIPS,
    errors=SHAPES,
    hints=(
        "The formula stands a few lines further up. Which three terms are inside the tanh?",
        "X and H have a row for each text, so they stand on the left of their matrices: "
        "a matrix product is written @ in Python.",
        "torch.tanh(... + ... + b_h), with X @ W_xh in one place. What is in the other?",
    ),
)


def imitate_loop(slips):
    def answer(inputs, state, W_xh, W_hh, b_h):
        start = torch.zeros(inputs.shape["rows from the steps" not in slips], W_hh.shape[0])
        inputs = inputs.transpose(0, 1) if "along the batch" in slips else inputs
        if "starts from ones" in slips and state is None:
            state = torch.ones_like(start)
        if state is None or "state ignored" in slips:
            state = start
        first, outputs = state, []
        steps = inputs.flip(0) if "backwards" in slips else inputs
        for X in steps[1:] if "first step left out" in slips else steps:
            old = start if "reset at each step" in slips else state
            old = first if "always the first state" in slips else old
            new = slipped_step(slips, X, old, W_xh, W_hh, b_h)
            outputs.append(old if "old state kept" in slips else new)
            if "return in the loop" in slips:
                return outputs, new
            state = new
        outputs = [first, *outputs] if "first state listed" in slips else outputs
        outputs = outputs[1:] if "first dropped" in slips else outputs
        if "only the last" in slips:
            outputs = outputs[-1:]
        if "same object" in slips:
            outputs = [outputs[-1]] * len(outputs)
        return outputs, (outputs[0] if "first returned" in slips else state)

    return answer


def states_and_last(answer, *args):
    outputs, state = answer(*args)
    return {"outputs": outputs, "state": state}


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


rnn_loop = Exercise(
    name="rnn_loop",
    notebook=2,
    title="the loop",
    answer_name="my_rnn_loop",
    tried="1 to 6 steps, batches of 1 to 3, with a state handed in and without",
    cases=(
        loop_case(1, 1, 2, 2, state=False),
        loop_case(2, 1, 2, 2, state=False),
        loop_case(1, 2, 3, 3),
        loop_case(3, 2, 3, 3),
        loop_case(6, 3, 4, 2),
    ),
    solution=answers.my_rnn_loop,
    imitate=imitate_loop,
    drive=states_and_last,
    slips={
        "state ignored": "A state that is handed in is not used: the loop always begins with "
        "zeros. Make zeros only if state is None.",
        "starts from ones": "Without a state, the loop should begin with zeros, not with ones.",
        "reset at each step": "The old state has no part in the new one, so nothing is remembered. "
        "Is it set back to zero at each step, or is state @ W_hh missing?",
        "always the first state": "Each step starts from the first state, not from the one that "
        "the step before has made.",
        "old state kept": "The list holds the state before each step. Make the new state first, "
        "then append it.",
        "first state listed": "The list begins with the state before the first step, so there "
        "is one too many. It should hold what each step has made.",
        "return in the loop": "The return stands inside the loop, so only the first step is read.",
        "first dropped": "The first state is missing from the list.",
        "rows from the steps": "The zeros have a row for each step. A state has a row for each "
        "text of the batch: inputs.shape[1].",
        "along the batch": "The loop runs over the texts. Time is the first axis of inputs, so "
        "for X in inputs runs over the steps.",
        "only the last": "The list holds the last state only; it should hold one for each step.",
        "same object": "The list holds the last state again and again. Was one tensor changed in "
        "place? Make a new one at each step.",
        "first returned": "The second result is the first state; it should be the last.",
        "backwards": "The steps are read from the last to the first.",
        "first step left out": "The first step is left out.",
        **{k: STEP_SLIPS[k] for k in ("no tanh", "sigmoid", "relu", "no bias", "W_hh transposed")},
        "old state added": STEP_SLIPS["old state added"],
        **{k: STEP_SLIPS[k] for k in ("bias outside", "not multiplied", "tanh before the sum")},
    },
    errors={
        "size of the state": (
            "shapes cannot be multiplied",
            "Two matrices do not fit. The state stands on the left, state @ W_hh. And has the zero "
            "state as many columns as W_hh has rows? Take the sizes from the arguments: a name "
            "of the notebook, such as num_hiddens, may hold another number.",
        ),
        "state is a number": (
            "unsupported operand type(s) for @: 'int'",
            "The first state is a plain number. It has to be a tensor of zeros, one row for each "
            "text, one column for each hidden unit.",
        ),
        "sizes": SHAPES["sizes"],
    },
    hints=(
        "You have the body of the loop already: it is the exercise before. What should the "
        "state be, before anything was read?",
        "A zero for each text and each hidden unit. Which of the arguments knows how many texts "
        "there are, and which knows the number of hidden units? (Look at their shapes.)",
        "The zeros have inputs.shape[1] rows and W_hh.shape[0] columns. In the loop, "
        "state = torch.tanh(X @ W_xh + state @ W_hh + b_h): the state on the right is the old "
        "one, the state on the left the new one.",
    ),
)


def imitate_rnn(slips):
    loop = imitate_loop(slips)

    class RNN(RNNScratch):
        def forward(self, inputs, state=None):
            return loop(inputs, state, self.W_xh, self.W_hh, self.b_h)

    return RNN


def network_with(answer, inputs, state, W_xh, W_hh, b_h):
    """Build the network, give it these weights, and let it read."""
    if getattr(answer, "forward", None) is RNNScratch.forward:
        raise NotImplementedError  # nothing of its own yet
    rnn = answer(*W_xh.shape)
    with torch.no_grad():
        for name, weights in {"W_xh": W_xh, "W_hh": W_hh, "b_h": b_h}.items():
            getattr(rnn, name).copy_(weights)
    outputs, last = rnn(inputs, state)
    return {"outputs": outputs, "state": last}


broken_rnn = Exercise(
    name="broken_rnn",
    notebook=2,
    title="two faults that no shape tells",
    answer_name="MyRNN",
    parameters=2,
    tried="1 to 6 steps, batches of 1 to 3, with a state handed in and without",
    cases=rnn_loop.cases,
    solution=answers.MyRNN,
    imitate=imitate_rnn,
    drive=network_with,
    broken=frozenset({"old state kept", "W_hh transposed"}),
    slips={
        **rnn_loop.slips,
        "old state kept": "One fault is mended, one is left: the list still holds the state "
        "before each step, so it begins with zeros and the last state is not in it.",
        "W_hh transposed": "One fault is mended, one is left: in which direction is W_hh used? "
        "It is square, so no shape can tell.",
    },
    errors=SHAPES,
    hints=(
        "Compare it line by line with RNNScratch, or better: with the formula. Let it read one "
        "single step, and look at outputs[0]. What should it be?",
        "outputs[-1] should be the last state itself, and it is not. And there is one sign in "
        "the formula's line that turns a matrix round.",
        "Append the state after it was made, not before; and take the .T away.",
    ),
)

EXERCISES = (rnn_step, rnn_loop, broken_rnn, num_params)
