"""Networks with and without gates, in the memory game and on the book (see `tools.records`).

All seeds of a setting learn side by side: their weights are stacked, and the step of each cell is
written once for all of them.  `tests/test_records.py` compares it with the cells of the course.
"""

from functools import partial
from typing import NamedTuple

import torch
from torch.nn import functional as F
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.data import StreamBatches
from charrnn_helpers.model import GRUScratch, LSTMScratch, RNNScratch, make_model

CELLS = {"RNN": (RNNScratch, "h"), "GRU": (GRUScratch, "zrh"), "LSTM": (LSTMScratch, "ifoc")}


class Setting(NamedTuple):
    """One kind of network."""

    cell: str = "GRU"
    sigma: float = 0.1
    bias: float = 0.0  # of the update gate, or of the forget gate
    gate: float | None = None  # the update gate, if it is not computed
    write: float | None = None  # what the candidate of a GRU is multiplied by, if not 1 - Z
    coupled: bool = False  # the input gate of an LSTM is 1 minus its forget gate, as in a GRU
    late: bool = False  # the output gate of an LSTM reads the tanh of the new memory, a mistake
    reset: float | None = None  # the reset gate, if it is not computed
    W_hh: str = "drawn"  # or identity
    relu: bool = False  # in a network without gates, in place of tanh
    lr: float = 0.01


SEEDS, FEW = range(10), range(3)
BIASES, GAPS = range(7), (10, 20, 40, 80)
MARKS = 300, 1200  # numbers of updates
ON, LEAKY = Setting(bias=3.0), Setting(reset=1.0)
PLAIN = Setting("RNN", sigma=0.177)  # 1 / sqrt(32), as notebook 5 found
IDENTITY = Setting("RNN", W_hh="identity", relu=True)  # Le et al. 2015
CONSTANT = LEAKY._replace(gate=0.95)
RIVALS = {  # 40 letters in between
    "identity, ReLU, rate 0.001": IDENTITY._replace(lr=0.001),
    "RNN": PLAIN,
    "identity, ReLU": IDENTITY,
    "identity, ReLU, rate 0.003": IDENTITY._replace(lr=0.003),
    "RNN, rate 0.003": PLAIN._replace(lr=0.003),
    "RNN, rate 0.001": PLAIN._replace(lr=0.001),
    "constant 0.95": CONSTANT,
    "constant 0.95, rate 0.003": CONSTANT._replace(lr=0.003),
    "GRU, bias 6": Setting(bias=6.0),
    "constant 0.95, rate 0.03": CONSTANT._replace(lr=0.03),
    "constant 0.95, rate 0.1": CONSTANT._replace(lr=0.1),
    "constant 0.95, rate 0.3": CONSTANT._replace(lr=0.3),
}
FAULTY = Setting("LSTM", bias=4.0, late=True)  # what is to be found in the exercise lstm_step
FADING = {"RNN": PLAIN, **{f"GRU, bias {bias}": Setting(bias=float(bias)) for bias in (0, 1, 3, 6)}}
WRITING = {  # 300 updates: is it the small 1 - Z that makes a large bias slow?
    "GRU 6, writes 0.5": Setting(bias=6.0, write=0.5),
    "LSTM 6": Setting("LSTM", bias=6.0),
    "LSTM 6, coupled": Setting("LSTM", bias=6.0, coupled=True),
    "LSTM 4": Setting("LSTM", bias=4.0),
}
MARKED = {  # the second game, without gates that are computed
    "marked RNN": PLAIN,
    "marked RNN, rate 0.003": PLAIN._replace(lr=0.003),
    "marked constant 0.95, rate 0.03": CONSTANT._replace(lr=0.03),
}
EARLY = {  # 300 updates alone
    "RNN, rate 0.03": PLAIN._replace(lr=0.03),
    "constant 0.95, rate 1.0": CONSTANT._replace(lr=1.0),
}
BOOK = {  # setting, units, batch size, time steps
    "RNN": (Setting("RNN"), 128, 32, 32),
    "GRU": (Setting(), 72, 32, 32),
    "GRU, no reset": (LEAKY, 90, 32, 32),
    "GRU, no update": (Setting(gate=0.0), 90, 32, 32),
    "LSTM": (Setting("LSTM", bias=1.0), 61, 32, 32),  # the forget bias of LSTMScratch
}
BOOK |= {
    f"{kind}, rate 0.02": (setting._replace(lr=0.02), *sizes)
    for kind, (setting, *sizes) in BOOK.items()
}
BOOK |= {f"GRU, bias {bias:g}": (Setting(bias=bias), 72, 32, 32) for bias in (1.0, 3.0)}
BOOK["GRU, bias 3, windows of 128"] = Setting(bias=3.0), 72, 8, 128  # as many characters
READ = (1, 2, 3, 4, 6, 8, 12, 16)  # numbers of characters
AVERAGED, FOREIGN = ("RNN", "GRU", "GRU, bias 3, windows of 128"), 20


