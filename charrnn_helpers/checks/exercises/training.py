"""The exercises of notebook 5: evaluating, one step of training, counting steps, and reading on."""

import math

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case
from charrnn_helpers.checks.values import named
from charrnn_helpers.model import make_model
from charrnn_helpers.training import clip_gradients, cross_entropy


def my_num_updates(num_windows, batch_size, num_epochs):
    steps_per_epoch = math.ceil(num_windows / batch_size)
    return num_epochs * steps_per_epoch


UP, TIMES = "math.ceil(num_windows / batch_size)", "num_epochs * steps_per_epoch"
UPDATES_SLIPS = {
    "last batch dropped": Slip(UP, "num_windows // batch_size", "The last batch of each epoch is "
        "dropped. It may be smaller, but it still makes a step, so round up."),
    "one more always": Slip(UP, "num_windows // batch_size + 1", "Each epoch has one step too many "
        "if the batches come out even. Round up instead of rounding down and adding 1."),
    "one window less": Slip(UP, "(num_windows - 1) // batch_size", "Each epoch has one step too "
        "few. Rounded up, n / b is (n - 1) // b + 1."),
    "one more window": Slip(UP, "(num_windows + 1) // batch_size", "Adding 1 before // rounds up "
        "only if the last batch is just one window short. Add batch_size - 1 instead."),
    "to the nearest": Slip(UP, "round(num_windows / batch_size)", "This rounds to the nearest "
        "whole number. The last batch of an epoch makes a step, however small it is, so round up."),
    "a fraction": Slip(UP, "num_windows / batch_size", "The number of steps has to be whole: the "
        "last batch of an epoch may be smaller, but it makes a full step. Round up."),
    "one epoch": Slip(TIMES, "steps_per_epoch", "This is the number of steps in one epoch. Every "
        "further epoch makes as many again."),
    "rounded at the end": Slip(f"{UP}\n    return {TIMES}",
        "num_windows / batch_size\n    return math.ceil(num_epochs * steps_per_epoch)",
        "The result is rounded up only once, at the end. But a batch never reaches into the next "
        "epoch, so round up for one epoch first, and then multiply."),
    "rounded down at the end": Slip(f"{UP}\n    return {TIMES}",
        "num_windows * num_epochs\n    return steps_per_epoch // batch_size",
        "The result is rounded down, and only at the end. In every epoch, a smaller last batch "
        "makes a step, too, so round up for one epoch first, and then multiply."),
    "one for the rest of the run": Slip(f"{UP}\n    return {TIMES}", "num_windows // "
        "batch_size\n    return num_epochs * steps_per_epoch + (num_windows % batch_size > 0)",
        "The smaller batch is counted once for the whole run, but it comes in every epoch."),
    "the rest added": Slip(UP, "num_windows // batch_size + num_windows % batch_size",
        "The windows of the last batch are counted one by one. Together, they make a single step."),
    "one window a step": Slip(UP, "num_windows", "This is the number of windows that are read. "
        "Each step takes a whole batch."),
    "epochs added": Slip(TIMES, "num_epochs + steps_per_epoch", "The number of epochs is added. "
        "Every epoch makes the same number of steps, so multiply."),
    "an epoch more": Slip(TIMES, "(num_epochs + 1) * steps_per_epoch", "There is one epoch too "
        "many."),
}  # fmt: skip
UPDATES = Exercise(
    name="updates",
    notebook=5,
    title="the number of steps",
    answer=my_num_updates,
    tried="batch sizes that divide num_windows and others, one or more epochs, the lesson's run",
    cases=(
        case(10, 5, 1),
        case(11, 4, 1),
        case(11, 4, 3),
        case(9, 4, 2),
        case(12, 4, 2),
        case(3, 8, 2),
        case(50_000, 1024, 30),
        case(2049, 1024, 2),
    ),
    hints=(
        "How many batches of 4 do 11 windows make? How many steps is that in three epochs?",
        "The number of batches in one epoch is num_windows divided by batch_size, rounded up.",
        "math.ceil(a / b) rounds a / b up. So does -(-a // b), which is used in len() of "
        "WindowBatches. Multiply by num_epochs afterward, not before.",
    ),
    slips=UPDATES_SLIPS,
)


def tiny_model(seed=1):
    """Return a model with 4 tokens and 3 units, and weights large enough to matter."""
    return make_model(4, num_hiddens=3, sigma=0.8, seed=seed)


