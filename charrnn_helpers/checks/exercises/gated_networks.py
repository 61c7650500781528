"""The exercises of notebook 9: one step of a GRU, a broken LSTM, the mixture of two models."""

from functools import partial

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, draw
from charrnn_helpers.checks.values import identical, settle


def with_gradient(answer, *args, k, name):
    """Call an answer twice: for its result, and for the gradient of argument k.

    Where nothing flows back, the gradient is 0. If the first call changes its arguments, there is
    no second one.
    """
    before = settle(args)
    result = answer(*args)
    if not identical(settle(args), before):
        return {"result": result}
    leaf = args[k].clone().requires_grad_()
    again = answer(*args[:k], leaf * 1, *args[k + 1 :])  # leaf * 1 may be changed in place
    parts = again if isinstance(again, (tuple, list)) else (again,)
    parts = [part for part in parts if isinstance(part, torch.Tensor) and part.requires_grad]
    weighted = [(part * (1 + torch.arange(part.numel()).view_as(part))).sum() for part in parts]
    gradient = torch.zeros_like(leaf)
    if parts:
        options = {"allow_unused": True, "materialize_grads": True}
        (gradient,) = torch.autograd.grad(sum(weighted), leaf, **options)
    return {"result": result, f"gradient of {name}": gradient}


def my_gru_step(x_z, x_r, x_h, H, W_hz, W_hr, W_hh):
    Z = torch.sigmoid(x_z + H @ W_hz)
    R = torch.sigmoid(x_r + H @ W_hr)
    candidate = torch.tanh(x_h + R * (H @ W_hh))
    return Z * H + (1 - Z) * candidate


def gru_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens
    sizes = [(b, h)] * 4 + [(h, h)] * 3
    show = "(x_z {}, x_r {}, x_h {}, H {}, W_hz {}, W_hr {}, W_hh {})".format(*sizes)
    return Case(show, lambda: tuple(draw(*size, seed=seed + i) for i, size in enumerate(sizes)))


