"""The exercises of notebook 1: a vocabulary, windows, one-hot vectors, time first."""

import torch

from charrnn_helpers.checks.exercise import Case, Exercise, Slip, case
from charrnn_helpers.checks.values import attempt, named
from charrnn_helpers.model import one_hot


class MyVocab:
    def __init__(self, text):
        self.tokens = sorted({"<unk>", *text})

    def encode(self, text):
        known = [c if c in self.tokens else "<unk>" for c in text]
        return [self.tokens.index(token) for token in known]

    def decode(self, ids):
        return "".join(self.tokens[i] for i in ids)


def use_vocab(answer, text, probe, ids):
    """Build a vocabulary from the text, encode the probe, decode the ids."""
    vocab = answer(text)
    encoded, decoded = attempt(vocab.encode, probe), attempt(vocab.decode, ids)
    return {"tokens": vocab.tokens, "encode": encoded, "decode": decoded}


def vocab_case(text, probe, ids):
    return Case(f"({text!r}), encode({probe!r}), decode({ids})", lambda: (text, probe, list(ids)))


TOKENS = 'sorted({"<unk>", *text})'
KNOWN = 'known = [c if c in self.tokens else "<unk>" for c in text]'
IDS = "return [self.tokens.index(token) for token in known]"
TEXT = '"".join(self.tokens[i] for i in ids)'
VOCABULARY_SLIPS = {
    "no unk": Slip(TOKENS, "sorted(set(text))", 'The token "<unk>" is missing, so an unknown '
        "character has no id. Put it among the tokens before you sort."),
    "every occurrence": Slip(TOKENS, 'sorted(["<unk>", *text])', "Every occurrence of a "
        "character became a token. The vocabulary lists each character once; a set drops the "
        "repetitions."),
    "not sorted": Slip(TOKENS, '[*dict.fromkeys(text), "<unk>"]', "The tokens are right, but not "
        "sorted. Without a fixed order the same character could get another id tomorrow, and a "
        "trained model would be useless."),
    "not sorted, unk first": Slip(TOKENS, '["<unk>", *dict.fromkeys(text)]',
        "The tokens are in the order in which they occur. Sort them, so that each character "
        "always gets the same id."),
    "sort returns None": Slip(TOKENS, '["<unk>", *text].sort()', "The tokens are None: the "
        "method sort() sorts a list in place and returns None. sorted(...) returns a new list."),
    "a set": Slip(TOKENS, '{"<unk>", *text}', "The tokens are a set, which has no order and no "
        "places. Make a sorted list of it."),
    "unk in pieces": Slip(TOKENS, 'sorted({*"<unk>", *text})', '"<unk>" was split into its '
        'characters. It must go in as one token: set.update("<unk>") and text + "<unk>" take its '
        "characters one by one."),
    "unk last": Slip(TOKENS, '[*sorted(set(text)), "<unk>"]', '"<unk>" was added after sorting. '
        "It is sorted together with the characters here; otherwise your ids are not those of the "
        "course."),
    "unk first": Slip(TOKENS, '["<unk>", *sorted(set(text))]', '"<unk>" was put in front of the '
        "sorted characters. It is sorted together with them here; otherwise your ids are not "
        "those of the course."),
    "lower-cased": Slip(TOKENS, 'sorted({"<unk>", *text.lower()})', "The text was changed to "
        "lower case first. The vocabulary takes its text as it is: A and a are two characters."),
    "unknown left out": Slip(KNOWN, "known = [c for c in text if c in self.tokens]",
        "An unknown character is dropped, so the ids are fewer than the characters. It should "
        'get the id of "<unk>".'),
    "unknown is 0": Slip(KNOWN, "known = [c if c in self.tokens else self.tokens[0] for c in text]",
        "An unknown character gets the id 0, which belongs to another token. It should get the "
        'id of "<unk>".'),
    "unknown is -1": Slip(IDS,
        "return [self.tokens.index(c) if c in self.tokens else -1 for c in text]",
        "An unknown character gets the id -1, which a list takes as its last place, without an "
        'error. It should get the id of "<unk>".'),
    "unknown is an error": Slip(KNOWN, "known = list(text)", "An unknown character stops the "
        'program. It should get the id of "<unk>": test first whether the character is among the '
        "tokens."),
    "all or nothing": Slip(KNOWN,
        'known = list(text) if set(text) <= set(self.tokens) else ["<unk>"]',
        'A single unknown character turns the whole text into one "<unk>". Look up each '
        "character by itself."),
    "tokens for ids": Slip(IDS, "return known", "encode returns the tokens themselves. Their "
        "places in the list are wanted, tokens.index(token)."),
    "ids from one": Slip(IDS, "return [self.tokens.index(token) + 1 for token in known]",
        "The ids begin at 1. An id is a place in the list, and the first place is 0."),
    "joined by spaces": Slip(TEXT, '" ".join(self.tokens[i] for i in ids)', "decode puts a space "
        "between the characters. The spaces of the text are tokens themselves, so join with the "
        'empty text "".'),
    "unk not written": Slip(TEXT,
        '"".join(self.tokens[i] for i in ids if self.tokens[i] != "<unk>")',
        'decode leaves "<unk>" out, so nobody can see that something was unknown.'),
    "decoded to a list": Slip(TEXT, "[self.tokens[i] for i in ids]", "decode returns a list of "
        'tokens. Join them to one text, with "".join(...).'),
    "id 0 taken for missing": Slip(IDS,
        "return [self.tokens.index(token) or self.tokens.index('<unk>') for token in known]",
        'The id 0 is taken for a missing one, because 0 counts as False in "or" and "if". Test '
        "whether the character is among the tokens."),
}  # fmt: skip
VOCABULARY = Exercise(
    name="vocabulary",
    notebook=1,
    title="a vocabulary",
    answer=MyVocab,
    arguments=1,
    drive=use_vocab,
    tried="four texts: tokens, encoding, decoding, characters that are not in the text, capitals",
    cases=(
        vocab_case("b a", "ab<", [3, 0, 2, 1]),
        vocab_case("banana", "abnabz", [3, 1, 2, 1, 3]),
        vocab_case("the time machine", "time caf\u00e9", [9, 6, 7, 4, 0, 2]),
        vocab_case("a Bb", "AbB a", [4, 0, 2, 1]),
    ),
    hints=(
        "What does sorted(set(text)) give, and what is missing from it?",
        '"<unk>" must be in the set before it is sorted, as one token. In a list, '
        "tokens.index(token) gives the place of a token.",
        'self.tokens = sorted({"<unk>", *text}). In encode, replace each character that is not in '
        'self.tokens by "<unk>" before you look up its place. In decode, use "".join over '
        "self.tokens[i].",
    ),
    slips=VOCABULARY_SLIPS,
)


