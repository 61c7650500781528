"""The exercises of notebook 5: counting steps, evaluating, one step of training, reading on."""

import functools
import math

import torch

from charrnn_helpers import training
from charrnn_helpers.checks import answers
from charrnn_helpers.checks.exercise import Case, Exercise, by_slip, case
from charrnn_helpers.model import make_model
from charrnn_helpers.training import clip_gradients, cross_entropy, gradient_norm

ROUNDINGS = {
    "last batch dropped": math.floor,
    "one more always": lambda x: math.floor(x) + 1,
    "to the nearest": round,
    "a fraction": float,
}


def imitate_updates(slips):
    rounded = by_slip(ROUNDINGS, slips, math.ceil)

    def answer(num_windows, batch_size, num_epochs):
        n, b, e = num_windows, batch_size, num_epochs
        if "multiplied" in slips:
            return n * b * e
        b = 1 if "one window a step" in slips else b
        if "a fraction and one more" in slips:
            return (n / b + (n % b > 0)) * e
        if "no windows" in slips:
            return b * e
        if "one for the rest of the run" in slips:
            return n // b * e + (n % b > 0)
        if "the rest added" in slips:
            return (n // b + n % b) * e
        e += "an epoch more" in slips
        if "rounded at the end" in slips:
            return rounded(n / b * e)
        if "epochs added" in slips:
            return rounded(n / b) + e
        return rounded(n / b) * (1 if "one epoch" in slips else e)

    return answer


updates = Exercise(
    name="updates",
    notebook=5,
    title="the number of steps",
    answer_name="my_num_updates",
    tried="batches that divide the windows and that do not, 1 epoch and more, the lesson's run",
    cases=(
        case(10, 5, 1),
        case(11, 4, 1),
        case(11, 4, 3),
        case(12, 4, 2),
        case(3, 8, 2),
        case(50_000, 1024, 30),
    ),
    solution=answers.my_num_updates,
    imitate=imitate_updates,
    slips={
        "last batch dropped": "The last batch of each epoch is forgotten. It is smaller, but it "
        "makes a step like any other: round up.",
        "one more always": "There is a step too many where the batches come out even. Round up, "
        "rather than down and one more.",
        "one epoch": "That is one epoch. Each further one makes as many steps again.",
        "one window a step": "That is the number of windows read. A step takes a whole batch.",
        "rounded at the end": "It was rounded once, at the end. But a batch never reaches into "
        "the next epoch: round up for one epoch, and then multiply.",
        "to the nearest": "It was rounded to the nearest whole number. The last batch of an epoch "
        "makes a step, however small it is: round up.",
        "one for the rest of the run": "The smaller batch was counted once for the whole run. It "
        "comes at the end of each epoch.",
        "the rest added": "The windows of the last batch were added. They make one step together.",
        "an epoch more": "There is an epoch too many.",
        "a fraction": "Steps are whole: the last, smaller batch of an epoch makes a whole step. "
        "Round up.",
        "a fraction and one more": "One was added for the smaller batch, but / keeps the fraction, "
        "which was that batch already. // rounds down.",
        "multiplied": "The number of windows was multiplied with the size of a batch. "
        "It should be divided by it.",
        "no windows": "The number of windows has no part in the result.",
        "epochs added": "The epochs were added; each of them makes the same number of steps.",
    },
    hints=(
        "How many batches of 4 do 11 windows make? How many steps are that in three epochs?",
        "The batches of one epoch: num_windows divided by batch_size, rounded up.",
        "-(-a // b) is a / b, rounded up, as in len() of WindowBatches; so is math.ceil(a / b), "
        "after import math. Multiply by num_epochs afterwards, not before.",
    ),
)


def tiny_model(seed=1):
    """A language model with 4 tokens and 3 units, and weights large enough to matter."""
    return make_model(4, num_hiddens=3, sigma=0.8, seed=seed)


def tiny_batches(*shapes, seed=0):
    """Batches (X, Y) of ids from 0 to 3, with these shapes."""
    generator = torch.Generator().manual_seed(seed)
    both = [torch.randint(4, (2, *shape), generator=generator) for shape in shapes]
    return [(X, Y) for X, Y in both]


def batch_case(*shapes):
    shown = ", ".join(map(str, shapes))
    show = f"(model, batches of shape {shown})"
    return Case(show, lambda: (tiny_model(), tiny_batches(*shapes, seed=len(shapes))))


def watched_evaluation(answer, model, batches):
    """The loss, and whether PyTorch kept a record for gradients meanwhile."""
    recorded, forward = [], model.forward_with_state

    def watched(X, state=None):
        recorded.append(torch.is_grad_enabled())
        return forward(X, state)

    model.forward_with_state = watched
    try:
        loss = answer(model, batches)
    finally:
        del model.forward_with_state
    return {"loss": loss, "recorded for gradients": any(recorded)}


def scores(logits, slips):
    return logits.softmax(dim=-1) if "softmax twice" in slips else logits


def imitate_evaluate(slips):
    def answer(model, batches):
        with torch.set_grad_enabled("gradients" in slips):
            asked = [(X, X if "inputs as targets" in slips else Y) for X, Y in batches]
            losses = [cross_entropy(scores(model(X), slips), Y).item() for X, Y in asked]
        sizes = [Y.numel() for _, Y in batches]
        sizes = [len(Y) for _, Y in batches] if "texts counted" in slips else sizes
        sizes = [Y.shape[1] for _, Y in batches] if "steps counted" in slips else sizes
        n, total = len(losses), sum(sizes)
        weighted = sum(loss * size for loss, size in zip(losses, sizes, strict=True))
        powers = [math.exp(loss) for loss in losses]
        results = {
            "batches count alike": sum(losses) / n,
            "sum of losses": sum(losses),
            "no mean": weighted,
            "last batch only": losses[-1],
            "first batch only": losses[0],
            "perplexity": math.exp(weighted / total),
            "mean of perplexities": sum(powers) / n,
            "divided by batches": weighted / n,
            "not weighted": sum(losses) / total,
            "counted in texts": weighted / sum(len(Y) for _, Y in batches),
            "half and half": functools.reduce(lambda a, b: (a + b) / 2, losses),
            "in bits": weighted / total / math.log(2),
        }
        return by_slip(results, slips, weighted / total)

    return answer


evaluate = Exercise(
    name="evaluate",
    notebook=5,
    title="an honest evaluation",
    answer_name="my_evaluate",
    tried="one batch, and batches of unequal length and width, with and without gradients",
    cases=(
        batch_case((1, 2)),
        batch_case((2, 3), (2, 3)),
        batch_case((4, 3), (1, 3)),
        batch_case((3, 5), (3, 2)),
        batch_case((4, 4), (2, 1), (1, 6)),
    ),
    solution=training.evaluate,
    imitate=imitate_evaluate,
    drive=watched_evaluation,
    slips={
        "batches count alike": "Each batch counts the same, and the last one is smaller. Weight "
        "each loss with its number of characters, Y.numel().",
        "texts counted": "Each loss is weighted with the number of texts in its batch. Batches "
        "may differ in width, too: count characters, Y.numel().",
        "steps counted": "Each loss is weighted with the number of steps of its batch. Batches "
        "may differ in length, too: count characters, Y.numel().",
        "sum of losses": "The losses of the batches were added. Their mean over all characters "
        "is wanted.",
        "no mean": "That is the total price of all characters. Divide by their number.",
        "last batch only": "Only the last batch counts. Was the sum started anew in each turn "
        "of the loop?",
        "first batch only": "Only the first batch counts. Does the return stand inside the loop?",
        "inputs as targets": "The model's answers are compared with X, what it has just read. "
        "The targets are Y.",
        "perplexity": "That is the perplexity; the mean loss is wanted.",
        "mean of perplexities": "That averages perplexities; the mean loss is wanted.",
        "divided by batches": "The total price was divided by the number of batches; it should "
        "be the number of characters.",
        "not weighted": "The losses are means already. Multiply each with its number of "
        "characters before you add them up.",
        "in bits": "That is in bits; the loss is in nats.",
        "counted in texts": "The prices of all characters are added, and divided by the number of "
        "texts. Both have to count characters.",
        "half and half": "(old + new) / 2 is no running mean: each batch counts half of all before "
        "it together. Keep two totals, and divide at the end.",
        "softmax twice": "The logits went through a softmax first. cross_entropy takes logits, and "
        "has the softmax in it.",
        "gradients": "PyTorch keeps a record of each computation, for a gradient that nobody asks "
        "for: that costs time and memory. Put @torch.no_grad() over the function, or use "
        "torch.no_grad() in a with.",
    },
    hints=(
        "What would the mean be if all characters had been in one batch? And does anybody need "
        "a gradient here?",
        "cross_entropy(model(X), Y) is a mean over Y.numel() characters. Keep two running "
        "totals: of prices, and of characters.",
        "total += cross_entropy(model(X), Y).item() * Y.numel() and count += Y.numel(), in a "
        "function with @torch.no_grad() over it.",
    ),
)


class PlainSGD:
    """torch.optim.SGD in a few lines: the first one of PyTorch's takes a second to be loaded."""

    def __init__(self, params, lr):
        self.params, self.lr = list(params), lr
        self.param_groups = [{"params": self.params, "lr": lr}]

    def zero_grad(self, set_to_none=True):
        for p in self.params:
            p.grad = None if set_to_none or p.grad is None else torch.zeros_like(p)

    @torch.no_grad()
    def step(self):
        for p in self.params:
            if p.grad is not None:
                p -= self.lr * p.grad


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def trained_steps(answer, num_steps, theta, lr):
    """Some steps on a tiny model: the losses, the norms, and the weights at the end."""
    model = tiny_model()
    optimizer = PlainSGD(model.parameters(), lr)
    results = [
        answer(model, X, Y, optimizer, theta) for X, Y in tiny_batches(*[(2, 3)] * num_steps)
    ]
    losses, norms = zip(*results, strict=True)
    return {"loss": list(losses), "norm": list(norms), "weights": weights_of(model)}


def step_case(num_steps, theta, lr):
    steps = "one step" if num_steps == 1 else f"{num_steps} steps"
    return Case(
        f"(model, X, Y, SGD with lr {lr}, {theta}), {steps}", lambda: (num_steps, theta, lr)
    )


# When each line comes, in order: z forget, f loss, b backward, c clip, u update.
TIMES = {"z": 0, "f": 1, "b": 2, "c": 3, "u": 4}
SHIFTS = {
    "clipped before the gradient": {"c": -1},
    "clipped too early": {"c": 1.5},
    "updated before clipping": {"c": 4.5},
    "never forgotten": {"z": None},
    "forgotten before clipping": {"z": 2.5},
    "no update": {"u": 1.5},
    "updated first": {"u": -0.5},
}


def imitate_train_step(slips):
    times = dict(TIMES)
    for name in slips & SHIFTS.keys():
        times |= SHIFTS[name]
    times = {line: time for line, time in times.items() if time is not None}
    order = "".join(sorted(times, key=times.get))
    order = order.replace("c", "cn") if "norm after" in slips else order
    order = order.replace("u", "uu") if "updated twice" in slips else order
    order = order + "f" if "loss after" in slips else order

    def answer(model, X, Y, optimizer, theta):
        for action in order:
            if action == "z":
                optimizer.zero_grad()
            elif action == "f":
                loss = cross_entropy(model(X), Y)
            elif action == "b":
                loss.backward()
            elif action == "u":
                if "left out" not in slips or gradient_norm(model) < theta * (1 - 1e-6):
                    optimizer.step()
            else:
                norm = gradient_norm(model) if action == "n" else clip_gradients(theta, model)
        return loss.item(), norm

    return answer


train_step = Exercise(
    name="train_step",
    notebook=5,
    title="five good lines in a bad order",
    answer_name="my_train_step",
    tried="one to three steps, with and without a need to clip",
    cases=(step_case(1, 100.0, 0.5), step_case(1, 0.1, 0.5), step_case(3, 0.2, 1.0)),
    solution=answers.my_train_step,
    imitate=imitate_train_step,
    drive=trained_steps,
    broken=frozenset({"clipped before the gradient"}),
    errors={
        "arguments exchanged": (
            "grad_clip_val is RNN",
            "The arguments of clip_gradients are exchanged: the limit first, then the model.",
        ),
    },
    slips={
        "clipped before the gradient": "It clips the gradient of the step before.",
        "clipped too early": "The gradient is clipped before it is computed, so the new one is "
        "used at its full length. Clip between backward() and step().",
        "never forgotten": "The old gradients are never forgotten: backward() adds the new ones "
        "to them. zero_grad() has to come before it.",
        "forgotten before clipping": "There is no gradient to clip, and the weights never move: "
        "backward() is missing, or zero_grad() comes after it.",
        "updated before clipping": "The step is made with the long gradient: it is not clipped, "
        "or after optimizer.step(), when it is too late.",
        "no update": "The weights do not move: optimizer.step() is missing, or there is no "
        "gradient when it comes, because it stands before backward() or after zero_grad().",
        "updated first": "The step is made first, with the gradient of the batch before, and none "
        "in the first call. It comes last.",
        "left out": "A step with a long gradient is left out. Clipping makes it shorter; the step "
        "is still made.",
        "updated twice": "Two steps are made with the same gradient.",
        "norm after": "The norm is measured after clipping; the one before is wanted. "
        "clip_gradients returns it.",
        "loss after": "The loss is computed once more after the step; the one before is wanted, "
        "and it is there already.",
    },
    hints=(
        "Say for each line what it needs, and what it leaves for the next. When is there a "
        "gradient to clip?",
        "The list above has the order: forget, loss, gradient, clip, update. Which line stands "
        "in a wrong place?",
        "Two lines: zero_grad() to the very beginning, and clip_gradients between backward() "
        "and step().",
    ),
)


def stream_read(answer, num_batches, lr):
    model = tiny_model(seed=3)
    optimizer = PlainSGD(model.parameters(), lr)
    batches = tiny_batches(*[(3, 4)] * num_batches, seed=7)
    return {"losses": answer(model, batches, optimizer), "weights": weights_of(model)}


def stream_case(num_batches, lr=0.5):
    what = "1 batch" if num_batches == 1 else f"{num_batches} batches"
    return Case(f"(model, a stream of {what}, SGD with lr {lr})", lambda: (num_batches, lr))


def imitate_read_on(slips):
    def answer(model, batches, optimizer):
        losses, state, first = [], None, None
        for X, Y in batches:
            if "gradients pile up" not in slips:
                optimizer.zero_grad()
            state = first if "always the first state" in slips else state
            logits, state = model.forward_with_state(X, None if "not carried" in slips else state)
            loss = cross_entropy(logits, Y)
            loss.backward()
            if "no update" not in slips:
                optimizer.step()
            losses.append(
                cross_entropy(model(X), Y).item() if "loss after" in slips else loss.item()
            )
            state = carried(model, X, state, slips)
            first = state if first is None else first
        return sum(losses) / len(losses) if "mean" in slips else losses

    return answer


def carried(model, X, state, slips):
    """What goes on to the next batch."""
    if "not detached" in slips:
        return state
    state = state.detach()
    if "ones" in slips:
        return torch.ones_like(state)
    if "read again" in slips:
        return model.forward_with_state(X)[1].detach()
    if "read twice" in slips:
        return model.forward_with_state(X, state)[1].detach()
    if "one row for all" in slips:
        return state[-1:].expand_as(state)
    if "mean of the rows" in slips:
        return state.mean(dim=0, keepdim=True).expand_as(state)
    return state.flip(0) if "mixed up" in slips else state


read_on = Exercise(
    name="read_on",
    notebook=5,
    title="reading on",
    answer_name="my_read_on",
    tried="streams of 1 to 5 batches: the losses, and the weights at the end",
    cases=(stream_case(1), stream_case(2), stream_case(5, 0.2)),
    solution=answers.my_read_on,
    imitate=imitate_read_on,
    drive=stream_read,
    slips={
        "not carried": "The state is not used, or is set to zero: each batch is read from an "
        "empty memory, as if the text began anew. detach() keeps the numbers of the state and "
        "cuts only the gradient.",
        "ones": "The state is replaced by ones. detach() keeps its numbers and cuts only the "
        "gradient.",
        "not detached": "The gradient runs on into the batch before, whose record is gone. Cut "
        "it: the state's numbers go on, detached. (detach() returns a new tensor; on a line by "
        "itself it does nothing.)",
        "always the first state": "Every batch starts from the state after the first one. "
        "Carry on the state that this batch has left.",
        "read again": "The batch is read a second time to get the state, with new weights and "
        "from an empty memory. The state is there already.",
        "read twice": "The batch is read a second time, after the update, to get the state: the "
        "network has then seen it twice. The state is there already.",
        "one row for all": "One row of the state is handed to all texts. Each text has its own.",
        "mean of the rows": "The mean of all rows is carried on. Each text has a state of its own.",
        "mean": "A single number came back; the list of all losses is wanted.",
        "mixed up": "The rows of the state have changed places: each text gets another's memory.",
        "gradients pile up": "The old gradients are never forgotten.",
        "no update": "The weights do not move.",
        "loss after": "The losses are computed once more after the step.",
    },
    errors={
        "not both": (
            "to unpack",
            "What the model returns cannot be taken apart into two. model(X, state) gives the "
            "logits alone; model.forward_with_state(X, state) gives logits and state.",
        ),
        "no gradient": (
            "does not require grad",
            "The loss has no gradient. Were the logits detached, or the model run under no_grad?",
        ),
        "detach of None": (
            "'NoneType' object has no attribute 'detach'",
            "Before the first batch there is no state, and None cannot be detached. Detach it "
            "after the batch, in the last line.",
        ),
    },
    hints=(
        "Which method of the model takes a state and gives one back? And what must not go on "
        "to the next batch?",
        "model(X) gives the logits only; another method of the model, in notebook 2, takes a "
        "state and gives one back. In the last line, keep the numbers of the state and forget "
        "where they came from.",
        "logits, state = model.forward_with_state(X, state), and at the end of the loop "
        "state = state.detach().",
    ),
)

EXERCISES = (evaluate, train_step, updates, read_on)
