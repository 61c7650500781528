"""The exercises of notebook 1: a vocabulary, windows, one-hot vectors, time first."""

from bisect import bisect_left as bisect

import torch

from charrnn_helpers import data, model
from charrnn_helpers.checks import answers
from charrnn_helpers.checks.comparing import attempt
from charrnn_helpers.checks.exercise import Case, Exercise, by_slip, case


def use_vocab(answer, text, probe, ids):
    """Build a vocabulary from the text, encode the probe, decode the ids."""
    vocab = answer(text)
    return {
        "tokens": vocab.tokens,
        "encode": attempt(vocab.encode, probe),
        "decode": attempt(vocab.decode, ids),
    }


def vocab_case(text, probe, ids):
    show = f"({text!r}), encode({probe!r}), decode({ids})"
    return Case(show, lambda: (text, probe, list(ids)))


def imitate_vocab(slips):
    class Vocab:
        def __init__(self, text):
            self.tokens = tokens_of(text, slips)

        def encode(self, text):
            unknown = self.tokens.index("<unk>") if "<unk>" in self.tokens else None
            ids = [self.tokens.index(c) if c in self.tokens else unknown for c in text]
            if "unknown left out" in slips:
                ids = [i for i, c in zip(ids, text, strict=True) if c in self.tokens]
            if "unknown is 0" in slips or "unknown is -1" in slips:
                other = 0 if "unknown is 0" in slips else -1
                ids = [i if c in self.tokens else other for i, c in zip(ids, text, strict=True)]
            if "neighbour" in slips:
                ids = [min(bisect(self.tokens, c), len(self.tokens) - 1) for c in text]
            if "all or nothing" in slips and set(text) - set(self.tokens):
                return [unknown]
            if None in ids or ("unknown is an error" in slips and set(text) - set(self.tokens)):
                raise KeyError("an unknown character")
            return [i + 1 for i in ids] if "ids from one" in slips else ids

        def decode(self, ids):
            tokens = [self.tokens[i - 1 if "ids from one" in slips else i] for i in ids]
            if "unk not written" in slips:
                tokens = [token for token in tokens if token != "<unk>"]
            if "decoded to a list" in slips:
                return tokens
            return (" " if "joined by spaces" in slips else "").join(tokens)

    return Vocab


def tokens_of(text, slips):
    characters = list(text) if "every occurrence" in slips else list(dict.fromkeys(text))
    if "unk in pieces" in slips:
        characters = list(dict.fromkeys([*characters, *"<unk>"]))
    elif "unk last" not in slips and "no unk" not in slips and "unk first" not in slips:
        characters = [*characters, "<unk>"]
    if "not sorted" not in slips:
        characters = sorted(characters, reverse="sorted backwards" in slips)
    if "unk first" in slips:
        return ["<unk>", *characters]
    return [*characters, "<unk>"] if "unk last" in slips else characters