def my_windows(ids, num_steps):
    starts = range(len(ids) - num_steps)
    X = [ids[i : i + num_steps] for i in starts]
    Y = [ids[i + 1 : i + 1 + num_steps] for i in starts]
    return X, Y


STARTS = "starts = range(len(ids) - num_steps)"
X = "X = [ids[i : i + num_steps] for i in starts]"
Y = "Y = [ids[i + 1 : i + 1 + num_steps] for i in starts]"
WINDOWS_SLIPS = {
    "one too many": Slip(STARTS, "starts = range(len(ids) - num_steps + 1)",
        "There is one window too many at the end: its last character has no target. A window and "
        "its last target together take num_steps + 1 characters."),
    "one too many inputs": Slip(X, X.replace("starts", "range(len(ids) - num_steps + 1)"),
        "X has one window more than Y: the last window has no target for its last character."),
    "one too few": Slip(STARTS, "starts = range(len(ids) - num_steps - 1)", "The last window is "
        "missing. It ends one place before the end of the text, and its last target is the last "
        "character."),
    "first only": Slip(STARTS, "starts = range(1)", "Only the first window came back. A window "
        "starts at every place. (Is a return inside the loop?)"),
    "no overlap": Slip(STARTS, "starts = range(0, len(ids) - num_steps, num_steps)",
        "The windows do not overlap. A window starts at every place here, so each shares all but "
        "one character with the next."),
    "a fixed number of steps": Slip(STARTS, "num_steps = 5\n    " + STARTS, "The windows always "
        "have 5 steps. Their length is num_steps."),
    "a step too long": Slip(X, X.replace("num_steps", "num_steps + 1"), "Each window in X has "
        "one character too many: the last one is a target, not an input."),
    "cut out of the window": Slip(STARTS, "num_steps -= 1\n    " + STARTS, "Inputs and targets "
        "are both cut out of a window of num_steps ids, so they are one too short. A window and "
        "its targets together take num_steps + 1 ids."),
    "targets one too short": Slip(Y, "Y = [ids[i + 1 : i + num_steps] for i in starts]",
        "The targets are one too short: their end moves by one place, too."),
    "targets not shifted": Slip(Y, "Y = [ids[i : i + num_steps] for i in starts]",
        "The targets are the inputs themselves, so the model would be asked for what it has just "
        "read. They start one place later."),
    "one target": Slip(Y, "Y = [ids[i + num_steps] for i in starts]", "Each window has a single "
        "target, its next character. It should have num_steps of them: the next character after "
        "each of its characters."),
    "a window ahead": Slip(Y, "Y = [ids[i + num_steps : i + 2 * num_steps] for i in starts]",
        "The targets are the whole next window. They are the same window, moved by one place."),
    "ids plus one": Slip(Y, "Y = [x + 1 for x in X]", "The targets are the ids plus one. One "
        "later means the next place in the text, not the next number."),
    "rolled": Slip(Y, "Y = [x.roll(-1) for x in X]", "The last target of each window is its own "
        "first id, because roll() puts that at the end. The last target is the id that follows "
        "the window in the text."),
    "one long row": Slip("return X, Y", "return ids[:-1], ids[1:]", "That is one window as long "
        "as the text. X holds many windows of num_steps ids, one for each place at which a "
        "window can start."),
    "fixed end": Slip(f"{X}\n    {Y}", "X = [ids[i:num_steps] for i in starts]\n    Y = [ids[i + "
        "1 : num_steps + 1] for i in starts]", "The windows get shorter and shorter: a window "
        "that starts at i ends at i + num_steps."),
    "transposed": Slip("return X, Y", "return torch.stack(X).T, torch.stack(Y).T",
        "The table lies on its side: each window should be a row."),
    "exchanged": Slip("return X, Y", "return Y, X", "Inputs and targets are exchanged: X is what "
        "is read, Y is what comes next."),
    "a list of pairs": Slip("return X, Y", "return list(zip(X, Y, strict=True))",
        "A list of pairs came back, a window and its targets in each. Two results are wanted: "
        "all windows, and all targets."),
}  # fmt: skip
WINDOWS = Exercise(
    name="windows",
    notebook=1,
    title="windows and targets",
    answer=my_windows,
    drive=lambda answer, *args: named(answer(*args), "X", "Y"),
    tried="texts of 4 to 12 ids, windows of 1 to 5, and a text with a single window",
    cases=tuple(
        case(torch.tensor(ids), num_steps)
        for ids, num_steps in [
            ([5, 6, 7, 8], 2),
            ([5, 6, 7, 8], 3),
            ([3, 1, 4, 1, 5], 1),
            ([9, 8, 7, 6, 5, 4, 3], 3),
            ([2, 0, 1, 4, 3, 7, 5, 6, 9, 8, 300, 10], 5),
        ]
    ),
    hints=(
        "Write down all windows of 3 in a text of 5 characters, each with its targets. "
        "Where does the last one start?",
        "A window that starts at i takes ids[i : i + num_steps], and its targets start at i + 1. "
        "The last target must still be in the text.",
        "The starts are range(len(ids) - num_steps). X has ids[i : i + num_steps] for each of "
        "them, and Y has ids[i + 1 : i + 1 + num_steps].",
    ),
    slips=WINDOWS_SLIPS,
)