GRU_STEP_SLIPS = {
    "gates exchanged": Slip("Z = torch.sigmoid(x_z + H @ W_hz)\n    R =", "R = torch.sigmoid(x_z + "
        "H @ W_hz)\n    Z =", "The two gates are exchanged. The gate from x_z decides how much of "
        "the old state is kept, and the gate from x_r acts in the candidate."),
    "weights of the gates exchanged": Slip("W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)",
        "W_hr)\n    R = torch.sigmoid(x_r + H @ W_hz)", "W_hz and W_hr are exchanged. W_hz belongs "
        "to Z, and W_hr to R."),
    "inputs of the gates exchanged": Slip("x_z + H @ W_hz)\n    R = torch.sigmoid(x_r", "x_r + H @ "
        "W_hz)\n    R = torch.sigmoid(x_z", "x_z and x_r are exchanged. x_z belongs to Z, and x_r "
        "to R."),
    "x_z in both gates": Slip("x_r + H", "x_z + H", "x_z is used in both gates. R takes x_r."),
    "W_hh everywhere": Slip("W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)", "W_hh)\n    R = "
        "torch.sigmoid(x_r + H @ W_hh)", "W_hh is used in the gates as well. They have matrices of "
        "their own, W_hz and W_hr."),
    "W_hr in the candidate": Slip("(H @ W_hh)", "(H @ W_hr)", "W_hr is used in the candidate. The "
        "matrix of the candidate is W_hh."),
    "weights transposed": Slip("H @ W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)\n    candidate = "
        "torch.tanh(x_h + R * (H @ W_hh", "H @ W_hz.T)\n    R = torch.sigmoid(x_r + H @ "
        "W_hr.T)\n    candidate = torch.tanh(x_h + R * (H @ W_hh.T", "The three matrices are "
        "transposed. Use them as they are, as in H @ W_hz. (F.linear transposes its weight.)"),
    "elementwise": Slip("H @ W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)\n    candidate = "
        "torch.tanh(x_h + R * (H @", "H * W_hz)\n    R = torch.sigmoid(x_r + H * W_hr)\n    "
        "candidate = torch.tanh(x_h + R * (H *", "The state and the matrices are multiplied "
        "element by element, with *. The matrix product is @."),
    "gates without the state": Slip("x_z + H @ W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)",
        "x_z)\n    R = torch.sigmoid(x_r)", "The gates do not depend on the state. Before you take "
        "the sigmoid, add H @ W_hz to x_z, and H @ W_hr to x_r."),
    "state outside the sigmoid": Slip("x_z + H @ W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)",
        "x_z) + H @ W_hz\n    R = torch.sigmoid(x_r) + H @ W_hr", "In both gates, the product with "
        "H is added outside the sigmoid. Add it to x_z or x_r first, and take the sigmoid of the "
        "sum."),
    "no sigmoid": Slip("torch.sigmoid(x_z + H @ W_hz)\n    R = torch.sigmoid(x_r + H @ W_hr)",
        "(x_z + H @ W_hz)\n    R = (x_r + H @ W_hr)", "The gates have no sigmoid, so they are not "
        "numbers between 0 and 1. Take the sigmoid of each sum."),
    "tanh in the gates": Slip("torch.sigmoid(x_z + H @ W_hz)\n    R = torch.sigmoid(x_r",
        "torch.tanh(x_z + H @ W_hz)\n    R = torch.tanh(x_r", "The gates go through tanh, so they "
        "can be negative. A gate lies between 0 and 1, so take the sigmoid."),
    "1 minus each gate": Slip("torch.sigmoid(x_z + H @ W_hz)\n    R = torch.sigmoid(x_r", "1 - "
        "torch.sigmoid(x_z + H @ W_hz)\n    R = 1 - torch.sigmoid(x_r", "Both gates are 1 minus "
        "what they should be. (The sigmoid of a is 1 / (1 + exp(-a)), with a minus sign in the "
        "exponent.)"),
    "R before the product": Slip("R * (H @ W_hh)", "(R * H) @ W_hh", "R multiplies the state "
        "before the product with W_hh. In this GRU, it multiplies the product: R * (H @ W_hh), "
        "with the parentheses."),
    "R on the whole sum": Slip("x_h + R * (H @ W_hh)", "R * (x_h + H @ W_hh)", "R multiplies x_h "
        "as well. It should multiply H @ W_hh only."),
    "R on the input": Slip("x_h + R * (H @ W_hh)", "R * x_h + H @ W_hh", "R multiplies x_h. It "
        "should multiply H @ W_hh instead."),
    "R outside the tanh": Slip("torch.tanh(x_h + R * (", "R * torch.tanh(x_h + (", "R multiplies "
        "the tanh, and so the whole candidate. It should multiply H @ W_hh, inside the tanh."),
    "1 - R": Slip("R * (", "(1 - R) * (", "H @ W_hh is multiplied by 1 - R. It should be "
        "multiplied by R: where R is 1, the state counts in full."),
    "R forgotten": Slip("R * (", "(", "R has no effect, so the candidate is the next state of a "
        "simple RNN. Multiply H @ W_hh by R before x_h is added."),
    "x_h forgotten": Slip("x_h + R", "R", "The candidate does not depend on the input. Add x_h "
        "inside the tanh."),
    "no tanh": Slip("torch.tanh(x_h", "(x_h", "The candidate has no tanh. Take the tanh of the "
        "sum."),
    "sigmoid in the candidate": Slip("torch.tanh(x_h", "torch.sigmoid(x_h", "The candidate goes "
        "through a sigmoid, so it is never negative. Take tanh, as in a simple RNN."),
    "Z the other way around": Slip("Z * H + (1 - Z) * candidate", "(1 - Z) * H + Z * candidate",
        "Z and 1 - Z are swapped. Multiply the old state by Z, and the candidate by 1 - Z."),
    "no parentheses": Slip("(1 - Z) * candidate", "1 - Z * candidate", "The parentheses around 1 - "
        "Z are missing, so only Z is multiplied by the candidate. Write (1 - Z) * candidate."),
    "Z twice": Slip("(1 - Z)", "Z", "Both the old state and the candidate are multiplied by Z. The "
        "candidate should be multiplied by 1 - Z, so that the two shares add up to 1."),
    "Z - 1": Slip("(1 - Z)", "(Z - 1)", "The candidate is multiplied by Z - 1, which is negative. "
        "It should be 1 - Z."),
    "candidate in full": Slip("(1 - Z) * candidate", "candidate", "The whole candidate is added. "
        "Multiply it by 1 - Z first."),
    "tanh of the result": Slip("return Z * H + (1 - Z) * candidate", "return torch.tanh(Z * H + (1 "
        "- Z) * candidate)", "There is a tanh around the result. Only the candidate has a tanh; "
        "the new state is Z * H + (1 - Z) * candidate as it is."),
    "candidate returned": Slip("return Z * H + (1 - Z) * candidate", "return candidate", "The "
        "candidate is returned. Mix it with the old state: Z * H + (1 - Z) * candidate."),
    "old state returned": Slip("return Z * H + (1 - Z) * candidate", "return H", "The old state is "
        "returned. Return the new one."),
    "no gradient": Slip("return Z * H + (1 - Z) * candidate", "return (Z * H + (1 - Z) * "
        "candidate).detach()", "No gradient can flow back to H. Compute with tensors only, without "
        "detach(), no_grad(), item(), or NumPy."),
}  # fmt: skip
GRU_STEP = Exercise(
    name="gru_step",
    notebook=9,
    title="one step of a GRU",
    answer=my_gru_step,
    drive=partial(with_gradient, k=3, name="H"),
    tried="batches of 1 to 4 rows with 1 to 5 hidden units, and the gradient of H",
    cases=(
        gru_case(1, 1, 10),
        gru_case(1, 2, 20),
        gru_case(2, 3, 30),
        gru_case(3, 3, 40),
        gru_case(4, 5, 50),
    ),
    hints=(
        "Begin with the two gates. Each is the sigmoid of a sum: what comes from the input, plus "
        "the state times a matrix.",
        "In the candidate, R multiplies H @ W_hh, number by number, before x_h is added.",
        "Multiply the old state by Z and the candidate by 1 - Z, and add the two: "
        "Z * H + (1 - Z) * candidate.",
    ),
    slips=GRU_STEP_SLIPS,
)


