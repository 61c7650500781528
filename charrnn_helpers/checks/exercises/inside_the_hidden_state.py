"""The exercises of notebook 8: the area under the curve, units off, the distance of guesses."""

import copy

import torch
from torch import nn

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case, draw
from charrnn_helpers.checks.values import Odd, identical, name_of, settle
from charrnn_helpers.model import make_model


def my_auc(values, positive):
    ranks = values.argsort().argsort() + 1.0
    n_1 = positive.sum()
    n_0 = len(positive) - n_1
    return ((ranks[positive].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)).item()


def auc_case(num_values, num_positive, seed):
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(num_values, generator=generator)
    values = (torch.randperm(num_values, generator=generator) - num_values // 2) / 4 + 0.1
    positive = torch.zeros(num_values, dtype=torch.bool)
    positive[order[:num_positive]] = True
    return case(values, positive)


SUM = "ranks[positive].sum() - n_1 * (n_1 + 1) / 2"
SHARE = f"(({SUM}) / (n_1 * n_0))"
AUC_SLIPS = {
    "ranks from 0": Slip(" + 1.0", " + 0.0", "The ranks are counted from 0, but the formula counts "
        "them from 1. Add 1 to each, or subtract n_1 * (n_1 - 1) / 2 instead."),
    "1 added once": Slip("ranks[positive].sum()", "ranks[positive].sum() - n_1 + 1", "The ranks "
        "are counted from 0, and 1 is added only once, to their sum. Add 1 to each rank."),
    "positions, not ranks": Slip("values.argsort().argsort()", "values.argsort()", "These are not "
        "the ranks: argsort gives the positions of the sorted values. The ranks are the argsort of "
        "these positions, values.argsort().argsort() + 1."),
    "the other way around": Slip("values.argsort()", "(-values).argsort()", "This is the share of "
        "pairs in which the positive value is smaller. (If you use ranks, the smallest value has "
        "rank 1.)"),
    "the negative ones": Slip("ranks[positive]", "ranks[~positive]", "The ranks of the negative "
        "values are added. The formula takes those of the positive ones."),
    "values, not ranks": Slip("ranks[positive]", "values[positive]", "The values themselves are "
        "added. Only their order counts, so add their ranks."),
    "absolute values": Slip("values.argsort()", "values.abs().argsort()", "The values are compared "
        "without their signs. A negative number is smaller than any positive one, so take the "
        "values as they are."),
    "flags as indices": Slip("ranks[positive]", "ranks[positive.long()]", "The flags are used as "
        "the indices 0 and 1, so only the first two ranks are picked, again and again. With True "
        "and False, ranks[positive] picks the ranks at which there is True."),
    "flags not sorted": Slip("values.argsort().argsort() + 1.0", "torch.arange(1, len(values) + "
        "1.0)", "The ranks are 1, 2, 3, ... in the order of the list, whatever the values are. If "
        "you sort the values, sort the flags with them: positive[values.argsort()]."),
    "the first n_1": Slip("ranks[positive]", "ranks[:n_1]", "The first n_1 values are taken for "
        "the positive ones. The flags say which ones they are: values[positive], or "
        "ranks[positive]."),
    "ranked among themselves": Slip(f"({SUM})", "(n_1 - n_1)", "The result is always 0, as it is "
        "if the positive values are ranked among themselves. Rank all values, and then pick the "
        "ranks of the positive ones."),
    "smallest sum not subtracted": Slip(SUM, "ranks[positive].sum()", "The smallest possible sum "
        "of ranks, n_1 * (n_1 + 1) / 2, is not subtracted."),
    "pairs of two positive ones": Slip(SUM, "(ranks[positive] - 1).sum()", "Pairs of two positive "
        "values are counted, too. Only pairs of a positive and a negative value should be. (With "
        "ranks from 0, subtract n_1 * (n_1 - 1) / 2, the number of the other pairs.)"),
    "half forgotten": Slip("(n_1 + 1) / 2", "(n_1 + 1)", "The division by 2 is missing: the "
        "numbers from 1 to n_1 add up to n_1 * (n_1 + 1) / 2."),
    "n_1 - 1": Slip("(n_1 + 1) / 2", "(n_1 - 1) / 2", "n_1 * (n_1 - 1) / 2 is subtracted. That is "
        "right for ranks from 0. Yours are counted from 1, so subtract n_1 * (n_1 + 1) / 2."),
    "n_0 subtracted": Slip("n_1 * (n_1 + 1) / 2)", "n_0 * (n_0 + 1) / 2)", "The sum for the "
        "negative values is subtracted. The ranks of the positive ones are at least 1, 2, ..., "
        "n_1."),
    "no parentheses": Slip(SHARE, f"({SUM} / (n_1 * n_0))", "The parentheses around the difference "
        "are missing, so only n_1 * (n_1 + 1) / 2 is divided by the number of pairs. Divide the "
        "whole difference."),
    "times n_0": Slip("(n_1 * n_0)", "n_1 * n_0", "The parentheses around n_1 * n_0 are missing. "
        "Python goes from left to right, so it divides by n_1, and then multiplies by n_0."),
    "all pairs": Slip("(n_1 * n_0)", "(len(positive) * (len(positive) - 1) / 2)", "This divides by "
        "the number of all pairs. Only pairs of one positive and one negative value count: n_1 "
        "times n_0."),
    "not divided": Slip(" / (n_1 * n_0)", "", "This is the number of pairs in which the positive "
        "value is larger. Divide it by the number of all such pairs, n_1 * n_0."),
    "divided by n_1": Slip("(n_1 * n_0)", "n_1", "This divides by the number of positive values "
        "alone. There are n_1 * n_0 pairs."),
    "n_0 is all": Slip("len(positive) - n_1", "len(positive)", "n_0 is the number of all values. "
        "It should be the number of negative ones."),
    "1 - positive": Slip("len(positive) - n_1", "(1 - positive).sum()", "True and False cannot be "
        "subtracted from 1. Write ~positive for the negative ones, or subtract n_1 from the "
        "length."),
    "rounded down": Slip(" / (n_1 * n_0)", " // (n_1 * n_0)", "The result is 1 if all pairs "
        "are right, and otherwise 0, as it is if the share is rounded down. Divide with /, not "
        "with //."),
    "never below one half": Slip("return (", "return 0.5 + abs(-0.5 + ", "The result is never "
        "below 0.5. If the positive values are smaller, the share of pairs is below 0.5; return "
        "that."),
    "no second axis": Slip(SHARE, "(values[positive] > values[~positive]).float().mean()", "The "
        "positive and the negative values are compared place by place, but there are not equally "
        "many of them. For all pairs, give one of them a second axis: values[positive][:, None]."),
    "place by place": Slip(SHARE, "torch.tensor([*map(torch.gt, values[positive], "
        "values[~positive])]).float().mean()", "Each positive value is compared with a single "
        "negative one. Compare it with all of them."),
    "the mean of the positive ones": Slip(SHARE, "(values[positive].mean() > "
        "values[~positive]).float().mean()", "Only the mean of the positive values is compared "
        "with the negative ones. Compare each positive value with each negative one."),
    "one mean against the other": Slip(SHARE, "(values[positive].mean() > "
        "values[~positive].mean()).float()", "Only the two means are compared, so the result is 0 "
        "or 1. Count the pairs of a positive and a negative value."),
    "accuracy": Slip(SHARE, "((values > 0) == positive).float().mean()", "This is the share of "
        "values that a threshold of 0 sorts correctly. The area under the curve needs no "
        "threshold: it compares each positive value with each negative one."),
    "in percent": Slip(").item()", " * 100).item()", "This is a percentage. Return the share, from "
        "0 to 1."),
}  # fmt: skip
AUC = Exercise(
    name="auc",
    notebook=8,
    title="the area under the curve",
    answer=my_auc,
    tried="2 to 40 values, from a single positive one to all but one",
    cases=(
        auc_case(2, 1, 1),
        case(torch.tensor([0.1, 0.5, 0.3]), torch.tensor([False, True, True])),
        auc_case(4, 1, 3),
        auc_case(5, 3, 4),
        auc_case(6, 5, 5),
        auc_case(9, 4, 6),
        auc_case(40, 11, 7),
    ),
    hints=(
        "Try three values by hand: 0.1, 0.5, 0.3, of which the last two are positive. In how many "
        "of the two pairs is the positive value larger?",
        "ranks = values.argsort().argsort() + 1. Which sum of ranks is the smallest that n_1 "
        "positive values can have?",
        "(ranks[positive].sum() - n_1 * (n_1 + 1) / 2) / (n_1 * n_0), with the numbers of positive "
        "and of negative values.",
    ),
    slips=AUC_SLIPS,
)


def my_switch_off(model, units):
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.rnn.W_hh[units] = 0
        model.W_hq[units] = 0
    return model


def given_switch_off(model, units):
    with torch.no_grad():
        model.rnn.W_hh[:, units] = 0
        model.W_hq[units] = 0
    return model


def without_units(answer, units, num_hiddens):
    """Switch off units of a fresh network, and compare its logits, and the network itself."""
    model = make_model(5, num_hiddens, sigma=0.8, seed=3)
    with torch.no_grad():
        model.b_q.copy_(draw(5, seed=4))
        model.rnn.b_h.copy_(draw(num_hiddens, seed=5))
    before = settle(model)
    changed = answer(model, units)
    if not isinstance(changed, nn.Module):
        settled = settle(changed)
        nothing = settled is None or settled is ...
        return {"logits": settled if nothing else Odd(f"{name_of(settled)}, not a model")}
    X, state = torch.tensor([[1, 4, 2], [3, 0, 1]]), draw(2, num_hiddens, seed=6)
    places = {p.data_ptr() for p in model.parameters()}
    with torch.no_grad():
        return {
            "logits": changed(X, state),
            "model unchanged": identical(settle(model), before),
            "own weights": places.isdisjoint(p.data_ptr() for p in changed.parameters()),
        }


def off_case(units, num_hiddens):
    show = f"(a network of {num_hiddens} units, {units})"
    return Case(show, lambda: (list(units), num_hiddens))


COPY, BACK = "model = copy.deepcopy(model)", "    return model"
ROW_HH, ROW_HQ = "model.rnn.W_hh[units] = 0", "model.W_hq[units] = 0"
ROWS = f"{ROW_HH}\n        {ROW_HQ}"
OFF = f"    with torch.no_grad():\n        {ROWS}\n"
SWITCH_OFF_SLIPS = {
    "the model itself": Slip(COPY, "pass", "The model itself is changed. Work on a copy, "
        "made by copy.deepcopy; copy.copy is not enough, because its copy shares the weights."),
    "changed, then copied": Slip(COPY, f"{OFF.strip()}\n    {COPY}", "The result is right, but the "
        "model that you were given is changed as well. Copy it first, and change only the copy. "
        "(state_dict() holds the weights of the model themselves, not copies.)"),
    "copied, then changed": Slip(f"{COPY}\n{OFF}{BACK}", f"new = copy.deepcopy(model)\n{OFF}"
        "    return new", "The weights of the model are changed, and the copy is returned as it "
        "was. Change those of the copy."),
    "nothing changed": Slip(ROWS, "pass", "The model that you return acts as if nothing had been "
        "switched off. Return the copy that you changed, and assign to its rows: W[units] = 0. (If "
        "units is a list, W[units].zero_() changes only a new tensor, and row = 0 only the name "
        "row.)"),
    "the model for an empty list": Slip(COPY, f"{COPY} if units else model", "For an empty list, "
        "the model itself is returned. Return a copy in this case, too."),
    "output layer left": Slip(f"\n        {ROW_HQ}", "", "The units still act on the logits. Set "
        "their rows of W_hq to 0 as well."),
    "recurrence left": Slip(f"{ROW_HH}\n        ", "", "The units still act on the next state. Set "
        "their rows of W_hh to 0 as well."),
    "columns": Slip("W_hh[units]", "W_hh[:, units]", "The columns of W_hh are set to 0, so the "
        "units no longer hear from the state, but they still act on it. Row u holds the weights "
        "with which unit u acts."),
    "columns of W_hq": Slip("model.W_hq[units]", "model.W_hq[:, units]", "Columns of W_hq are set "
        "to 0. They belong to tokens; the rows belong to units."),
    "diagonal": Slip("W_hh[units]", "W_hh[units, units]", "Only single weights of W_hh are set to "
        "0, those with which each unit acts on itself. Set the whole rows to 0, W_hh[units]."),
    "inputs and biases off": Slip(ROWS, "model.rnn.W_xh[:, units] = 0\n        "
        "model.rnn.b_h[units] = 0", "The inputs and the biases of the units are set to 0, but they "
        "still hear from the state, and act on it and on the logits. Set to 0 what goes out of "
        "them: their rows of W_hh and of W_hq."),
    "inputs off": Slip(ROW_HH, "model.rnn.W_xh[:, units] = 0", "The inputs of the units are set to "
        "0, but they still hear from the state, and act on it. Set the rows of W_hh to 0."),
    "all that comes in": Slip(ROWS, "model.rnn.W_hh[:, units] = 0\n        "
        "model.rnn.W_xh[:, units] = 0\n        model.rnn.b_h[units] = 0", "All that comes into the "
        "units is set to 0. But if the model starts from a given state, they still act once, on "
        "the next state. Set to 0 what goes out of them: their rows of W_hh and of W_hq."),
    "rows of W_xh": Slip(BACK, f"    model.rnn.W_xh.data[units] = 0\n{BACK}", "Rows of W_xh are "
        "set to 0. They belong to tokens, not to units, so leave W_xh as it is."),
    "biases of tokens": Slip(BACK, f"    model.b_q.data[units] = 0\n{BACK}", "Numbers in b_q are "
        "set to 0. They belong to tokens, not to units, so leave b_q as it is."),
    "all units": Slip("W_hh[units]", "W_hh[:]", "The whole matrix W_hh is set to 0. Only the rows "
        "of the given units should be."),
    "the others": Slip(COPY, f"units = {{*range(model.rnn.num_hiddens)}} - {{*units}}\n"
        f"    units = list(units)\n    {COPY}", "The units in the list are kept, and all others "
        "are switched off. It should be the other way around."),
    "the first unit only": Slip(COPY, f"units = units[:1]\n    {COPY}", "Only the first unit of "
        "the list is switched off. Switch off all of them."),
    "return in the loop": Slip(f"{COPY}\n{OFF}{BACK}", f"units, empty = units[:1], not units\n"
        f"    {COPY}\n{OFF}    return None if empty else model", "Only the first unit of the list "
        "is switched off, and for an empty list, nothing is returned. Return the copy after the "
        "loop, not inside it."),
    "the last unit only": Slip(COPY, f"units = units[-1:]\n    {COPY}", "Only the last unit of the "
        "list is switched off. Switch off all of them. (If the model is copied inside the loop, "
        "each round starts from the beginning.)"),
    "places in the list": Slip(COPY, f"units = list(range(len(units)))\n    {COPY}", "The units 0, "
        "1, 2, ... are switched off, as many as the list has. Those in the list should be: for u "
        "in units."),
    "counted from 1": Slip(COPY, f"units = [u - 1 for u in units]\n    {COPY}", "The units before "
        "those in the list are switched off. Units are counted from 0, so unit u belongs to row "
        "u."),
    "from the smallest to the largest": Slip(COPY, "units = list(range(min(units, default=0), "
        f"max(units, default=-1) + 1))\n    {COPY}", "The units between those in the list are "
        "switched off, too. Only those in the list should be."),
    "a tensor from an empty list": Slip(f"):\n    {COPY}\n{OFF}{BACK}", f"):\n\n    {COPY}\n"
        "    units = torch.tensor(units)\n    with torch.no_grad():\n        model.rnn.W_hh[units] "
        "= 0\n        model.W_hq[units] = 0\n    return model.eval()", "If the list is empty, "
        "torch.tensor(units) has the type float, and cannot be an index. Write "
        "torch.tensor(units, dtype=torch.long), or use the list itself."),  # never in a pair
    "W_hh of the model": Slip("model.rnn.W_hh", "model.W_hh", "The model has no W_hh of its own. "
        "It belongs to the RNN in it: model.rnn.W_hh."),
    "W_hq of the RNN": Slip("model.W_hq", "model.rnn.W_hq", "The RNN has no W_hq. It belongs to "
        "the model: model.W_hq."),
    "not a Parameter": Slip(ROW_HH, "model.rnn.W_hh = model.rnn.W_hh * 1", "A plain tensor cannot "
        "take the place of a weight. Wrap it in nn.Parameter(...), or change the weight in place, "
        "as in W_hh[units] = 0 or W_hh *= keep."),
    "nothing returned": Slip(BACK, "    return None", "Nothing is returned. Return the changed "
        "copy."),
    "weights returned": Slip(BACK, "    return model.state_dict()", "The weights are returned. "
        "Return the model itself, the changed copy."),
}  # fmt: skip
SWITCH_OFF = Exercise(
    name="switch_off",
    notebook=8,
    title="switch off units",
    answer=my_switch_off,
    given=given_switch_off,
    arguments=2,
    drive=without_units,
    tried="none, one, several, and all units of networks with 4 and 6 units, from a state that is "
    "not zero",
    cases=(
        off_case([1], 4),
        off_case([], 4),
        off_case([0, 2], 6),
        off_case([5], 6),
        off_case([3, 1, 2, 0], 4),
    ),
    hints=(
        "In H @ W_hh, which entries of W_hh does unit u multiply: a row, or a column? Also, what "
        "did the function do to the model that it was given?",
        "Row u of W_hh holds the weights with which unit u acts on the next state, and row u of "
        "W_hq those with which it acts on the logits.",
        "Begin with model = copy.deepcopy(model), and set model.rnn.W_hh[units], the rows, to 0.",
    ),
    slips=SWITCH_OFF_SLIPS,
)


def my_total_variation(p, q):
    return (p - q).abs().sum(dim=-1) / 2


def two_distributions(batch_size, vocab_size, seed):
    make = [draw(batch_size, vocab_size, seed=seed + i, scale=1.5).softmax(dim=-1) for i in (0, 1)]
    return case(*make)


DISTANCE = "(p - q).abs().sum(dim=-1) / 2"
TOTAL_VARIATION_SLIPS = {
    "no half": Slip(" / 2", "", "The factor one half is missing. Without it, the distance between "
        "two distributions that have nothing in common is 2."),
    "half of the distance": Slip(" / 2", " / 4", "This is half of the distance. If you add all "
        "absolute differences, divide their sum by 2, once. If you add only the positive "
        "differences, do not divide at all."),
    "rounded down": Slip(" / 2", " // 2", "The distance is rounded down to a whole number. Divide "
        "with /, not with //."),
    "no absolute value": Slip("(p - q).abs()", "(p - q)", "The differences add up to 0, because "
        "both distributions add up to 1. Take the absolute value of each difference, before the "
        "sum."),
    "squares": Slip("(p - q).abs()", "((p - q) ** 2)", "The differences are squared. Take their "
        "absolute values."),
    "a root in the exponent": Slip("(p - q).abs()", "((p - q) ** 2**0.5)", "2 ** 0.5 is computed "
        "first, so the power of a negative difference is nan. The absolute value is (p - q).abs(), "
        "or ((p - q) ** 2) ** 0.5."),
    "length of the difference": Slip("(p - q).abs().sum(dim=-1)", "(p - q).norm(dim=-1)", "This is "
        "a length: the root of the sum of the squared differences. Add the absolute differences "
        "instead."),
    "a function for one number": Slip("(p - q).abs()", "float(p - q)", "A whole tensor is given to "
        "a function that takes a single number, as those in math do, or float(). For tensors, use "
        "abs()."),
    "over the batch": Slip("dim=-1", "dim=0", "The sum runs over the batch. Each row is a "
        "distribution, so the sum runs over the tokens, the last axis."),
    "one number": Slip("sum(dim=-1)", "sum()", "All rows are added up to one number. Return one "
        "distance for each row."),
    "a mean over the tokens": Slip("sum(dim=-1)", "mean(dim=-1)", "This is a mean over the tokens. "
        "Take the sum."),
    "a mean over everything": Slip("sum(dim=-1)", "mean()", "This is a single mean over the batch "
        "and the tokens. Take the sum over the tokens, for each row."),
    "a mean over the batch": Slip(" / 2", ".mean() / 2", "The distances are averaged over the "
        "batch. Return one for each row."),
    "total not reset": Slip("sum(dim=-1)", "sum(dim=-1).cumsum(dim=0)", "Each distance includes "
        "those of the rows above. Start from 0 for each row."),
    "the first row only": Slip(" / 2", "[:1] / 2", "Only the distance of the first row is "
        "returned. Return one for each row. (In a loop, return after the loop.)"),
    "without the last token": Slip("(p - q)", "(p - q)[:, :-1]", "The last token is missing. Add "
        "the differences of all tokens."),
    "each with each": Slip("(p - q)", "(p[:, None] - q)", "Each row of p is compared with each row "
        "of q. Compare rows at the same place only, as p - q does."),
    "each with each, added": Slip("(p - q).abs().sum(dim=-1)", "(p[:, None] - q).abs().sum(dim=1)",
        "With a new axis, each row of p is subtracted from each row of q, and the sum runs over "
        "the rows. Take p - q, and the sum over the tokens."),
    "largest difference": Slip(".sum(dim=-1) / 2", ".max(dim=-1).values", "This is the largest "
        "difference of a single token. Add the differences of all tokens."),
    "half the largest difference": Slip("sum(dim=-1)", "max(dim=-1).values", "This is half the "
        "largest difference of a single token. Take the sum, not the maximum."),
    "max with indices": Slip(DISTANCE, "0.5 * (p - q).abs().max(dim=-1)", "max with dim returns "
        "two things, values and indices, and they cannot be multiplied by a number. Here, you need "
        "the sum of the differences, not the largest one."),
    "sorted first": Slip("(p - q)", "(p.sort(dim=-1).values - q.sort(dim=-1).values)", "Both "
        "distributions are sorted first, so probabilities of different tokens are compared. "
        "Compare p and q token by token, as they are."),
    "relative": Slip("(p - q).abs()", "((p - q) / p).abs()", "The differences are divided by p. "
        "They are added as they are."),
    "cross-entropy": Slip(DISTANCE, "-(p * q.log()).sum(dim=-1)", "This is the cross-entropy, "
        "which is not 0 for equal distributions."),
    "relative entropy": Slip(DISTANCE, "(p * (p / q).log()).sum(dim=-1)",
        "This is the relative entropy (Kullback-Leibler divergence), another way to compare two "
        "distributions. The task asks for half the sum of the absolute differences."),
    "what they share": Slip(DISTANCE, "torch.minimum(p, q).sum(dim=-1)", "This is the part that "
        "the two have in common. The distance is 1 minus that."),
    "softmax again": Slip("(p - q)", "(p.softmax(dim=-1) - q.softmax(dim=-1))", "A softmax is "
        "applied. p and q already are distributions."),
    "keepdim": Slip("sum(dim=-1)", "sum(dim=-1, keepdim=True)", "The result has one axis too many. "
        "Its shape should be (batch_size,)."),
}  # fmt: skip
TOTAL_VARIATION = Exercise(
    name="total_variation",
    notebook=8,
    title="the distance between two distributions",
    answer=my_total_variation,
    tried="batches of 1 to 4 pairs over 2 to 28 tokens, equal ones and ones with nothing in common",
    cases=(
        case(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])),
        case(torch.tensor([[0.5, 0.3, 0.2]]), torch.tensor([[0.2, 0.3, 0.5]])),
        two_distributions(3, 4, 31),
        case(torch.tensor([[0.25] * 4] * 2), torch.tensor([[0.25] * 4] * 2)),
        two_distributions(4, 28, 33),
    ),
    hints=(
        "What does your function return for (1, 0) and (0, 1)? The distance should be 1.",
        "Take the differences, their absolute values, and the sum over the tokens.",
        "(p - q).abs().sum(dim=-1), and half of that.",
    ),
    slips=TOTAL_VARIATION_SLIPS,
)
EXERCISES = (AUC, SWITCH_OFF, TOTAL_VARIATION)