def build(setting, seed, num_inputs, num_hiddens):
    """Return a fresh model of this kind."""
    cell, _ = CELLS[setting.cell]
    model = make_model(num_inputs, num_hiddens, setting.sigma, seed, cell)
    rnn = model.rnn
    with torch.no_grad():
        if setting.cell == "GRU":
            rnn.b_z += setting.bias
        if setting.cell == "LSTM":
            rnn.b_f.fill_(setting.bias)
        if setting.W_hh == "identity":
            rnn.W_hh.copy_(torch.eye(num_hiddens))
    return model


class Networks:
    """Networks of one kind, one for each seed, with stacked weights."""

    def __init__(self, setting, seeds, num_inputs, num_hiddens):
        self.setting, self.size = setting, num_hiddens
        models = [build(setting, seed, num_inputs, num_hiddens) for seed in seeds]
        _, gates = CELLS[setting.cell]

        def stacked(*names):
            rows = [torch.cat([model.get_parameter(n) for n in names], -1) for model in models]
            return torch.stack(rows).detach().requires_grad_()

        self.W_x, self.W_h, self.b = (
            stacked(*[f"rnn.{part}{gate}" for gate in gates]) for part in ("W_x", "W_h", "b_")
        )
        self.W_hq, self.b_q = stacked("W_hq"), stacked("b_q")
        self.weights = self.W_x, self.W_h, self.b, self.W_hq, self.b_q

    def forward(self, X, state=None, change=None):
        """Read ids `(seeds, batch_size, num_steps)`; return states, the last one, and gates.

        A state is H, or H and C side by side.  Gates are those of the memory, and with them the
        candidates; in a GRU, `change(t, Z, candidate)` may replace both.
        """
        seeds, batch_size, num_steps = X.shape
        inputs = F.one_hot(X.transpose(1, 2), self.W_x.shape[1]).float().flatten(1, 2)
        A = (torch.bmm(inputs, self.W_x) + self.b[:, None]).unflatten(1, (num_steps, batch_size))
        width = self.size * (1 + (self.setting.cell == "LSTM"))
        state = torch.zeros(seeds, batch_size, width) if state is None else state
        states, gates = [], []
        for t, a in enumerate(A.unbind(1)):
            state, Z = getattr(self, self.setting.cell.lower())(t, a, state, change)
            states.append(state)
            gates.append(Z)
        return states, state, gates

    def rnn(self, t, a, H, change):
        A = a + torch.bmm(H, self.W_h)
        return torch.relu(A) if self.setting.relu else torch.tanh(A), None

    def gru(self, t, a, H, change):
        n, setting = self.size, self.setting
        (a_zr, a_h), (u_zr, u_h) = (s.split([2 * n, n], -1) for s in (a, torch.bmm(H, self.W_h)))
        Z, R = torch.sigmoid(a_zr + u_zr).split(n, -1)
        Z = Z if setting.gate is None else setting.gate
        candidate = torch.tanh(a_h + (R if setting.reset is None else setting.reset) * u_h)
        if change is not None:
            Z, candidate = change(t, Z, candidate)
        if setting.write is not None:
            return Z * H + setting.write * candidate, (Z, candidate)
        return candidate + Z * (H - candidate), (Z, candidate)

    def lstm(self, t, a, state, change):
        n = self.size
        H, C = state.split(n, -1)
        setting, s = self.setting, a + torch.bmm(H, self.W_h)
        gates, candidate = s.split([3 * n, n], -1)
        I, K, O = torch.sigmoid(gates).split(n, -1)
        candidate = torch.tanh(candidate)
        I = 1 - K if setting.coupled else I
        C = K * C + I * candidate
        if setting.late:
            A = a + torch.bmm(torch.tanh(C), self.W_h)
            O = torch.sigmoid(A[..., 2 * n : 3 * n])
        return torch.cat([O * torch.tanh(C), C], -1), (K, candidate)

    def logits(self, H):
        return torch.bmm(H[..., : self.size], self.W_hq) + self.b_q[:, None]

    def learn(self, losses, optimizer):
        """Take one step down on the losses `(seeds,)`; each network is clipped at 1."""
        optimizer.zero_grad()
        losses.sum().backward()
        norms = sum(p.grad.flatten(1).square().sum(1) for p in self.weights).sqrt()
        factor = (1 / norms).clamp(max=1)
        for p in self.weights:
            p.grad *= factor.view(-1, *[1] * (p.dim() - 1))
        optimizer.step()