def my_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    new_C = F * C + I * torch.tanh(a_c)
    H = O * torch.tanh(new_C)
    return H, new_C


def given_lstm_step(a_i, a_f, a_o, a_c, C):
    I, F, O = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)
    new_C = F * C + I * torch.tanh(a_c)
    H = O * torch.tanh(C)
    return H, new_C


def lstm_case(batch_size, num_hiddens, seed):
    b, h = batch_size, num_hiddens
    show = f"(a_i, a_f, a_o, a_c, and C, each {b, h})"
    return Case(show, lambda: tuple(draw(b, h, seed=seed + i, scale=1.2) for i in range(5)))


LSTM_STEP_SLIPS = {
    "old memory in H": Slip("tanh(new_C)", "tanh(C)", "H shows the memory before the step, C. It "
        "should show the memory after the step, new_C."),
    "I and F exchanged": Slip("F * C + I *", "I * C + F *", "The input gate and the forget gate "
        "are exchanged. The old memory is multiplied by the sigmoid of a_f, and the candidate by "
        "that of a_i."),
    "F and O exchanged": Slip("I, F, O", "I, O, F", "The forget gate and the output gate are "
        "exchanged. The old memory is multiplied by the sigmoid of a_f, and the tanh in H by that "
        "of a_o."),
    "I and O exchanged": Slip("I, F, O", "O, F, I", "The input gate and the output gate are "
        "exchanged. The candidate is multiplied by the sigmoid of a_i, and the tanh in H by that "
        "of a_o."),
    "1 - F": Slip("F * C", "(1 - F) * C", "The old memory is multiplied by 1 - F. In spite of its "
        "name, the forget gate is the part that is kept: F * C."),
    "1 - F for I": Slip("I * torch", "(1 - F) * torch", "The candidate is multiplied by 1 - F. In "
        "an LSTM, it has a gate of its own, I."),
    "old memory in full": Slip("F * C", "C + F * C", "The whole old memory is added to F * C. "
        "Keep only F * C."),
    "F forgotten": Slip("F * C", "C", "The forget gate has no effect: the old memory is kept in "
        "full. Multiply it by F."),
    "I forgotten": Slip("I * torch", "torch", "The input gate has no effect: the candidate is "
        "added in full. Multiply it by I."),
    "O forgotten": Slip("H = O * ", "H = ", "The output gate has no effect. Multiply the tanh of "
        "the new memory by O."),
    "F on the whole sum": Slip("F * C + I * torch.tanh(a_c)", "F * (C + I * torch.tanh(a_c))",
        "The forget gate multiplies the candidate as well. It should multiply only the old memory, "
        "C."),
    "minus": Slip("C + I", "C - I", "The new part is subtracted from the memory. Add it: F * C + I "
        "* torch.tanh(a_c)."),
    "1 minus each gate": Slip("(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)", "(-a_i), "
        "torch.sigmoid(-a_f), torch.sigmoid(-a_o)", "All three gates are 1 minus what they should "
        "be. (The sigmoid of a is 1 / (1 + exp(-a)), with a minus sign in the exponent.)"),
    "1 added to a_f": Slip("(a_f)", "(a_f + 1)", "1 is added to a_f. Some LSTMs start with such a "
        "bias, but it would already be in a_f, so take a_f as it is."),
    "tanh in the gates": Slip("torch.sigmoid(a_i), torch.sigmoid(a_f), torch.sigmoid(a_o)",
        "torch.tanh(a_i), torch.tanh(a_f), torch.tanh(a_o)", "The three gates go through tanh, so "
        "they can be negative. A gate lies between 0 and 1, so take the sigmoid."),
    "tanh in the output gate": Slip("torch.sigmoid(a_o)", "torch.tanh(a_o)", "The output gate goes "
        "through tanh, so it can be negative. A gate lies between 0 and 1, so take the sigmoid."),
    "no tanh of a_c": Slip("torch.tanh(a_c)", "a_c", "a_c is used without a tanh. The candidate is "
        "torch.tanh(a_c)."),
    "sigmoid of a_c": Slip("tanh(a_c)", "sigmoid(a_c)", "The candidate is a sigmoid of a_c, so it "
        "is never negative. It is not a gate: take the tanh."),
    "tanh in the memory": Slip("F * C + I * torch.tanh(a_c)", "torch.tanh(F * C + I * "
        "torch.tanh(a_c))", "The new memory itself goes through a tanh, and then through another "
        "one in H. Only H takes the tanh; the memory stays as it is."),
    "tanh of the memory returned": Slip("return H, new_C", "return H, torch.tanh(new_C)", "The "
        "second result is the tanh of the memory. Only H takes the tanh, so return the memory as "
        "it is."),
    "no tanh in H": Slip("O * torch.tanh(", "O * (", "The tanh of the memory is missing from H."),
    "sigmoid in H": Slip("O * torch.tanh(", "O * torch.sigmoid(", "H takes the sigmoid of the "
        "memory. It should be the tanh."),
    "candidate in H": Slip("torch.tanh(new_C)", "torch.tanh(a_c)", "H shows the candidate. It "
        "should show the whole memory after the step, new_C."),
    "O inside the tanh": Slip("O * torch.tanh(new_C)", "torch.tanh(O * new_C)", "The output gate "
        "is inside the tanh. First take the tanh of the memory, and then multiply it by O."),
    "two steps": Slip("torch.tanh(new_C)", "torch.tanh(F * new_C + I * torch.tanh(a_c))", "H shows "
        "the memory after two steps. Update the memory once, and use this new memory both in H and "
        "as the second result."),
    "old memory returned": Slip("return H, new_C", "return H, C", "The memory before the step is "
        "returned. Return the new memory, together with H."),
    "order": Slip("return H, new_C", "return new_C, H", "The results are in another order. Return "
        "the state first, and then the memory."),
    "H twice": Slip("return H, new_C", "return H, H", "The state is returned twice. The second "
        "result should be the new memory."),
    "H only": Slip("return H, new_C", "return H", "The new memory is missing from the results. "
        "Return both: H, new_C."),
    "H detached": Slip("tanh(new_C)", "tanh(new_C.detach())", "No gradient flows from H back to "
        "the memory. H depends on the new memory, so do not detach it there."),
    "no gradient": Slip("F * C", "F * C.detach()", "No gradient can flow back to C. Compute with "
        "tensors only, without detach(), no_grad(), item(), or torch.tensor()."),
}  # fmt: skip
LSTM_STEP = Exercise(
    name="lstm_step",
    notebook=9,
    title="repair an LSTM",
    answer=my_lstm_step,
    given=given_lstm_step,
    drive=partial(with_gradient, k=4, name="C"),
    tried="batches of 1 to 4 rows with 1 to 5 hidden units, and the gradient of C",
    cases=(
        lstm_case(1, 1, 110),
        lstm_case(1, 2, 120),
        lstm_case(2, 3, 130),
        lstm_case(3, 3, 140),
        lstm_case(4, 5, 150),
    ),
    hints=(
        "Compare each line with the two equations above. Which step does each symbol belong to, "
        "t or t - 1?",
        "The memory is right. The mistake is in the state, H.",
        "H shows the memory after the step, so its tanh takes new_C.",
    ),
    slips=LSTM_STEP_SLIPS,
)