def my_one_hot(X, vocab_size):
    places = torch.arange(vocab_size)
    return (X.unsqueeze(-1) == places).float()


PLACES, ROWS = "torch.arange(vocab_size)", "(X.unsqueeze(-1) == places).float()"
ONE_HOT_SLIPS = {
    "integers": Slip(".float()", ".long()", "The rows are right, but they are whole numbers or "
        "True and False. A weight matrix multiplies floating-point numbers: convert with "
        ".float()."),
    "width from the data": Slip(PLACES, "torch.arange(int(X.max()) + 1)", "The rows are as long "
        "as the largest id requires. They need vocab_size places, whichever ids happen to be in "
        "this batch."),
    "a fixed width": Slip(PLACES, "torch.arange(28)", "The rows always have 28 places. Their "
        "length is vocab_size."),
    "one place off": Slip("X.unsqueeze", "(X - 1).unsqueeze", "The 1 is one place too early: id "
        "0 belongs to place 0."),
    "from one": Slip("X.unsqueeze(-1)", "((X - 1) % vocab_size).unsqueeze(-1)",
        "The 1 is one place too early, and that of id 0 is at the end, because -1 is the last "
        "place. id 0 belongs to place 0."),
    "one place too many": Slip(PLACES, "torch.arange(vocab_size + 1)", "The rows have one place "
        "too many: the ids run from 0 to vocab_size - 1."),
    "first left out": Slip(PLACES, "torch.arange(1, vocab_size)", "The place of id 0 is missing. "
        "Each id has a place of its own."),
    "flat": Slip(ROWS, ROWS + ".reshape(-1, vocab_size)", "The rows are right, but the shape of "
        "the ids is lost. Keep the axes of X, and add one at the end."),
    "squeezed": Slip(ROWS, ROWS + ".squeeze()", "An axis of length 1 was removed, as squeeze() "
        "does. Keep the axes of X, and add one at the end."),
    "axis in front": Slip(ROWS, ROWS + ".movedim(-1, 0)", "The new axis is in front. It belongs "
        "at the end: a row of vocab_size numbers for each id."),
    "no new axis": Slip("X.unsqueeze(-1)", "X", "The ids are compared with the places one by "
        "one, so the shapes do not fit. Give X another axis at its end, X.unsqueeze(-1), so that "
        "each id meets every place."),
    "axis 1": Slip("X.unsqueeze(-1)", "X.unsqueeze(1)", "The new axis is axis 1, which is the "
        "end only for ids in a row. The end is always axis -1."),
    "the id itself": Slip(ROWS, ROWS + " * X.unsqueeze(-1)", "The id itself is in the row, where "
        "a 1 should be."),
    "zeros and ones exchanged": Slip("==", "!=", "Zeros and ones are exchanged: 1 belongs where "
        "the id equals the place, 0 everywhere else."),
    "one for each row of X": Slip(ROWS, ROWS + ".amax(-2)", "All ids of a row of X share one "
        "vector, which tells which characters occur, but not where. Each id needs its own row."),
    "one row for all": Slip(ROWS, ROWS + ".reshape(-1, vocab_size).amax(0)",
        "All ids share a single row, which tells which characters occur, but not where. Each id "
        "needs its own row."),
    "all ids in each row": Slip(ROWS,
        ROWS + ".reshape(-1, vocab_size).amax(0).expand(" "*X.shape, vocab_size)",
        "Each row has a 1 for every id of X, as rows[..., X] = 1 sets it. Each id sets a single "
        "place, in its own row."),
    "whole rows": Slip(ROWS, "torch.zeros(vocab_size, vocab_size).index_fill(0, X.flatten(), 1.0)",
        "Whole rows were filled with 1, because rows[X] = 1 picks rows, and the result does not "
        "have the shape of X."),
    "rows for a list of ids only": Slip(ROWS,
        "torch.stack([torch.eye(vocab_size)[x].reshape(-1, vocab_size).amax(0) for x in X])",
        "It works for ids in a row only. The ids may also be a single one, or a table, and keep "
        "their shape."),
}  # fmt: skip
ONE_HOT = Exercise(
    name="one_hot",
    notebook=1,
    title="one-hot in one line",
    answer=my_one_hot,
    tried="ids of shape (), (1,), (2,), (3,), (2, 3) and (2, 2, 3), alphabets of 3 to 301",
    cases=(
        case(torch.tensor([0, 2]), 5),
        case(torch.tensor([1, 1, 0]), 3),
        case(torch.tensor([[3, 0, 1], [2, 2, 4]]), 6),
        case(torch.tensor(3), 4),
        case(torch.tensor([1]), 3),
        case(torch.tensor([299, 7]), 301),
        case(torch.tensor([[[0, 27, 5], [1, 2, 3]], [[9, 8, 7], [4, 0, 1]]]), 28),
    ),
    hints=(
        "In which places of its row does an id have a 1? Say it as a comparison with the numbers "
        "0, 1, 2, ...",
        "torch.arange(vocab_size) holds all places. With X.unsqueeze(-1) each id has an axis of "
        "its own, and == compares it with every place.",
        "(X.unsqueeze(-1) == torch.arange(vocab_size)) has the right shape and is True in the "
        "right places. What turns True and False into 1.0 and 0.0?",
    ),
    slips=ONE_HOT_SLIPS,
)