def tiny_batches(*shapes, seed=0):
    """Return batches (X, Y) of ids from 0 to 3, with these shapes."""
    generator = torch.Generator().manual_seed(seed)
    both = [torch.randint(4, (2, *shape), generator=generator) for shape in shapes]
    return [(X, Y) for X, Y in both]


def weights_of(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def batch_case(*shapes):
    show = f"(model, batches of shape {', '.join(map(str, shapes))})"
    return Case(show, lambda: (tiny_model(), tiny_batches(*shapes, seed=len(shapes))))


def watched_evaluation(answer, model, batches):
    """Return the loss, whether gradients were recorded, and what happened to the model."""
    recorded, forward, before = [], model.forward_with_state, weights_of(model)

    def watched(X, state=None):
        recorded.append(torch.is_grad_enabled() and model.b_q.requires_grad)
        return forward(X, state)

    model.forward_with_state = watched
    loss = answer(model, batches)
    return {
        "loss": loss,
        "weights changed": not torch.equal(before, weights_of(model)),
        "weights that can learn": all(p.requires_grad for p in model.parameters()),
        "gradients left": any(p.grad is not None for p in model.parameters()),
        "gradients recorded": any(recorded),
        "gradients off for good": not torch.is_grad_enabled(),
    }


def my_evaluate(model, batches):
    total, count = 0.0, 0
    with torch.no_grad():
        for X, Y in batches:
            loss = cross_entropy(model(X), Y)
            total += loss.item() * Y.numel()
            count += Y.numel()
    return total / count


WEIGHTED, COUNTED, AVERAGE = "loss.item() * Y.numel()", "count += Y.numel()", "return total / count"
EACH = "for X, Y in batches:\n            loss = cross_entropy(model(X), Y)"
TOTALS = f"total += {WEIGHTED}\n            {COUNTED}"
EVALUATE_SLIPS = {
    "batches count alike": Slip(TOTALS, "total += loss.item()\n            count += 1",
        "Every batch counts the same, although the batches can differ in size. Weight each loss by "
        "its number of characters, Y.numel()."),
    "texts counted": Slip(TOTALS, "total += loss.item() * len(Y)\n            count += len(Y)",
        "Each loss is weighted by the number of texts in its batch. But batches can also differ in "
        "width, so count characters, Y.numel()."),
    "sum of losses": Slip(TOTALS, "total += loss.item()\n            count = 1",
        "The losses of the batches are added up. Return their mean over all characters."),
    "no mean": Slip(AVERAGE, "return total", "This is the total loss of all characters. Divide it "
        "by their number."),
    "last batch only": Slip(TOTALS, "total, count = loss.item(), 1", "Only the last batch counts. "
        "(Does the sum start over in each pass through the loop?)"),
    "first batch only": Slip(COUNTED, f"{COUNTED}\n            break", "Only the first batch "
        "counts. (Is the return inside the loop?)"),
    "inputs as targets": Slip("model(X), Y)", "model(X), X)", "The model's predictions are "
        "compared with X, which it has just read. The targets are Y."),
    "perplexity": Slip(AVERAGE, "return math.exp(total / count)", "This is the perplexity. Return "
        "the mean loss."),
    "mean of perplexities": Slip(TOTALS, "total += math.exp(loss.item())\n            count += 1",
        "This is a mean of perplexities. Return the mean loss instead."),
    "divided by batches": Slip(COUNTED, "count += 1", "The total is divided by the number of "
        "batches. Divide it by the number of characters."),
    "counted in texts": Slip(COUNTED, "count += len(Y)", "The losses of all characters are added "
        "up, but divided by the number of texts. Divide by the number of characters."),
    "not weighted": Slip(WEIGHTED, "loss.item()", "Each loss is already a mean. Multiply it by its "
        "number of characters before you add it to the total."),
    "weighted with texts": Slip(WEIGHTED, "loss.item() * len(Y)", "The losses are weighted by the "
        "number of texts, but divided by the number of characters. Count characters in both "
        "places."),
    "half and half": Slip(f"{TOTALS}\n    {AVERAGE}", "total = (total + loss.item()) / 2 if count "
        "else loss.item()\n            count += 1\n    return total", "(old + new) / 2 is not a "
        "running mean: the newest batch counts as much as all earlier batches together. Keep two "
        "totals, and divide at the end."),
    "softmax twice": Slip("model(X), Y)", "model(X).softmax(-1), Y)", "The logits have already "
        "gone through a softmax. cross_entropy takes logits and applies the softmax itself."),
    "gradients": Slip("torch.no_grad()", "torch.enable_grad()", "PyTorch records every computation "
        "for gradients that nobody needs, which costs time and memory. Put @torch.no_grad() above "
        "the function, or use `with torch.no_grad():`."),
    "no_grad for good": Slip("with torch.no_grad():", "torch.set_grad_enabled(False)\n    if True:",
        "Gradients stay switched off for everything that follows, including the next training run. "
        "Use torch.no_grad(), which ends with its block or function."),
    "switched off for good": Slip("with torch.no_grad():",
        "model.requires_grad_(False)\n    with torch.no_grad():", "The weights can no longer "
        "learn: requires_grad is switched off and stays off after the function. Use "
        "torch.no_grad(), which ends with its block."),
    "gradients computed": Slip(f"torch.no_grad():\n        {EACH}",
        "torch.enable_grad():\n        " f"{EACH}\n            loss.backward()",
        "backward() is called, which fills in the gradients. An evaluation does not need any."),
    "trained": Slip(f"torch.no_grad():\n        {EACH}",
        "torch.enable_grad():\n        optimizer = "
        f"torch.optim.SGD(model.parameters(), lr=0.1)\n        {EACH}\n            loss.backward()"
        "\n            optimizer.step()", "The model is trained: its weights have changed. An "
        "evaluation must leave them as they are."),
    "not flattened": Slip("cross_entropy(model(X), Y)",
        "torch.nn.functional.cross_entropy(model(X), Y)", "F.cross_entropy expects the classes on "
        "axis 1, so the logits would have to be flattened first. The course's cross_entropy takes "
        "them as they are."),
}  # fmt: skip
EVALUATE = Exercise(
    name="evaluate",
    notebook=5,
    title="an honest evaluation",
    answer=my_evaluate,
    drive=watched_evaluation,
    tried="one batch, and batches of different height and width; the model must stay as it is",
    cases=(
        batch_case((1, 2)),
        batch_case((2, 3), (2, 3)),
        batch_case((4, 3), (1, 3)),
        batch_case((3, 5), (3, 2)),
        batch_case((4, 4), (2, 1), (1, 6)),
    ),
    hints=(
        "What would the mean be if all characters were in one batch? Does anyone need a gradient "
        "here?",
        "cross_entropy(model(X), Y) is a mean over Y.numel() characters. Keep two running totals, "
        "one of losses and one of characters.",
        "Use total += cross_entropy(model(X), Y).item() * Y.numel() and count += Y.numel(), in a "
        "function with @torch.no_grad() above it.",
    ),
    slips=EVALUATE_SLIPS,
)


class PlainSGD:
    """torch.optim.SGD in a few lines, because PyTorch's own takes a second to load."""

    def __init__(self, params, lr):
        self.params, self.lr, self.num_steps = list(params), lr, 0
        self.param_groups = [{"params": self.params, "lr": lr}]

    def zero_grad(self, set_to_none=True):
        for p in self.params:
            p.grad = None if set_to_none or p.grad is None else torch.zeros_like(p)

    def step(self, closure=None):
        loss, self.num_steps = None if closure is None else closure(), self.num_steps + 1
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= self.lr * p.grad
        return loss


def trained_steps(answer, num_steps, theta, lr):
    """Take some steps on a tiny model; return the losses, the norms, and the final weights."""
    model = tiny_model()
    optimizer, found = PlainSGD(model.parameters(), lr), {"loss": [], "norm": []}
    for X, Y in tiny_batches(*[(2, 3)] * num_steps):
        results = named(answer(model, X, Y, optimizer, theta), "loss", "norm")
        for name, result in results.items():
            found[name].append(result)
    return found | {"weights": weights_of(model), "calls of step()": optimizer.num_steps}


def step_case(num_steps, theta, lr):
    steps = "one step" if num_steps == 1 else f"{num_steps} steps"
    show = f"(model, X, Y, SGD with lr {lr}, {theta}), {steps}"
    return Case(show, lambda: (num_steps, theta, lr))


def my_train_step(model, X, Y, optimizer, grad_clip_val):
    optimizer.zero_grad()
    loss = cross_entropy(model(X), Y)
    loss.backward()
    norm = clip_gradients(grad_clip_val, model)
    optimizer.step()
    return loss.item(), norm


def given_train_step(model, X, Y, optimizer, grad_clip_val):
    loss = cross_entropy(model(X), Y)
    norm = clip_gradients(grad_clip_val, model)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), norm


