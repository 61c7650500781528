"""Let a trained model go on writing.

Without --model, this is a network of 128 hidden units that was trained on The Time Machine.  Your
beginning is converted to lowercase letters and spaces, because the model knows nothing else.
"""

import textwrap

import torch

from charrnn_helpers.checkpoint import load_checkpoint
from charrnn_helpers.data import preprocess
from charrnn_helpers.sampling import sample
from charrnn_helpers.trained import RECIPES, trained_model


def add(parser):
    parser.add_argument("prefix", help='the beginning, such as "The time traveller"')
    parser.add_argument("--length", type=int, default=300, help="characters to write (300)")
    parser.add_argument("--temperature", type=float, default=0.7, help="0 is greedy (0.7)")
    parser.add_argument("--top-k", type=int, help="draw from the k likeliest characters")
    parser.add_argument("--top-p", type=float, help="or from the fewest with this probability")
    parser.add_argument("--seed", type=int, help="the same seed gives the same text")
    words = f"a file saved by train, or one of {', '.join(RECIPES)}"
    parser.add_argument("--model", default="time_machine", help=words)


def run(arguments):
    torch.set_num_threads(1)
    if arguments.model in RECIPES:
        model, vocab = trained_model(arguments.model)
    else:
        model, vocab, _ = load_checkpoint(arguments.model)
    if arguments.seed is not None:
        torch.manual_seed(arguments.seed)
    text = sample(
        model.float(), preprocess(arguments.prefix), arguments.length, vocab,
        arguments.temperature, arguments.top_k, arguments.top_p,
    )  # fmt: skip
    print(textwrap.fill(text, 90, break_long_words=True))
    return 0