def my_time_first(batch, vocab_size):
    inputs = one_hot(batch, vocab_size)  # (batch_size, num_steps, vocab_size)
    return inputs.permute(1, 0, 2)


def given_time_first(batch, vocab_size):
    batch_size, num_steps = batch.shape
    return one_hot(batch, vocab_size).reshape(num_steps, batch_size, vocab_size)


PERMUTED = "inputs.permute(1, 0, 2)"
SWAPPED = "reshape(*batch.T.shape, vocab_size)"
TIME_FIRST_SLIPS = {
    "reshape": Slip(PERMUTED, f"inputs.{SWAPPED}", "The numbers are dealt out anew in reading "
        "order, as reshape and view do, which mixes the texts: the shape is right, and the "
        "contents are not. Exchange the two axes instead."),
    "batch first": Slip(PERMUTED, "inputs", "The axes are still (batch_size, num_steps, "
        "vocab_size): batch and time have not changed places."),
    "vocabulary first": Slip(PERMUTED, "inputs.permute(2, 0, 1)", "The vocabulary has come to "
        "the front; it stays last. Only the first two axes change places."),
    "all axes moved": Slip(PERMUTED, "inputs.permute(1, 2, 0)", "All three axes have moved. Only "
        "the first two change places."),
    "all axes reversed": Slip(PERMUTED, "inputs.permute(2, 1, 0)", "The order of all three axes "
        "is reversed. Only the first two change places; the vocabulary stays last."),
    "wrong pair": Slip(PERMUTED, "inputs.permute(0, 2, 1)", "Time and vocabulary have changed "
        "places. It should be batch and time."),
    "wrong pair, then reshape": Slip(PERMUTED, f"inputs.permute(0, 2, 1).{SWAPPED}",
        "Time and vocabulary have changed places, and a reshape hides it. Batch and time should "
        "change places, and no reshape is needed."),
    "exchanged, then reshape": Slip(PERMUTED, f"{PERMUTED}.reshape(*batch.shape, vocab_size)",
        "The axes are exchanged, and then a reshape to (batch_size, num_steps, vocab_size) mixes "
        "the texts again."),
    "time reversed": Slip(PERMUTED, f"{PERMUTED}.flip(0)", "The steps come in reverse order: the "
        "last character first."),
    "texts reversed": Slip(PERMUTED, f"{PERMUTED}.flip(1)", "The order of the texts is reversed."),
    "ids only": Slip(PERMUTED, "batch.T", "These are the ids, time first. The one-hot encoding "
        "is missing."),
    "integers": Slip(PERMUTED, f"{PERMUTED}.long()", "The axes are right, but the numbers are "
        "whole; one_hot of the notebook gives floating-point numbers."),
    "sizes for axes": Slip(PERMUTED, "inputs.permute(batch.shape[1], batch.shape[0], vocab_size)",
        "permute takes the numbers of the axes, counted from 0, in their new order. It does not "
        "take the sizes of the new shape."),
    "loop over the texts": Slip(PERMUTED, "torch.stack([inputs[:, t] for t in range(len(batch))])",
        "The loop over the steps runs as often as there are texts. The number of steps is "
        "batch.shape[1]."),
}  # fmt: skip
TIME_FIRST = Exercise(
    name="time_first",
    notebook=1,
    title="axes in the wrong order",
    answer=my_time_first,
    given=given_time_first,
    tried="batches of shape (2, 2), (2, 3), (3, 5), (4, 1) and (1, 3)",
    cases=(
        case(torch.tensor([[0, 1], [2, 3]]), 4),
        case(torch.tensor([[0, 1, 2], [3, 4, 5]]), 6),
        case(torch.arange(15).reshape(3, 5), 15),
        case(torch.tensor([[3], [1], [4], [1]]), 9),
        case(torch.tensor([[2, 0, 1]]), 3),
    ),
    hints=(
        "Take the batch [[0, 1], [2, 3]]. Which two ids belong to the first step, and which two "
        "does reshape put there?",
        "reshape keeps the order of the numbers in memory, and only divides them into other rows. "
        "What is needed is to exchange two axes.",
        "batch.T exchanges rows and columns before the encoding. Or use transpose(0, 1) on the "
        "encoded batch.",
    ),
    slips=TIME_FIRST_SLIPS,
)
EXERCISES = (VOCABULARY, WINDOWS, ONE_HOT, TIME_FIRST)