FORGET, LOSS, BACK = "optimizer.zero_grad()", "loss = cross_entropy(model(X), Y)", "loss.backward()"
CLIP, STEP = "norm = clip_gradients(grad_clip_val, model)", "optimizer.step()"
BODY = "\n    ".join([FORGET, LOSS, BACK, CLIP, STEP])


def order(*lines):
    return "\n    ".join(lines)


TRAIN_STEP_SLIPS = {
    "clipped before the gradient": Slip(BODY, order(LOSS, CLIP, FORGET, BACK, STEP),
        "The gradient of the previous step is clipped. Clip between backward() and step()."),
    "clipped after forgetting": Slip(BODY, order(FORGET, LOSS, CLIP, BACK, STEP),
        "Clipping comes before the gradient is computed, so the new gradient is used at its full "
        "length. Clip between backward() and step()."),
    "never forgotten": Slip(FORGET + "\n    ", "", "The old gradients are never cleared, and "
        "backward() adds the new ones to them. Call zero_grad() before backward()."),
    "forgotten before clipping": Slip(BODY, order(LOSS, BACK, FORGET, CLIP, STEP),
        "There is no gradient to clip, and the weights never change: backward() is missing, or "
        "zero_grad() comes after it."),
    "forgotten before the update": Slip(BODY, order(LOSS, BACK, CLIP, FORGET, STEP),
        "The weights never change, because there is no gradient when optimizer.step() is called. "
        "Either it has not been computed yet, or zero_grad() has cleared it."),
    "moved by hand": Slip(STEP,
        "for p in model.parameters():\n        p.data -= optimizer.param_groups[0]['lr'] * p.grad",
        "The weights are updated by hand, which is right only for plain gradient descent. Call "
        "optimizer.step(), which works for every kind of optimizer."),
    "updated before clipping": Slip(BODY, order(FORGET, LOSS, BACK, STEP, CLIP),
        "The update uses the gradient at its full length. Clip it after backward() and before "
        "optimizer.step()."),
    "no update": Slip(f"\n    {STEP}", "", "The weights never change: step() is missing."),
    "updated first": Slip(BODY, order(STEP, FORGET, LOSS, BACK, CLIP), "The update comes first, so "
        "it uses the gradient of the previous batch. It has to come last."),
    "left out": Slip(STEP, f"if norm <= grad_clip_val:\n        {STEP}", "A step with a long "
        "gradient is skipped. Clipping shortens the gradient, and the step is still taken."),
    "norm after": Slip("return loss.item(), norm", "return loss.item(), min(norm, grad_clip_val)",
        "The norm after clipping is returned. Return the norm before clipping, which is what "
        "clip_gradients returns."),
    "loss after": Slip("return loss.item()", "return cross_entropy(model(X), Y).item()",
        "The loss is computed again after the step. Return the one from before the step, which you "
        "already have."),
    "exchanged": Slip("return loss.item(), norm", "return norm, loss.item()",
        "The two results are in the wrong order. Return the loss first, and then the norm."),
    "loss alone": Slip("return loss.item(), norm", "return loss.item()", "Only the loss is "
        "returned. Return two results: the loss, and the norm before clipping."),
    "arguments exchanged": Slip("clip_gradients(grad_clip_val, model)",
        "clip_gradients(model, grad_clip_val)", "The arguments of clip_gradients are in the wrong "
        "order. The limit comes first, then the model."),
}  # fmt: skip
TRAIN_STEP = Exercise(
    name="train_step",
    notebook=5,
    title="five good lines in a bad order",
    answer=my_train_step,
    given=given_train_step,
    arguments=5,
    drive=trained_steps,
    tried="one step and three steps, with and without the need to clip",
    cases=(step_case(1, 100.0, 0.5), step_case(1, 0.1, 0.5), step_case(3, 0.2, 1.0)),
    hints=(
        "For each line, say what it needs and what it leaves for the next one. When is there a "
        "gradient to clip?",
        "The list above gives the order: forget, loss, gradient, clip, update. Which lines are in "
        "the wrong place?",
        "Move two lines: zero_grad() goes to the very beginning, and clip_gradients goes between "
        "backward() and step().",
    ),
    slips=TRAIN_STEP_SLIPS,
)