def losses_of(logits, Y):
    """Return the mean loss of each network, from `(seeds, rows, classes)`."""
    return (
        F.cross_entropy(logits.flatten(0, 1), Y.flatten(), reduction="none").view(Y.shape).mean(1)
    )


def rounds(gap, batch_size, generators):
    """Return rounds of the game for each network, the notebook's `rounds_of_the_game`."""
    X = [torch.randint(8, (batch_size, gap + 1), generator=g) for g in generators]
    X = torch.stack(X)  # (seeds, batch_size, gap + 1)
    return F.pad(X, (0, 1), value=8), X[..., 0]


def marked_rounds(gap, batch_size, generators, places=None):
    """Return rounds of the second game, in which a mark says which letter to keep.

    The mark is at one of the first `places`, or else anywhere.
    """
    pairs = []
    for g in generators:
        letters = torch.randint(8, (batch_size, gap + 2), generator=g)
        place = torch.randint(places or gap + 1, (batch_size, 1), generator=g)
        pairs.append((letters.scatter(1, place, 9), letters.gather(1, place + 1)[:, 0]))
    X, answers = (torch.stack(parts) for parts in zip(*pairs, strict=True))
    return F.pad(X, (0, 1), value=8), answers


first_rounds = partial(marked_rounds, places=1)
IDS = {rounds: 9, marked_rounds: 10, first_rounds: 10}


def fresh(gap, batch_size, seeds, salt, game=rounds):
    return game(gap, batch_size, [torch.Generator().manual_seed(salt + seed) for seed in seeds])


@torch.no_grad()
def wins(networks, gap, seeds, change=None, shift=0, game=rounds):
    """Return in how many of 1,000 new rounds each network answers the first letter.

    Or that which is `shift` letters later in the alphabet of eight, for each round.
    """
    X, first = fresh(gap, 1000, seeds, 1000, game)
    _, last, _ = networks.forward(X, change=change)
    return (networks.logits(last).argmax(-1) == (first + shift) % 8).sum(1).tolist()


def play(setting, gap, seeds, marks, game=rounds):
    """Train on the game; yield the networks after each of these numbers of updates."""
    networks = Networks(setting, seeds, IDS[game], 32)
    optimizer = torch.optim.Adam(networks.weights, lr=setting.lr)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    for update in range(1, max(marks) + 1):
        X, first = game(gap, 64, generators)
        _, last, _ = networks.forward(X)
        networks.learn(losses_of(networks.logits(last), first), optimizer)
        if update in marks:
            yield networks