vocabulary = Exercise(
    name="vocabulary",
    notebook=1,
    title="a vocabulary",
    answer_name="MyVocab",
    parameters=1,
    tried="three texts: tokens, encoding, decoding, and characters that are not in the text",
    cases=(
        vocab_case("b a", "ab", [3, 0, 2, 1]),
        vocab_case("banana", "abnabz", [3, 1, 2, 1, 3]),
        vocab_case("the time machine", "time caf\u00e9", [9, 6, 7, 4, 0, 2]),
    ),
    solution=answers.MyVocab,
    imitate=imitate_vocab,
    drive=use_vocab,
    slips={
        "no unk": 'The token "<unk>" is missing, so a character from outside has no id. '
        "Put it among the tokens before you sort.",
        "every occurrence": "Each occurrence of a character has become a token. The vocabulary "
        "lists each different character once; a set drops the repetitions.",
        "not sorted": "The tokens are right, but not sorted. Without an agreed order the same "
        "character can get another id tomorrow, and a trained model would be worth nothing.",
        "sorted backwards": "The tokens are sorted from the last to the first; "
        "the course sorts from the first to the last.",
        "unk in pieces": '"<unk>" was taken apart into its five characters. It has to go in as '
        'one token: a set with update("<unk>") or a text plus "<unk>" takes single characters.',
        "unk last": '"<unk>" was put behind the sorted characters. It is sorted together with '
        "them here; otherwise your ids are not those of the course.",
        "unk first": '"<unk>" was put in front of the sorted characters. It is sorted together '
        "with them here; otherwise your ids are not those of the course.",
        "unknown left out": "A character from outside is dropped. The encoded text then is "
        "shorter than the text, and everything after the gap moves; it should get the id of "
        '"<unk>".',
        "unknown is 0": "A character from outside gets the id 0, which belongs to another "
        'token. It should get the id of "<unk>".',
        "unknown is -1": "A character from outside gets the id -1. A list takes that as its "
        'last entry, without an error; it should get the id of "<unk>".',
        "unknown is an error": "A character from outside stops the program. It should get the "
        'id of "<unk>": look first whether the character is among the tokens.',
        "ids from one": "The ids begin at 1. An id is a place in the list, and the first place "
        "is 0; one-hot vectors and matrices count from 0, too.",
        "joined by spaces": "decode puts something between the characters. The spaces of the "
        "text are tokens themselves; join with the empty text.",
        "unk not written": 'decode leaves "<unk>" out. Then the text is shorter than the ids, and '
        "nobody can see that something was lost.",
        "neighbour": "A character from outside gets the id of a neighbour: bisect and the like "
        "give a place for anything. Look first whether the character is among the tokens.",
        "all or nothing": 'A single character from outside turns the whole text into one "<unk>". '
        "Each character is looked up by itself.",
        "decoded to a list": "decode gives a list of tokens; join them to one text.",
    },
    hints=(
        "What does sorted(set(text)) give, and what is missing in it?",
        '"<unk>" has to be in the set before it is sorted, as one token. In a list, '
        "tokens.index(token) gives the place of a token.",
        'self.tokens = sorted({"<unk>", *text}). In encode, replace each character that is '
        'not in self.tokens by "<unk>" before you look up its place. In decode, use '
        '"".join over self.tokens[i].',
    ),
)


def imitate_windows(slips):
    def answer(ids, num_steps):
        first = 1 if "first left out" in slips else 0
        last = len(ids) - num_steps
        last += ("one too many" in slips) - ("one too few" in slips)
        length = num_steps + 1 if "a step too long" in slips else num_steps
        if "cut out of the window" in slips:
            last, length = last + 1, num_steps - 1
        starts = range(first, last, num_steps if "no overlap" in slips else 1)
        X = [ids[i : i + length] for i in starts]
        Y = targets(ids, starts, X, length, num_steps, slips)
        if "one long row" in slips:
            X, Y = ids[:-1], ids[1:]
        if "fixed end" in slips:
            X, Y = ([ids[i + j : num_steps + j] for i in starts] for j in (0, 1))
        if "transposed" in slips:
            X, Y = (torch.stack(table) for table in (X, Y))
            X, Y = (table.T if table.dim() == 2 else table for table in (X, Y))
        return (Y, X) if "exchanged" in slips else (X, Y)

    return answer


def targets(ids, starts, X, length, num_steps, slips):
    """The targets of these windows, or what a slip takes for them."""
    if "one target" in slips:
        return [ids[i + num_steps] for i in starts]
    if "a window ahead" in slips:
        return [ids[i + num_steps : i + 2 * num_steps] for i in starts]
    if "ids plus one" in slips:
        return [x + 1 for x in X]
    if "rolled" in slips:
        return [x.roll(-1) for x in X]
    shift = {"targets not shifted": 0, "targets shifted twice": 2, "targets before": -1}
    by = by_slip(shift, slips, 1)
    return [ids[max(i + by, 0) : max(i + by, 0) + length] for i in starts]


def windows_and_targets(answer, ids, num_steps):
    X, Y = answer(ids, num_steps)
    return {"X": X, "Y": Y}


