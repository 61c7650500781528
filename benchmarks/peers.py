"""What the course is timed against: D2L's own package, and the same model from PyTorch's parts."""

import functools
import subprocess
import sys
from unittest import mock

from torch import nn
from torch.nn import functional as F

from benchmarks.report import FOLDER, ROOT
from charrnn_helpers.book import load_time_machine

UNUSED = ("torchvision", "pandas", "scipy", "scipy.spatial")  # d2l imports them, for other lessons


@functools.cache
def load_d2l():
    """Return the module d2l.torch, installed into a folder of its own, and its folder of data."""
    folder, data = FOLDER / "peer", FOLDER / "data"
    if not (folder / "d2l").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*pip, "--target", str(folder), "d2l"], check=True, cwd=ROOT)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    data.mkdir(parents=True, exist_ok=True)
    book = load_time_machine().encode("utf-8")
    (data / "timemachine.txt").write_bytes(book)  # where d2l would put its download
    stubs = {name: mock.MagicMock() for name in UNUSED if name not in sys.modules}
    sys.modules.update(stubs)
    try:
        from d2l import torch as d2l
    finally:
        for name in stubs:
            del sys.modules[name]
    return d2l, data


def d2l_data(d2l, folder, **settings):
    """Return D2L's TimeMachine, which looks for its text in ../data."""
    default = d2l.DataModule.__init__.__defaults__
    d2l.DataModule.__init__.__defaults__ = (str(folder), *default[1:])
    try:
        return d2l.TimeMachine(**settings)
    finally:
        d2l.DataModule.__init__.__defaults__ = default


class TorchLM(nn.Module):
    """The same language model from PyTorch's parts."""

    def __init__(self, vocab_size, num_hiddens):
        super().__init__()
        self.rnn = nn.RNN(vocab_size, num_hiddens)
        self.linear = nn.Linear(num_hiddens, vocab_size)
        self.vocab_size = vocab_size

    def forward(self, X):
        outputs, _ = self.rnn(F.one_hot(X.T, self.vocab_size).float())
        return self.linear(outputs).transpose(0, 1)


def torch_step(model, X, Y, optimizer):
    """Take a training step as PyTorch's users write it."""
    optimizer.zero_grad()
    loss = F.cross_entropy(model(X).flatten(0, 1), Y.flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()


def d2l_step(trainer, model, X, Y, optimizer):
    """Take the step of d2l.Trainer.fit_epoch, without its plot."""
    loss = model.loss(model(X), Y)
    optimizer.zero_grad()
    loss.backward()
    trainer.clip_gradients(1, model)
    optimizer.step()
