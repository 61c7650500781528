"""A training step: characters a second for D2L's code, nn.RNN, the course's loop and by hand."""

import torch

from benchmarks.peers import TorchLM, d2l_step, load_d2l, torch_step
from benchmarks.report import alternate, save, seconds
from charrnn_helpers.bptt import RNNByHand, RNNLMByHand
from charrnn_helpers.model import RNNLMScratch, RNNScratch
from charrnn_helpers.training import train_step

SIZES = [(32, 32, 128), (1024, 32, 32), (1024, 32, 128), (64, 32, 256), (32, 64, 512)]
VOCAB = 28
HAND = "by hand"


def peak():
    """Return the operations a second of a large product of matrices, on the threads in use."""
    A = torch.randn(2048, 2048)
    return 2 * 2048**3 / min(seconds(lambda: A @ A) for _ in range(5))


def operations(batch_size, num_steps, num_hiddens):
    """Return the multiplications and additions in the products of one step, there and back."""
    forward = 2 * batch_size * num_steps * num_hiddens * (num_hiddens + 2 * VOCAB)
    return 3 * forward


def steps(batch_size, num_steps, num_hiddens):
    """Return {name: function that takes one step}, all with the same batch and plain SGD."""
    d2l, _ = load_d2l()
    generator = torch.Generator().manual_seed(0)
    X, Y = torch.randint(VOCAB, (2, batch_size, num_steps), generator=generator)
    models = {
        "D2L": d2l.RNNLMScratch(d2l.RNNScratch(VOCAB, num_hiddens), VOCAB, lr=0.1),
        "nn.RNN": TorchLM(VOCAB, num_hiddens),
        "loop": RNNLMScratch(RNNScratch(VOCAB, num_hiddens), VOCAB),
        HAND: RNNLMByHand(RNNByHand(VOCAB, num_hiddens), VOCAB),
    }
    optimizers = {name: torch.optim.SGD(m.parameters(), lr=0.1) for name, m in models.items()}
    trainer = d2l.Trainer(max_epochs=1, gradient_clip_val=1)

    def step(name):
        model, optimizer = models[name], optimizers[name]
        if name == "D2L":
            d2l_step(trainer, model, X, Y, optimizer)
        elif name == "loop":
            train_step(model, X, Y, optimizer, 1.0)
        else:
            torch_step(model, X, Y, optimizer)

    return {name: lambda name=name: step(name) for name in models}


def main():
    rows = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        at_best = peak()
        for size in SIZES:
            found = alternate(steps(*size), repeats=max(1, 60_000 // (size[0] * size[1])))
            hand, _ = found[HAND]
            row = {"threads": threads, "batch, steps, units": "{}, {}, {}".format(*size)}
            for name, (middle, spread) in found.items():
                thousands = size[0] * size[1] / middle / 1000
                row[f"{name}, 1,000 char/s"] = f"{thousands:.0f} ± {100 * spread:.0f}%"
            for name in ("D2L", "nn.RNN", "loop"):
                row[f"{name} / by hand"] = f"{found[name][0] / hand:.2f}"
            row["by hand, share of peak"] = f"{operations(*size) / hand / at_best:.0%}"
            rows.append(row)
    note = (
        "Characters a second in a training step with SGD and clipping, and how many times as long "
        "as the step by hand the others take. Medians of 7 alternating runs. D2L and the loop use "
        "their own loss and clipping; `nn.RNN` and the step by hand use PyTorch's."
    )
    save("step", rows, note)