def my_mixture_loss(p, q, w, targets):
    mixed = w * p + (1 - w) * q
    probs = mixed.gather(1, targets.unsqueeze(1))
    return -probs.log().mean()


def mixture_case(num_chars, vocab_size, w, seed):
    def make():
        generator = torch.Generator().manual_seed(seed)
        logits = torch.randn(2, num_chars, vocab_size, generator=generator)
        targets = torch.randint(vocab_size, (num_chars,), generator=generator)
        p, q = ((1.5 * logits[i]).softmax(dim=-1) for i in (0, 1))
        return p, q, w, targets

    return Case(f"(p and q {num_chars, vocab_size}, w = {w}, targets ({num_chars},))", make)


MIXTURE_LOSS_SLIPS = {
    "logarithms mixed": Slip("mixed = w * p + (1 - w) * q", "mixed = p**w * q ** (1 - w)", "The "
        "losses of the two models are mixed, or the logarithms of their probabilities, which is "
        "equivalent. Mix the probabilities first, and take the logarithm afterward."),
    "logarithms mixed, then a softmax": Slip("mixed = w * p + (1 - w) * q", "mixed = (w * p.log() "
        "+ (1 - w) * q.log()).softmax(dim=1)", "The logarithms of the probabilities are mixed, and "
        "the result is turned into a distribution, as cross_entropy does. Mix the probabilities "
        "themselves."),
    "perplexities mixed": Slip("mixed = w * p + (1 - w) * q\n    probs = mixed.gather(1, "
        "targets.unsqueeze(1))\n    return -probs.log().mean()", "loss = "
        "torch.nn.functional.nll_loss\n    terms = w * loss(p.log(), targets).exp(), (1 - w) * "
        "loss(q.log(), targets).exp()\n    return sum(terms).log()", "The perplexities of the two "
        "models are mixed. Mix their probabilities, for each character."),
    "whole texts mixed": Slip("mixed = w * p + (1 - w) * q\n    probs = mixed.gather(1, "
        "targets.unsqueeze(1))\n    return -probs.log().mean()", "rows = range(len(targets))\n    "
        "whole = w * p[rows, targets].prod() + (1 - w) * q[rows, targets].prod()\n    return "
        "-whole.log() / len(targets)", "The probabilities of the whole text are mixed. Mix those "
        "of each character."),
    "weights exchanged": Slip("mixed = w * p + (1 - w) * q", "mixed = (1 - w) * p + w * q", "The "
        "weights are exchanged: p should have the weight w, and q the weight 1 - w."),
    "w twice": Slip("(1 - w)", "w", "Both models have the weight w. The weight of q is 1 - w."),
    "no weights": Slip("mixed = w * p + (1 - w) * q", "mixed = p + q", "p and q are added without "
        "weights. The weight of p is w, and that of q is 1 - w."),
    "q in full": Slip("(1 - w) * q", "q", "q is added in full. Its weight is 1 - w."),
    "no parentheses": Slip("(1 - w) * q", "1 - w * q", "The parentheses around 1 - w are missing, "
        "so only w is multiplied by q. Write (1 - w) * q."),
    "w - 1": Slip("(1 - w)", "(w - 1)", "The weight of q is w - 1, which is negative. It should be "
        "1 - w."),
    "half and half": Slip("mixed = w * p + (1 - w) * q", "mixed = 0.5 * p + 0.5 * q", "Each model "
        "counts for one half, whatever w is. The weight of p is w, and that of q is 1 - w."),
    "one of the two": Slip("mixed = w * p + (1 - w) * q", "mixed = p if w >= 0.5 else q", "Only "
        "one of the two models is used, the one with the larger weight. Mix both."),
    "the larger one": Slip("mixed = w * p + (1 - w) * q", "mixed = torch.maximum(p, q)", "For each "
        "character, the larger of the two probabilities is taken. Mix them: w * p + (1 - w) * q."),
    "only p": Slip("mixed = w * p + (1 - w) * q", "mixed = p", "The result is the loss of the "
        "first model; q has no effect. Mix the probabilities of both models."),
    "minus missing": Slip("-probs.log()", "probs.log()", "The sign is wrong. The loss is minus the "
        "mean of the logarithms. (F.nll_loss and F.cross_entropy already contain the minus.)"),
    "sum": Slip("mean()", "sum()", "The losses of the characters are added up. Take their mean."),
    "one loss per character": Slip("-probs.log().mean()", "-probs.log().squeeze(1)", "There is one "
        "loss for each character. Return a single number, their mean."),
    "divided by the vocabulary": Slip("mean()", "mean() / p.shape[1]", "The loss is divided by the "
        "number of tokens in the vocabulary. The mean runs over the characters only."),
    "perplexity": Slip("-probs.log().mean()", "(-probs.log().mean()).exp()", "This is the "
        "perplexity, exp of the loss. Return the loss itself."),
    "no logarithm": Slip("probs.log().mean()", "probs.mean()", "The logarithm is missing. "
        "(F.nll_loss does not take it: its input should already be logarithms.)"),
    "logarithm of the mean": Slip("probs.log().mean()", "probs.mean().log()", "The mean is taken "
        "before the logarithm. Take the logarithm of each probability first, and then the mean."),
    "softmax of both": Slip("mixed = w * p + (1 - w) * q", "mixed = w * p.softmax(dim=1) + (1 - w) "
        "* q.softmax(dim=1)", "A softmax is applied to p and q. They are already distributions, so "
        "mix them as they are."),
    "softmax of the mixture": Slip("mixed.gather", "mixed.softmax(dim=1).gather", "A softmax is "
        "applied to the mixture, as F.cross_entropy does. The mixture is already a distribution."),
    "all targets in each row": Slip("mixed.gather(1, targets.unsqueeze(1))", "mixed[:, targets]",
        "From each row, the probabilities of all targets are picked. Pick one from each row, that "
        "of its own target, as gather does."),
    "targets as rows": Slip("mixed.gather(1, targets.unsqueeze(1))", "mixed.gather(0, "
        "targets.unsqueeze(0))", "The targets are used as rows. They are tokens, so they belong to "
        "axis 1, as in mixed.gather(1, targets.unsqueeze(1))."),
    "targets not used": Slip("mixed.gather(1, targets.unsqueeze(1))", "mixed", "The targets have "
        "no effect: this is a mean over all tokens. From each row, take only the probability of "
        "the target."),
    "entropy": Slip("-probs.log().mean()", "-(mixed * mixed.log()).sum(dim=1).mean()", "This is "
        "the entropy of the mixture. From each row, take only the logarithm of the target's "
        "probability."),
    "the first character only": Slip("-probs.log()", "-probs[:1].log()", "This is the loss of the "
        "first character. Return the mean over all characters. (In a loop, return after the "
        "loop.)"),
    "the last character only": Slip("-probs.log()", "-probs[-1:].log()", "This is the loss of the "
        "last character. Return the mean over all characters. (In a loop, add the losses up.)"),
    "shifted": Slip("mixed.gather(1, targets.unsqueeze(1))", "mixed[range(len(p) - 1), "
        "targets[1:]]", "Each row is compared with the target of the next one. Row i and target i "
        "belong together."),
}  # fmt: skip
MIXTURE_LOSS = Exercise(
    name="mixture_loss",
    notebook=9,
    title="mix two models",
    answer=my_mixture_loss,
    tried="1 to 6 characters, 3 to 28 tokens, and weights from 0 to 1",
    cases=(
        mixture_case(1, 3, 0.5, 210),
        mixture_case(2, 3, 0.3, 220),
        mixture_case(4, 5, 0.8, 230),
        mixture_case(5, 5, 1, 240),
        mixture_case(5, 4, 0, 250),
        mixture_case(6, 28, 0.25, 260),
    ),
    hints=(
        "What does the mixture say about one character? Mix the two probabilities first, and take "
        "the logarithm afterward.",
        "mixed = w * p + (1 - w) * q is the distribution of the mixture, one row for each "
        "character. In each row, you need the probability of the target.",
        "mixed.gather(1, targets.unsqueeze(1)) gives these probabilities. The loss is minus the "
        "mean of their logarithms.",
    ),
    slips=MIXTURE_LOSS_SLIPS,
)
EXERCISES = (GRU_STEP, LSTM_STEP, MIXTURE_LOSS)
