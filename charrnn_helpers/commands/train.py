"""Train a recurrent network on a text of your own, and save it.

It learns from the first 80% of the text, and its perplexity is measured on the next 10% after each
epoch.  The recipe is the better one of notebook 6: Adam, a carried state, and a learning rate that
decays.  Ctrl-C ends the training early; what has been learned is saved.
"""

import time
from pathlib import Path

import torch
from torch.optim.lr_scheduler import LinearLR

from charrnn_helpers.book import load_text
from charrnn_helpers.checkpoint import save_checkpoint
from charrnn_helpers.data import StreamBatches, TimeMachine
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options, defer_interrupt, evaluate, perplexity, train


def add(parser):
    parser.add_argument("text", type=Path, metavar="FILE", help="a text in UTF-8")
    words, default = "the new file to save (model.safetensors)", Path("model.safetensors")
    parser.add_argument("--to", type=Path, default=default, metavar="MODEL", help=words)
    parser.add_argument("--epochs", type=int, default=9, help="passes over the text (9)")
    parser.add_argument("--units", type=int, default=128, help="hidden units (128)")
    parser.add_argument("--lr", type=float, default=0.01, help="the learning rate (0.01)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the initial weights (0)")


def run(arguments):
    if arguments.to.exists():
        raise ValueError(f"{str(arguments.to)!r} exists; choose another name with --to")
    folder = arguments.to.absolute().parent
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is not a folder; choose another file with --to")
    torch.set_num_threads(1)
    options = Options(arguments.epochs, arguments.lr, carry_state=True)
    data = TimeMachine(32, 32, load_text(arguments.text))
    model = make_model(len(data.vocab), arguments.units, 0.1, arguments.seed)
    print(f"{len(data.ids):,} characters, {len(data.vocab)} tokens, {arguments.units} units")
    history = []
    with defer_interrupt() as interrupted:
        for record in learn(model, data, options):
            history.append(record)
            if interrupted():
                print("\ninterrupted; the model is saved as it is now")
                break
    save_checkpoint(arguments.to, model, data.vocab, history)
    print(f'Saved. Now run: python -m charrnn_helpers sample "..." --model "{arguments.to}"')
    return 0


def learn(model, data, options):
    """Train, and yield the Records; print the perplexity once a second and after each epoch."""
    streams, val = data.train_streams(), StreamBatches(data.val_ids, 1, 1000)
    steps = options.num_epochs * len(streams)
    optimizer = torch.optim.Adam(model.parameters(), options.lr)
    decay = LinearLR(optimizer, 1, 0, total_iters=steps)
    start = shown = time.monotonic()
    for record in train(model, streams, options, optimizer, decay):
        now = time.monotonic()
        if now - shown >= 1 or record.step % len(streams) == 0:
            shown, left = now, (now - start) * (steps / record.step - 1)
            line = f"epoch {record.epoch:5.2f} of {options.num_epochs}"
            print(f"\r{line}  perplexity {record.perplexity:6.2f}  {left:4.0f} s left", end="")
        if record.step % len(streams) == 0:
            score = perplexity(evaluate(model, val, carry_state=True))
            print(f"  validation perplexity {score:6.2f}", flush=True)
        yield record