@torch.no_grad()
def gates_at_work(networks, gap, seeds):
    """Return what is won when the gates or the candidates are replaced by those of other rounds.

    First the gates from the second letter on, by those of one other round.  Then the candidates, by
    means over many rounds with one first letter, while the gates are those of the intact run.  If
    it is another letter, one of the other seven, also how often that one is answered.
    """
    X, first = fresh(gap, 4000, seeds, 4000)
    pairs = networks.forward(X)[2]
    Z, candidates = (torch.stack(part, 2) for part in zip(*pairs, strict=True))
    by_first = _means(candidates, first)  # (seeds, 8, num_steps, num_hiddens)
    tests, asked = fresh(gap, 1000, seeds, 1000)
    intact = networks.forward(tests)[2]
    row = torch.arange(len(tests))[:, None]
    generator = torch.Generator().manual_seed(0)
    shift = torch.randint(1, 8, asked.shape, generator=generator)
    others = {"of one other round": torch.randint(4000, asked.shape, generator=generator)}
    letters = {"same": asked, "another": (asked + shift) % 8}
    for name, wanted in letters.items():
        drawn = _rounds_with(wanted, first, generator)
        others[f"of one round, {name} first letter"] = drawn
    changes = {
        name: lambda t, z, c, other=other: (Z[row, other, t] if t else z, c)
        for name, other in others.items()
    }
    last = range(29, gap + 1)  # from letter 30 to the last one
    for name, wanted in letters.items():
        changes[f"mean candidate, {name} first letter, from letter 30"] = (
            lambda t, z, c, wanted=wanted: (
                intact[t][0],
                by_first[row, wanted, t] if t in last else c,
            )
        )
    found = {"computed": wins(networks, gap, seeds)}
    for name, change in changes.items():
        found[name] = wins(networks, gap, seeds, change)
        if "another" in name:
            found[f"{name}: that letter"] = wins(networks, gap, seeds, change, shift)
    return found


def _rounds_with(letters, first, generator):
    """Return the number of a round with each of these first letters, drawn, `(seeds, tests)`."""
    fits = (letters[..., None] == first[:, None]).float()  # (seeds, tests, rounds)
    return torch.stack([f.multinomial(1, generator=generator)[:, 0] for f in fits])


def _means(candidates, first):
    """Return the means over the rounds with each of the eight first letters."""
    rows = []
    for k in range(8):
        here = (first == k)[..., None, None]
        rows.append((candidates * here).sum(1) / here.sum(1))
    return torch.stack(rows, 1)


def passed(bias, gap=160, seeds=SEEDS):
    """Return the mean product of the gates from the second letter on, before training."""
    networks = Networks(Setting(bias=float(bias)), seeds, 9, 32)
    with torch.no_grad():
        pairs = networks.forward(fresh(gap, 100, seeds, 5000)[0])[2]
    Z = torch.stack([z for z, _ in pairs])
    return Z[1:].cumprod(0).mean((1, 2, 3)).tolist()


def fading(setting, num_updates=0, gap=40, seeds=SEEDS):
    """Return how far the gradient of the game's loss goes back, before training or in it.

    Its length at each state, from the last one back, as a share of that at the last one: the median
    of 100 rounds of each network.
    """
    networks = Networks(setting, seeds, 9, 32)
    if num_updates:
        (networks,) = play(setting, gap, seeds, [num_updates])
    X, first = fresh(gap, 100, seeds, 5000)
    states, last, _ = networks.forward(X)
    losses = losses_of(networks.logits(last), first)
    grads = torch.autograd.grad(losses.sum(), states[::-1])
    lengths = torch.stack(grads).norm(dim=-1).double()  # (num_steps, seeds, rounds)
    return (lengths / lengths[0]).flatten(1).median(1).values.tolist()