def stream_read(answer, num_batches, lr):
    """Read a stream; return the losses, the final weights, and whether a loss keeps its record."""
    model = tiny_model(seed=3)
    optimizer = PlainSGD(model.parameters(), lr)
    shapes = [(3, 4)] * (num_batches - 1) + [(3, 2)]  # the last batch is narrower
    losses = answer(model, tiny_batches(*shapes, seed=7), optimizer)
    graphs = isinstance(losses, (list, tuple)) and any(
        isinstance(loss, torch.Tensor) and loss.requires_grad for loss in losses
    )
    return {"losses": losses, "weights": weights_of(model), "losses with their record": graphs}


def stream_case(num_batches, lr=0.5):
    what = "1 batch" if num_batches == 1 else f"{num_batches} batches"
    return Case(f"(model, a stream of {what}, SGD with lr {lr})", lambda: (num_batches, lr))


def my_read_on(model, batches, optimizer):
    losses, state = [], None
    for X, Y in batches:
        optimizer.zero_grad()
        logits, state = model.forward_with_state(X, state)
        loss = cross_entropy(logits, Y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        state = state.detach()
    return losses


READ, CARRY = "logits, state = model.forward_with_state(X, state)", "state = state.detach()"
READ_ON_SLIPS = {
    "not carried": Slip(READ, "logits, state = model.forward_with_state(X)",
        "Each batch is read as if the text began there: the state is not used, or it is set to "
        "zero. detach() keeps the numbers in the state and cuts only the gradient."),
    "not detached": Slip(f"\n        {CARRY}", "", "The gradient runs back into the previous "
        "batch, whose record is already gone. Carry over the detached state. (detach() returns a "
        "new tensor; on a line by itself, it has no effect.)"),
    "graph retained": Slip(
        f"{BACK}\n        {STEP}\n        losses.append(loss.item())\n        " f"{CARRY}",
        f"loss.backward(retain_graph=True)\n        {STEP}\n        losses.append(loss." "item())",
        "retain_graph keeps the record of the previous batch, but the gradient then runs back into "
        "weights that have changed since. Cut it with detach() instead."),
    "losses keep their record": Slip("loss.item()", "loss", "The losses are tensors that keep the "
        "record of their whole computation, so memory grows with every batch. Use item() to keep "
        "only the number."),
    "always the first state": Slip(CARRY,
        "first = state.detach() if len(losses) == 1 else first\n        state = first",
        "Every batch starts from the state after the first batch. Carry over the state that the "
        "latest batch has left."),
    "read twice": Slip(CARRY, "state = model.forward_with_state(X, state)[1].detach()",
        "Each batch is read a second time, after the update, to get the state. You already have "
        "the state from the first time."),
    "one row for all": Slip(CARRY, "state = state[-1:].detach().expand_as(state)",
        "All texts get the same row of the state. Each text needs its own."),
    "mean of the rows": Slip(CARRY, "state = state.mean(0, keepdim=True).detach().expand_as(state)",
        "The mean of all rows is carried over. Each text needs a state of its own."),
    "not both": Slip(READ, "logits, state = model(X, state)", "model(X, state) returns only the "
        "logits. model.forward_with_state(X, state) returns both the logits and the state."),
    "logits and state exchanged": Slip(READ, "state, logits = model.forward_with_state(X, state)",
        "The two results are in the wrong order: forward_with_state returns the logits first, and "
        "then the state."),
    "detach of None": Slip(READ, "logits, state = model.forward_with_state(X, state.detach())",
        "Before the first batch, there is no state, and None cannot be detached. Detach the state "
        "after the batch, in the last line of the loop."),
    "mean": Slip("return losses", "return sum(losses) / len(losses)", "You returned a single "
        "number. Return the list of all losses."),
    "return in the loop": Slip(CARRY, f"{CARRY}\n        return losses", "Only the first batch "
        "is read: the return is inside the loop."),
    "gradients pile up": Slip("        optimizer.zero_grad()\n", "", "The old gradients are never "
        "cleared, and backward() adds the new ones to them."),
    "no update": Slip("        optimizer.step()\n", "", "The weights never change: "
        "optimizer.step() is missing, or there is no gradient when it is called."),
}  # fmt: skip
READ_ON = Exercise(
    name="read_on",
    notebook=5,
    title="reading on",
    answer=my_read_on,
    arguments=3,
    drive=stream_read,
    tried="the losses and the final weights for streams of 1 to 5 batches",
    cases=(stream_case(1), stream_case(2), stream_case(3, 0.3), stream_case(5, 0.2)),
    hints=(
        "Which method of the model takes a state and returns one? What must not be carried over to "
        "the next batch?",
        "model(X) returns only the logits. Another method of the model, from notebook 2, takes a "
        "state and returns one. In the last line, keep the numbers in the state, and forget where "
        "they came from.",
        "logits, state = model.forward_with_state(X, state), and at the end of the loop "
        "state = state.detach().",
    ),
    slips=READ_ON_SLIPS,
)
EXERCISES = (EVALUATE, TRAIN_STEP, UPDATES, READ_ON)