windows = Exercise(
    name="windows",
    notebook=1,
    title="windows and targets",
    answer_name="my_windows",
    tried="texts of 4 to 12 ids, windows of 1 to 5, and a text with a single window",
    cases=tuple(
        case(torch.tensor(ids), num_steps)
        for ids, num_steps in [
            ([5, 6, 7, 8], 2),
            ([5, 6, 7, 8], 3),
            ([3, 1, 4, 1, 5], 1),
            ([9, 8, 7, 6, 5, 4, 3], 3),
            ([2, 0, 1, 4, 3, 7, 5, 6, 9, 8, 11, 10], 5),
        ]
    ),
    solution=data.windows,
    imitate=imitate_windows,
    drive=windows_and_targets,
    slips={
        "one too many": "There is one window too many at the end: its last character has no "
        "target left. How many characters does a window need, together with its last target?",
        "one too few": "The last window is missing. It ends one place before the end of the "
        "text, and its last target is the last character.",
        "first left out": "The first window is missing; it starts at place 0.",
        "no overlap": "The windows lie one behind the other. Here a window starts at every "
        "place, so that each shares all but one character with the next.",
        "a step too long": "Each window has one character too many. The extra one is needed for "
        "the targets, and then cut off from the inputs.",
        "targets not shifted": "The targets are the inputs themselves: the model would be asked "
        "for what it has just read. They stand one place further on.",
        "targets shifted twice": "The targets stand two places further on; it should be one.",
        "targets before": "The targets stand one place before the inputs: that asks for the "
        "character that came before. They should stand one place after.",
        "one target": "Each window has a single target, its next character. It should have "
        "num_steps of them: every character of the window is a question of its own.",
        "a window ahead": "The targets are the whole next window. They should be the same "
        "window, moved on by one place.",
        "ids plus one": "The targets are the ids plus one. One id *later* means a place in the "
        "text, not the number.",
        "cut out of the window": "Inputs and targets are both cut out of a window of num_steps "
        "ids, so they are one too short. A window and its targets together take num_steps + 1 ids.",
        "rolled": "The last target of each window is the window's own first id. Each window was "
        "turned round in itself; its last target is the id that follows it in the text.",
        "one long row": "That is one window as long as the text. X should hold many windows of "
        "num_steps ids each, one for every place at which a window can start.",
        "fixed end": "The windows end too early: the slice has to end at i + num_steps, not at "
        "num_steps.",
        "transposed": "The table lies on its side: each window should be a row.",
        "exchanged": "Inputs and targets are exchanged: X is what is read, Y what comes next.",
    },
    hints=(
        "Write down the windows of 3 in a text of 5 characters, each with its targets. "
        "Where does the last one start?",
        "A window that starts at i takes ids[i : i + num_steps]; its targets start at i + 1. "
        "The last target must still be in the text.",
        "The starts are range(len(ids) - num_steps). X has ids[i : i + num_steps] for each of "
        "them, and Y has ids[i + 1 : i + 1 + num_steps].",
    ),
)


def imitate_one_hot(slips):
    def answer(X, vocab_size):
        size = int(X.max()) + 1 if "width from the data" in slips else vocab_size
        size += "one place too many" in slips
        ids = X - 1 if {"one place off", "from one"} & slips else X
        ids = ids % size if "from one" in slips else ids
        places = torch.arange(size)
        rows = (ids.unsqueeze(-1) == places).float()
        if "the id itself" in slips:
            rows = rows * ids.unsqueeze(-1)
        if "staircase" in slips:
            rows = (places <= ids.unsqueeze(-1)).float()
        if "ones and zeros exchanged" in slips:
            rows = 1 - rows
        rows = reshaped(rows, X, size, slips)
        return rows.long() if "integers" in slips else rows

    return answer