def read_book(setting, num_hiddens, batch_size, num_steps, data, seeds=FEW, num_epochs=9):
    """Train on streams with a decaying learning rate, as the model of the course is trained."""
    vocab_size = len(data.vocab)
    networks = Networks(setting, seeds, vocab_size, num_hiddens)
    batches = StreamBatches(data.train_ids, batch_size, num_steps)
    optimizer = torch.optim.Adam(networks.weights, lr=setting.lr)
    decay = LinearLR(optimizer, 1, 0, total_iters=num_epochs * len(batches))
    for _ in range(num_epochs):
        state = None
        for X, Y in batches:
            states, state, _ = networks.forward(X.expand(len(seeds), *X.shape), state)
            state = state.detach()
            targets = Y.T.flatten().expand(len(seeds), -1)
            networks.learn(losses_of(networks.logits(torch.cat(states, 1)), targets), optimizer)
            decay.step()
    return networks


@torch.no_grad()
def reach(networks, ids, averaged, first=100, every=10):
    """Return the loss of each network on new text, with its own states.

    With `averaged`, also for every tenth character: with its own states, and after k characters, of
    the mean of the predictions from many foreign states, those of other places.
    """
    count = len(networks.W_x)
    states = torch.cat(networks.forward(ids[:-1].expand(count, 1, -1))[0], 1)

    def own(ends):
        targets = ids[ends].expand(count, -1)
        return losses_of(networks.logits(states[:, ends - 1]), targets).tolist()

    found = {"own states": own(torch.arange(first, len(ids)))}
    if not averaged:
        return found
    ends = torch.arange(first, len(ids), every)
    generator = torch.Generator().manual_seed(0)
    places = torch.randint(states.shape[1], (FOREIGN, len(ends)), generator=generator)
    after = {"own states": own(ends)}
    for k in READ:
        X = ids[:-1].unfold(0, k, 1)[ends - k].expand(count, -1, -1)
        shares = 0
        for foreign in places:
            last = networks.forward(X, states[:, foreign])[1]
            shares = shares + networks.logits(last).softmax(-1) / FOREIGN
        after[str(k)] = losses_of(shares.log(), ids[ends].expand(count, -1)).tolist()
    return found | {"averaged": after}


def trials(data):
    """Yield the name of each trial, and what runs it."""
    for bias in BIASES:
        yield f"passed {bias}", partial(passed, bias)
    yield "gates at work", _at_work
    for name, setting in EARLY.items():
        yield name, partial(_play, setting, MARKS[:1])
    for name, setting in FADING.items():
        yield f"fading {name}", partial(fading, setting)
        yield f"fading {name}, 50 updates", partial(fading, setting, 50)
    yield "marked GRU, bias 0", partial(_play, Setting(), game=marked_rounds)
    yield "first GRU, bias 0", partial(_play, Setting(), game=first_rounds)
    for name, setting in MARKED.items():
        yield name, partial(_play, setting, game=marked_rounds)
    for name, setting in WRITING.items():
        yield name, partial(_game, setting, 40)
    for gap in GAPS:
        for bias in BIASES:
            yield f"bias {bias} gap {gap}", partial(_game, Setting(bias=float(bias)), gap)
    yield "LSTM 4, late output gate", partial(_game, FAULTY, 40)
    for name, setting in RIVALS.items():
        yield name, partial(_play, setting)
    for name, book in BOOK.items():
        yield f"book {name}", partial(_book, book, data, name in AVERAGED)


def _game(setting, gap, num_updates=300):
    (networks,) = play(setting, gap, SEEDS, [num_updates])
    return wins(networks, gap, SEEDS)


def _play(setting, marks=MARKS, game=rounds, gap=40):
    trained = zip(marks, play(setting, gap, SEEDS, marks, game), strict=True)
    return {str(mark): wins(networks, gap, SEEDS, game=game) for mark, networks in trained}


def _at_work(gap=40):
    (networks,) = play(ON, gap, SEEDS, MARKS[:1])
    return gates_at_work(networks, gap, SEEDS)


def _book(book, data, averaged):
    return reach(read_book(*book, data), data.val_ids, averaged)
