"""The exercises of notebook 7: back through a product, one step back, a whole window."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, draw


def my_linear_backward(dO, H, W):
    dH = dO @ W.T
    dW = H.T @ dO
    db = dO.sum(dim=0)
    return dH, dW, db


def linear_case(batch_size, num_hiddens, num_outputs, seed):
    sizes = [(batch_size, num_outputs), (batch_size, num_hiddens), (num_hiddens, num_outputs)]
    show = "(dO {}, H {}, W {})".format(*sizes)
    return Case(show, lambda: tuple(draw(*size, seed=seed + i) for i, size in enumerate(sizes)))


LINEAR_BACKWARD_SLIPS = {
    "W not transposed": Slip("W.T", "W", "W is not transposed in dH. It maps from H to O on the "
        "way forward, so the way back goes through its transpose."),
    "W not transposed if square": Slip("W.T", "(W if W.shape[0] == W.shape[1] else W.T)",
        "W is not transposed in dH if it is square. The shapes fit either way then, but the way "
        "back always goes through the transpose."),
    "W reshaped": Slip("W.T", "W.reshape(W.T.shape)", "W is reshaped in dH. That gives the shape "
        "of the transpose, but the numbers are in other places. Use W.T."),
    "inverse of W": Slip("W.T", "torch.linalg.pinv(W)", "dH goes through the inverse of W. The "
        "gradient does not undo the product: it goes through the transpose of W."),
    "dH transposed": Slip("dO @ W.T", "W.mm(dO.t())", "This is dH transposed. dH has the shape of "
        "H: one row for each member of the batch."),
    "dH summed over the batch": Slip("dO @ W.T", "(dO @ W.T).sum(dim=0)", "dH is summed over the "
        "batch. It has the shape of H: one row for each member of the batch."),
    "a slope of tanh": Slip("dO @ W.T", "dO @ W.T * (1 - H**2)", "The slope of tanh is in dH. "
        "There is no tanh between H and O; it belongs to the step before."),
    "H not transposed": Slip("H.T @ dO", "H @ dO", "H is not transposed in dW. The batch has to "
        "disappear from the result, so it is the axis that the product sums over."),
    "H reshaped": Slip("H.T @ dO", "H.reshape(H.T.shape) @ dO", "H is reshaped in dW. That gives "
        "the shape of the transpose, but the numbers are in other places. Use H.T."),
    "dW transposed": Slip("H.T @ dO", "dO.T @ H", "This is dW transposed. dW has the shape of W: "
        "one row for each hidden unit."),
    "dW as a mean": Slip("H.T @ dO", "H.T @ dO / len(H)", "dW is divided by the batch size. Each "
        "row contributes its full share. (The division by the number of positions is already in "
        "dO.)"),
    "dW not summed": Slip("H.T @ dO", "H[:, :, None] * dO[:, None]", "dW is not summed: there is "
        "one matrix for each row of the batch. Add them up, so that dW has the shape of W."),
    "dW of the last row": Slip("H.T @ dO", "H[-1:].T @ dO[-1:]", "dW counts the last row of the "
        "batch alone. The terms of all rows add up, so a loop over the rows needs +=."),
    "dW from dH": Slip("H.T @ dO", "dH.t() @ dO", "dW is computed from dH. In a product, the "
        "derivative with respect to one factor is the other factor, here H itself."),
    "W in dW": Slip("H.T @ dO", "W + H.T @ dO", "W itself is added to dW. If you add up the terms "
        "of the rows in a loop, start from zeros."),
    "db over the outputs": Slip("sum(dim=0)", "sum(dim=1)", "db is summed over the wrong axis. "
        "There is one bias for each output, so the sum runs over the batch, which is axis 0."),
    "db as a mean": Slip("dO.sum", "dO.mean", "db is a mean over the batch. Each row contributes "
        "its full share, so it is a sum. (The division by the number of positions is already in "
        "dO.)"),
    "db as one number": Slip("sum(dim=0)", "sum()", "All of dO is added up. There is one bias for "
        "each output, so sum over the batch only."),
    "db not summed": Slip("dO.sum(dim=0)", "dO", "db is dO itself. The same bias was added to "
        "every row of the batch, so the gradients of the rows add up."),
    "db as a row": Slip("sum(dim=0)", "sum(dim=0, keepdim=True)", "db has one axis too many. It "
        "should have the shape of the bias, one number for each output."),
    "db without the first row": Slip("dO.sum", "dO[1:].sum", "The first row of the batch is "
        "missing from db. The bias was added to every row, so add up all rows, from row 0 on."),
    "db without dO": Slip("dO.sum(dim=0)", "torch.ones(W.shape[1])", "db is filled with ones. That "
        "is the derivative of O with respect to b. By the chain rule it is multiplied by dO, and "
        "the rows of the batch add up."),
    "db from dH": Slip("dO.sum", "dH.sum", "db is the sum of dH. The bias was added to the result "
        "O, so add up the rows of dO."),
    "all without dO": Slip("dO @ W.T\n    dW = H.T @ dO\n    db = dO.sum(dim=0)", "W.T\n    dW = "
        "H.T\n    db = 1", "dO is missing from all three: these are the derivatives of O alone. "
        "By the chain rule, each of them is multiplied by dO."),
    "dO as ones": Slip("dH = dO @ W.T\n", "dO = torch.ones_like(dO)\n    dH = dO @ W.T\n",
        "dO has no effect: the results are those of a dO filled with ones, as if the loss were the "
        "sum of O. Use the dO that is given."),
    "all as means": Slip("dH = dO @ W.T\n", "dO = dO / len(dO)\n    dH = dO @ W.T\n",
        "All three are divided by the batch size. Each row contributes its full share. (The "
        "division by the number of positions is already in dO.)"),
    "slope of tanh in dO": Slip("dH = dO @ W.T\n", "dO = dO * (1 - (H @ W).tanh() ** 2)\n"
        "    dH = dO @ W.T\n", "dO is multiplied by the slope of a tanh. There is no tanh in "
        "O = H @ W + b, so use dO as it is."),
    "the other sign": Slip("dH = dO @ W.T\n", "dO = -dO\n    dH = dO @ W.T\n", "All three have the "
        "wrong sign. The minus belongs to the update of the weights, not to the gradient."),
    "minus in dW and db": Slip("H.T @ dO\n    db = dO", "-H.T @ dO\n    db = -dO", "dW and db have "
        "the wrong sign. The minus belongs to the update of the weights, not to their gradients."),
    "order: dW, dH, db": Slip("return dH, dW, db", "return dW, dH, db", "The results are in "
        "another order. Return the gradient of H, then of W, then of b."),
    "db missing": Slip("return dH, dW, db", "return dH, dW", "The gradient of the bias is missing. "
        "Return three tensors."),
}  # fmt: skip
LINEAR_BACKWARD = Exercise(
    name="linear_backward",
    notebook=7,
    title="back through a product",
    answer=my_linear_backward,
    tried="batches of 1 to 4 rows, with 2 or 3 hidden units and 1 to 5 outputs",
    cases=(
        linear_case(2, 3, 1, 10),
        linear_case(1, 2, 3, 20),
        linear_case(2, 3, 4, 30),
        linear_case(3, 3, 3, 40),
        linear_case(4, 2, 5, 50),
    ),
    hints=(
        "Each gradient has the shape of its tensor. Which product of dO and W has the shape of H?",
        "dH needs W transposed, dW needs H transposed, and db is a sum over the batch.",
        "dO @ W.T has the shape of H, H.T @ dO has the shape of W, and dO.sum(dim=0) the shape "
        "of b.",
    ),
    slips=LINEAR_BACKWARD_SLIPS,
)


def my_step_back(dH, H, W_hh):
    dA = dH * (1 - H**2)
    dH_before = dA @ W_hh.T
    return dA, dH_before


def step_back_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens

    def make():
        H = draw(b, h, seed=seed + 1).tanh().mul(100).round().div(100)
        return draw(b, h, seed=seed), H, draw(h, h, seed=seed + 2)

    return Case(f"(dH {b, h}, H {b, h}, W_hh {h, h})", make)


STEP_BACK_SLIPS = {
    "W_hh not transposed": Slip("W_hh.T", "W_hh", "W_hh is not transposed. It is square, so the "
        "shapes fit either way, but the way back goes through its transpose."),
    "W_hh in front": Slip("dA @ W_hh.T", "W_hh @ dA", "W_hh is on the left. The rows of dA belong "
        "to the batch, so dA comes first. (With as many rows as units, the other order runs as "
        "well, but it means something else.)"),
    "W_hh.T in front": Slip("dA @ W_hh.T", "W_hh.T @ dA", "W_hh.T is on the left. The rows of dA "
        "belong to the batch, so dA comes first. (With as many rows as units, the other order runs "
        "as well, but it means something else.)"),
    "transposed": Slip("dA @ W_hh.T", "W_hh.mm(dA.t())", "This is dH_before transposed. It has the "
        "shape of H: one row for each member of the batch."),
    "W_hh elementwise": Slip("dA @ W_hh", "dA * W_hh", "dA and W_hh are multiplied element by "
        "element, with *. The matrix product is @."),
    "inverse of W_hh": Slip("W_hh.T", "torch.linalg.inv(W_hh)", "The way back goes through the "
        "inverse of W_hh. The gradient does not undo the product: it goes through the transpose."),
    "gradient of a weight": Slip("dA @ W_hh.T", "H.T @ dA", "H.T @ dA looks like the gradient of a "
        "weight. What goes back to the state before is dA times W_hh transposed."),
    "averaged": Slip("dA @ W_hh.T", "dA @ W_hh.T / len(dA)", "What goes back is divided by the "
        "batch size. Each row of the batch has a gradient of its own, so nothing is averaged."),
    "no slope": Slip("dH * (1 - H**2)", "dH", "The slope of tanh is missing: dA is dH times "
        "1 - H**2, number by number."),
    "no slope on the way back": Slip("dA @", "dH @", "dA is right, but the way back starts from dH "
        "and so leaves out the slope. It has to go through tanh first, and then through W_hh."),
    "slope after W_hh": Slip("dA @ W_hh.T", "dH @ W_hh.T * (1 - H**2)", "The slope is multiplied "
        "after W_hh. On the way back, tanh comes first, and then the product with W_hh."),
    "slope twice": Slip("dA @ W_hh.T", "dA @ W_hh.T * (1 - H**2)", "What goes back contains the "
        "slope twice. It belongs to dA alone; the slope of the state before belongs to the next "
        "step back."),
    "slope alone": Slip("dH * (1", "(1", "dA is the slope of tanh alone. It should be dH "
        "times the slope."),
    "no parentheses": Slip("(1 - H**2)", "1 - H**2", "The parentheses around 1 - H**2 are missing. "
        "The product is computed first, so dA becomes dH minus H**2."),
    "H not squared": Slip("H**2", "H", "H is not squared. The slope of tanh is 1 - tanh**2."),
    "H doubled": Slip("H**2", "H * 2", "H is doubled instead of squared. A square is written with "
        "two stars, and the slope is 1 - H**2."),
    "caret": Slip("H**2", "H ^ 2", "In Python, ^ is not a power. A square is written with two "
        "stars, as in H**2."),
    "all squared": Slip("(1 - H**2)", "(1 - H) ** 2", "The whole difference 1 - H is squared. In "
        "the slope, 1 - H**2, only H is squared."),
    "tanh of H": Slip("H**2", "H.tanh() ** 2", "H has already been through tanh, so applying tanh "
        "to it once more gives another slope. It is 1 - H**2."),
    "slope of the sigmoid": Slip("(1 - H**2)", "(H * (1 - H))", "This is the slope of the sigmoid. "
        "The slope of tanh is 1 - H**2."),
    "slope of the ReLU": Slip("(1 - H**2)", "(H > 0)", "This is the slope of the ReLU, which is 0 "
        "or 1. The slope of tanh is 1 - H**2."),
    "plus": Slip("1 - H**2", "1 + H**2", "There is a plus in the slope. It is 1 - H**2, which is "
        "never more than 1."),
    "the other sign": Slip("1 - H**2", "H**2 - 1", "The slope has the wrong sign. It is 1 - H**2, "
        "which is never negative."),
    "without the 1": Slip("1 - H**2", "H**2", "The 1 is missing from the slope. It is 1 - H**2."),
    "tanh instead of its slope": Slip("dH * (1 - H**2)", "dH.tanh()", "This is tanh of the "
        "gradient. Going back, the gradient is multiplied by the slope of tanh, which is "
        "1 - H**2."),
    "a product of matrices": Slip("dH * (1", "dH @ (1", "The slope is multiplied as a matrix, with "
        "@. It should be multiplied number by number, with *."),
    "dH squared": Slip("H**2", "dH**2", "The slope is computed from the gradient. It should be "
        "computed from the state: 1 - H**2."),
    "divided": Slip("dH * (1", "dH / (1", "The gradient is divided by the slope. It should be "
        "multiplied by it."),
    "results exchanged": Slip("return dA, dH_before", "return dH_before, dA", "The two results are "
        "in the wrong order. Return dA first, and then what goes back."),
    "dA missing": Slip("return dA, dH_before", "return dH_before", "dA is missing. Return both, "
        "dA first."),
    "dH added": Slip("dA @ W_hh.T", "dA @ W_hh.T + dH", "dH is added to what goes back. It belongs "
        "to this state, not to the one before."),
}  # fmt: skip
STEP_BACK = Exercise(
    name="step_back",
    notebook=7,
    title="one step back",
    answer=my_step_back,
    tried="batches of 1 to 4 rows, with 2 or 3 hidden units",
    cases=(
        step_back_case(1, 2, 110),
        step_back_case(2, 3, 120),
        step_back_case(3, 3, 130),
        step_back_case(4, 2, 140),
    ),
    hints=(
        "Which two operations lead from the state before to H? Go back through the last one first.",
        "Back through tanh: multiply dH, number by number, by the slope, which is 1 - H**2. Back "
        "through the product: multiply dA by W_hh transposed.",
        "dA = dH * (1 - H**2), and then dA @ W_hh.T.",
    ),
    slips=STEP_BACK_SLIPS,
)


def my_window_backward(from_above, H, W_hh):
    num_steps = len(H)
    dA = torch.zeros_like(H)
    for t in range(num_steps - 1, -1, -1):
        dH = from_above[t]
        if t < num_steps - 1:
            dH = dH + dA[t + 1] @ W_hh.T
        dA[t] = dH * (1 - H[t] ** 2)
    return dA


def given_window_backward(from_above, H, W_hh):
    num_steps = len(H)
    dA = torch.zeros_like(H)
    for t in range(num_steps - 1, -1, -1):
        dH = from_above[t]
        dA[t] = dH * (1 - H[t] ** 2)
    return dA


def window_case(num_steps, batch_size, num_hiddens, seed):
    size, h = (num_steps, batch_size, num_hiddens), num_hiddens

    def make():
        H = draw(*size, seed=seed + 1).tanh().mul(100).round().div(100)
        return draw(*size, seed=seed), H, draw(h, h, seed=seed + 2)

    return Case(f"(from_above {size}, H {size}, W_hh {h, h})", make)


BACK = "        if t < num_steps - 1:\n            dH = dH + dA[t + 1] @ W_hh.T\n"
LOOP = "for t in range(num_steps - 1, -1, -1):"
STORE = "dA[t] = dH * (1 - H[t] ** 2)\n    return dA"
WINDOW_BACKWARD_SLIPS = {
    "nothing from the right": Slip(BACK, "", "Nothing comes from the right: each state gets only "
        "the gradient of its own loss. Add dA of the next step times W_hh transposed, and go from "
        "the last step to the first: in a loop that goes forward, dA of the next step is still 0."),
    "W_hh not transposed": Slip("W_hh.T", "W_hh", "W_hh is not transposed. It is square, so the "
        "shapes fit either way, but the way back goes through its transpose."),
    "without W_hh": Slip("dA[t + 1] @ W_hh.T", "dA[t + 1]", "dA of the next step arrives without "
        "going through W_hh. Multiply it by W_hh transposed."),
    "no condition": Slip("        if t < num_steps - 1:\n    ", "", "The code asks for a step "
        "after the last one, and there is none. Only a step with t < num_steps - 1 has a next "
        "one."),
    "nothing from the last step": Slip("t < num_steps - 1", "t < num_steps - 2", "Nothing comes "
        "from the last step to the one before it. Only the last step has no next one, so the "
        "condition is t < num_steps - 1."),
    "nothing for the first step": Slip("if t < num_steps - 1", "if 0 < t < num_steps - 1",
        "Nothing comes from the right to the first step. Only the last step has no next one, so "
        "the condition is t < num_steps - 1."),
    "from the step before": Slip(BACK, "        dH = dH + dA[t - 1] @ W_hh.T\n", "The term is "
        "taken from dA[t - 1]. The gradient goes backward in time, so it comes from the next step, "
        "dA[t + 1]."),
    "forward in time": Slip(f"{LOOP}\n        dH = from_above[t]\n        if t < num_steps - 1:\n"
        "            dH = dH + dA[t + 1]", "for t in range(num_steps):\n        dH = from_above[t]"
        "\n        if t > 0:\n            dH = dH + dA[t - 1]", "The gradient goes forward in "
        "time, from the first step to the last. Start at the last step, and let each step receive "
        "dA of the next one, dA[t + 1]."),
    "from the last step": Slip("dA[t + 1] @", "dA[-1] @", "What comes from the right is always "
        "dA of the last step. It should be dA of the next step, dA[t + 1]."),
    "from all later steps": Slip("dA[t + 1] @", "dA[t + 1 :].sum(dim=0) @", "What comes from the "
        "right is added up over all later steps. It comes from the next step alone, because "
        "dA[t + 1] already holds what came to it from later ones."),
    "from above, not dA": Slip("dA[t + 1] @", "from_above[t + 1] @", "What comes from the right is "
        "taken from from_above. It should be dA of the next step, which already holds what came to "
        "it from all later ones."),
    "one step only": Slip("dA[t + 1] @", "(from_above[t + 1] * (1 - H[t + 1] ** 2)) @", "What "
        "comes from the right starts anew at the next step, so the gradient goes back one step and "
        "no further. Use dA[t + 1], which holds what came from later steps."),
    "dH of the next step": Slip(STORE, "dA[t] = dH\n    return dA * (1 - H**2)", "What comes from "
        "the right is dH of the next step, without the slope of its tanh. Use dA of the next "
        "step."),
    "a state, not dA": Slip("dA[t + 1] @", "H[t + 1] @", "What comes from the right is the next "
        "state, H[t + 1]. It should be the gradient dA[t + 1]."),
    "no slope": Slip("dH * (1 - H[t] ** 2)", "dH", "The slope of tanh is missing: dA[t] is dH "
        "times 1 - H[t]**2."),
    "added after the slope": Slip("dA[t + 1] @ W_hh.T", "dA[t + 1] @ W_hh.T / (1 - H[t] ** 2)",
        "What comes from the right is added after the slope. It goes through the tanh of step t as "
        "well, so add it to dH before dH is multiplied by the slope."),
    "slope for the right only": Slip("from_above[t]", "from_above[t] / (1 - H[t] ** 2)",
        "Only what comes from the right is multiplied by the slope. Both parts go through the tanh "
        "of step t, so add them first, and multiply the sum by the slope."),
    "slope twice from above": Slip("from_above[t]", "from_above[t] * (1 - H[t] ** 2)",
        "What comes from above is multiplied by the slope twice. It should be multiplied "
        "once, in the line of dA[t]."),
    "slope twice from the right": Slip("dA[t + 1] @", "(dA[t + 1] * (1 - H[t + 1] ** 2)) @",
        "dA[t + 1] is multiplied by the slope of its step once more. It already contains that "
        "slope."),
    "next slope for the right": Slip("dA[t + 1] @ W_hh.T", "dA[t + 1] @ W_hh.T * "
        "(1 - H[min(t + 1, num_steps - 1)] ** 2) / (1 - H[t] ** 2)", "What comes from the right is "
        "multiplied by the slope of the next state. It goes through the tanh of step t, so it "
        "needs the slope 1 - H[t]**2, like what comes from above."),
    "slope of the state before": Slip("H[t] ** 2", "H[t - 1] ** 2", "The slope is taken from the "
        "state before. Going back through the tanh of step t, it is 1 - H[t]**2."),
    "only from the right": Slip("dH = dH + dA", "dH = dA", "Only the last state gets something "
        "from above; the others get only what comes from the right. The two are added."),
    "multiplied": Slip("dH = dH + dA[t + 1] @ W_hh.T", "dH = dH * (dA[t + 1] @ W_hh.T)",
        "The two gradients are multiplied. They add up, because each is an effect on the loss."),
    "subtracted": Slip("dH + dA", "dH - dA", "What comes from the right is subtracted. The two "
        "gradients add up."),
    "divided by num_steps": Slip("dA[t + 1] @ W_hh.T", "dA[t + 1] @ W_hh.T / num_steps", "What "
        "comes from the right is divided by num_steps. It is added in full. (The division by the "
        "number of positions is already in from_above.)"),
    "all zeros": Slip(LOOP, "for t in range(num_steps - 1, -1):", "dA is all zeros. Does the loop "
        "run, and does it store dA[t]? To count down, range needs -1 as its third number."),
    "first step left out": Slip(LOOP, "for t in range(num_steps - 1, 0, -1):", "The first step is "
        "left out: range stops before its second number, so use -1 there."),
    "first of several left out": Slip(LOOP, "for t in range(num_steps - 1, -(num_steps == 1), -1):",
        "The first step is left out, unless there is only one. The loop has to go down to step 0, "
        "and range stops before its second number, so use -1 there."),
    "last step left out": Slip(LOOP, "for t in range(num_steps - 2, -1, -1):", "The last step is "
        "left out. It has nothing from the right, but it has its own loss."),
    "last to first": Slip("return dA", "return dA.flip(0)", "The steps are in the wrong order. The "
        "loop goes from the last step to the first, but dA[0] belongs to the first step."),
    "dH returned": Slip(STORE, "dA[t] = dH * (1 - H[t] ** 2)\n    return dA / (1 - H**2)",
        "These are the gradients of the states, dH. Return dA, which are those times the slopes."),
}  # fmt: skip
WINDOW_BACKWARD = Exercise(
    name="window_backward",
    notebook=7,
    title="the term that is missing",
    answer=my_window_backward,
    given=given_window_backward,
    tried="1 to 6 steps, batches of 1 to 3 rows, with 2 to 4 hidden units",
    cases=(
        window_case(1, 1, 2, 210),
        window_case(2, 1, 2, 220),
        window_case(3, 2, 3, 230),
        window_case(4, 3, 3, 240),
        window_case(6, 2, 4, 250),
    ),
    hints=(
        "In the drawing, two arrows arrive at each state but the last. Where is the second one?",
        "Add what comes from the next step: dA[t + 1], back through W_hh. The last step has no "
        "next one.",
        "if t < num_steps - 1: dH = dH + dA[t + 1] @ W_hh.T",
    ),
    slips=WINDOW_BACKWARD_SLIPS,
)
EXERCISES = (LINEAR_BACKWARD, STEP_BACK, WINDOW_BACKWARD)