def reshaped(rows, X, size, slips):
    """The rows, with what slips do to their number, their width and their axes."""
    if "a bag" in slips and X.dim():
        rows = rows.amax(dim=-2)
    if "all ids in each row" in slips and X.dim():
        rows = rows.reshape(-1, size).amax(dim=0).expand_as(rows)
    if "whole rows" in slips:
        rows = torch.zeros(size, size).index_fill(0, X.flatten(), 1.0)
    if "columns of the data" in slips:
        rows = rows[..., X.unique()]
    if "first left out" in slips:
        rows = rows[..., 1:]
    if "one row for all" in slips:
        return rows.reshape(-1, size).amax(dim=0)
    rows = rows.reshape(-1, size) if "flat" in slips else rows
    return rows.movedim(-1, 0) if "axis in front" in slips else rows


one_hot = Exercise(
    name="one_hot",
    notebook=1,
    title="one-hot in one line",
    answer_name="my_one_hot",
    tried="one id, and ids of shape (2,), (3,), (2, 3) and (2, 2, 3), for alphabets of 3 to 28",
    cases=(
        case(torch.tensor([0, 2]), 5),
        case(torch.tensor([1, 1, 0]), 3),
        case(torch.tensor([[3, 0, 1], [2, 2, 4]]), 6),
        case(torch.tensor(3), 4),
        case(torch.tensor([[[0, 27, 5], [1, 2, 3]], [[9, 8, 7], [4, 0, 1]]]), 28),
    ),
    solution=model.one_hot,
    imitate=imitate_one_hot,
    slips={
        "integers": "The rows are right, but they are whole numbers or True and False. A matrix "
        "of weights multiplies floating-point numbers: convert with float().",
        "width from the data": "The rows are as long as the largest id asks for. They must have "
        "vocab_size places, whichever ids happen to be in this batch.",
        "one place off": "The 1 stands one place too early: id 0 belongs to place 0.",
        "from one": "The 1 stands one place too early, and id 0 has its own at the end: -1 is the "
        "last place. id 0 belongs to place 0.",
        "flat": "The rows are right, but the shape of the ids is lost: all have been laid under "
        "each other. Keep the axes of X, and add one at the end.",
        "axis in front": "The new axis stands in front. It belongs at the end: for each id one "
        "row of vocab_size numbers.",
        "the id itself": "The id itself stands in the row, where a 1 should be. With the id as "
        "the value, z would still be larger than a.",
        "ones and zeros exchanged": "Zeros and ones are exchanged: 1 belongs where the id equals "
        "the place, 0 everywhere else.",
        "one place too many": "The rows have a place too many: the ids run from 0 to "
        "vocab_size - 1, which makes vocab_size places.",
        "a bag": "The ids of a row of X share one vector, which tells which characters occur, "
        "but not where. Each id needs a row of its own.",
        "whole rows": "Whole rows were filled with 1: rows[X] = 1 picks rows, and the result has "
        "not the shape of X. For each id a single place is 1.",
        "all ids in each row": "Each row has a 1 for every id of X: rows[..., X] = 1 sets them in "
        "all rows. Each id sets a single place, in its own row.",
        "columns of the data": "There are columns only for the ids that occur in X. The places "
        "must be the same for each batch: vocab_size of them.",
        "first left out": "The place of id 0 is missing. In a regression one category may be left "
        "out; here each id has a place of its own.",
        "one row for all": "All ids share a single row, which tells which characters occur, but "
        "not where. Each id needs a row of its own.",
        "staircase": "There is a 1 in all places up to the id. Only the place of the id itself "
        "is 1: a comparison with ==, not with <=.",
    },
    errors={
        "no new axis": (
            "must match the size",
            "The ids are compared with the places, and the shapes do not fit. Give X one more "
            "axis at its end, X.unsqueeze(-1), so that each id meets all the places.",
        ),
    },
    hints=(
        "In which places is the row of an id 1? Say it as a comparison with the numbers "
        "0, 1, 2, ...",
        "torch.arange(vocab_size) holds all places. With X.unsqueeze(-1) each id stands on an "
        "axis of its own, and == compares it with every place.",
        "(X.unsqueeze(-1) == torch.arange(vocab_size)) has the right shape and is True in the "
        "right places. What turns True and False into 1.0 and 0.0?",
    ),
)


AXES = {
    "vocabulary first": (2, 0, 1),
    "all axes moved": (1, 2, 0),
    "all axes reversed": (2, 1, 0),
    "wrong pair": (0, 2, 1),
}


def imitate_time_first(slips):
    def answer(batch, vocab_size):
        inputs = model.one_hot(batch, vocab_size)  # (batch_size, num_steps, vocab_size)
        inputs = inputs.flip(1) if "time reversed" in slips else inputs
        inputs = inputs[:, :-1] if "last step left out" in slips else inputs
        num_steps = inputs.shape[1]
        if "wrong pair, then reshape" in slips:
            inputs = inputs.permute(0, 2, 1)
        if "reshape" in slips or "wrong pair, then reshape" in slips:
            inputs = inputs.reshape(num_steps, len(batch), vocab_size)
        elif "batch first" not in slips:
            inputs = inputs.permute(by_slip(AXES, slips, (1, 0, 2)))
            if "reshaped in the end" in slips:
                inputs = inputs.reshape(*batch.shape, vocab_size)
        if "texts reversed" in slips:
            inputs = inputs.flip(1)
        return inputs.long() if "integers" in slips else inputs

    return answer


time_first = Exercise(
    name="time_first",
    notebook=1,
    title="axes in the wrong order",
    answer_name="my_time_first",
    tried="batches of shape (2, 2), (2, 3), (3, 5) and (4, 1)",
    cases=(
        case(torch.tensor([[0, 1], [2, 3]]), 4),
        case(torch.tensor([[0, 1, 2], [3, 4, 5]]), 6),
        case(torch.arange(15).reshape(3, 5), 15),
        case(torch.tensor([[3], [1], [4], [1]]), 5),
    ),
    solution=answers.my_time_first,
    imitate=imitate_time_first,
    broken=frozenset({"reshape"}),
    errors={
        "sizes for axes": (
            "permute(",
            "permute takes the numbers of the axes, counted from 0, in their new order, not "
            "the sizes of the new shape.",
        ),
    },
    slips={
        "batch first": "The axes are still (batch_size, num_steps, vocab_size): batch and time "
        "have not changed places.",
        "vocabulary first": "The axis of the vocabulary has come to the front; it stays last. "
        "Only the first two axes change places.",
        "all axes moved": "All three axes have moved round. Only the first two change places.",
        "all axes reversed": "The order of all three axes is reversed. Only the first two change "
        "places; the vocabulary stays last.",
        "wrong pair": "The wrong two axes have changed places: time and vocabulary, where it "
        "should be batch and time.",
        "wrong pair, then reshape": "Time and vocabulary have changed places, and a reshape hides "
        "it. The first two axes should change places, and no reshape is needed.",
        "reshaped in the end": "The axes are exchanged, and then a reshape to (batch_size, "
        "num_steps, vocab_size) spoils it again.",
        "reshape": "The numbers are dealt out anew in reading order, which mixes the texts: "
        "the shape is right and the contents are not. Swap the axes instead.",
        "time reversed": "The steps come in reverse order: the last character first.",
        "last step left out": "The last step is missing.",
        "texts reversed": "The order of the texts is reversed.",
        "integers": "The axes are right, but the numbers are whole; one_hot of the notebook "
        "gives floating-point numbers.",
    },
    hints=(
        "Take the batch [[0, 1], [2, 3]]. Which two ids should be in the first step? "
        "And which are, if the numbers are dealt out anew in reading order?",
        "reshape keeps the order of the numbers in memory and only puts other ends to the rows. "
        "What is needed is an exchange of two axes.",
        "batch.T exchanges rows and columns, before the encoding. Or use transpose(0, 1) "
        "on the encoded batch.",
    ),
)

EXERCISES = (vocabulary, windows, one_hot, time_first)
