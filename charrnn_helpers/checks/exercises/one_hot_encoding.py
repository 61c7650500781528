"""The exercises of notebook 1: a vocabulary, windows, one-hot vectors, time first."""

import torch

from charrnn_helpers.checks.judge import Case, Exercise, Slip, case
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
        "character has no id. Add it to the tokens before you sort them."),
    "every occurrence": Slip(TOKENS, 'sorted(["<unk>", *text])', "Every occurrence of a character "
        "became a token. The vocabulary should list each character only once; a set removes the "
        "duplicates."),
    "not sorted": Slip(TOKENS, '[*dict.fromkeys(text), "<unk>"]', "The tokens are right, but they "
        "are not sorted. Without a fixed order, the same character could get a different id "
        "tomorrow, and a trained model would be useless."),
    "not sorted, unk first": Slip(TOKENS, '["<unk>", *dict.fromkeys(text)]', "The tokens are in "
        "order of first appearance. Sort them so that each character always gets the same id."),
    "sort returns None": Slip(TOKENS, '["<unk>", *text].sort()', "The tokens are None: sort() "
        "sorts a list in place and returns None. Use sorted(...), which returns a new list."),
    "a set": Slip(TOKENS, '{"<unk>", *text}', "The tokens are a set, which has no order and cannot "
        "be indexed. Turn it into a sorted list."),
    "unk in pieces": Slip(TOKENS, 'sorted({*"<unk>", *text})', '"<unk>" was split into its '
        'characters. Add it as a single token: set.update("<unk>") and text + "<unk>" add its '
        "characters one by one."),
    "unk last": Slip(TOKENS, '[*sorted(set(text)), "<unk>"]', '"<unk>" was added after sorting. '
        "Sort it together with the characters; otherwise, your ids will not match those of the "
        "course."),
    "unk first": Slip(TOKENS, '["<unk>", *sorted(set(text))]', '"<unk>" was put in front of the '
        "sorted characters. Sort it together with them; otherwise, your ids will not match those "
        "of the course."),
    "lower-cased": Slip(TOKENS, 'sorted({"<unk>", *text.lower()})', "The text was lowercased "
        "first. The vocabulary takes the text as it is: A and a are two characters."),
    "unknown left out": Slip(KNOWN, "known = [c for c in text if c in self.tokens]",
        "An unknown character is dropped, so there are fewer ids than characters. It should get "
        'the id of "<unk>".'),
    "unknown is 0": Slip(KNOWN, "known = [c if c in self.tokens else self.tokens[0] for c in text]",
        "An unknown character always gets the id 0, which may belong to another token. It should "
        'get the id of "<unk>".'),
    "unknown is -1": Slip(IDS,
        "return [self.tokens.index(c) if c in self.tokens else -1 for c in text]",
        "An unknown character gets the id -1, which, as an index, silently means the last item of "
        'a list. It should get the id of "<unk>".'),
    "unknown is an error": Slip(KNOWN, "known = list(text)", "An unknown character raises an "
        'error. It should get the id of "<unk>": first check whether the character is among the '
        "tokens."),
    "all or nothing": Slip(KNOWN,
        'known = list(text) if set(text) <= set(self.tokens) else ["<unk>"]', "A single unknown "
        'character turns the whole text into one "<unk>". Look up each character separately.'),
    "tokens for ids": Slip(IDS, "return known", "encode returns the tokens themselves. Return "
        "their positions in the list instead: tokens.index(token)."),
    "ids from one": Slip(IDS, "return [self.tokens.index(token) + 1 for token in known]",
        "The ids start at 1. An id is a position in the list, and the first position is 0."),
    "joined by spaces": Slip(TEXT, '" ".join(self.tokens[i] for i in ids)', "decode puts a space "
        "between the characters. The spaces in the text are tokens themselves, so join with the "
        'empty string "".'),
    "unk not written": Slip(TEXT,
        '"".join(self.tokens[i] for i in ids if self.tokens[i] != "<unk>")', "decode leaves out "
        '"<unk>", so nobody can see that a character was unknown. Treat it like any other token.'),
    "decoded to a list": Slip(TEXT, "[self.tokens[i] for i in ids]", "decode returns a list of "
        'tokens. Join them into one string with "".join(...).'),
    "id 0 taken for missing": Slip(IDS,
        "return [self.tokens.index(token) or self.tokens.index('<unk>') for token in known]",
        'The id 0 is treated as missing, because 0 counts as False in "or" and "if". Check whether '
        "the character is among the tokens instead."),
}  # fmt: skip
VOCABULARY = Exercise(
    name="vocabulary",
    notebook=1,
    title="a vocabulary",
    answer=MyVocab,
    arguments=1,
    drive=use_vocab,
    tried="four texts: tokens, encoding, decoding, characters not in the text, and capital letters",
    cases=(
        vocab_case("b a", "ab<", [3, 0, 2, 1]),
        vocab_case("banana", "abnabz", [3, 1, 2, 1, 3]),
        vocab_case("the time machine", "time caf\u00e9", [9, 6, 7, 4, 0, 2]),
        vocab_case("a Bb", "AbB a", [4, 0, 2, 1]),
    ),
    hints=(
        "What does sorted(set(text)) give, and what is missing from it?",
        '"<unk>" must be in the set before you sort it, as a single token. In a list, '
        "tokens.index(token) returns the position of a token.",
        'Use self.tokens = sorted({"<unk>", *text}). In encode, replace each character that is '
        'not in self.tokens with "<unk>" before you look up its position. In decode, use "".join '
        "on the tokens self.tokens[i].",
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
        "There is one window too many at the end: its last character has no target in the text. A "
        "window and its targets together span num_steps + 1 characters."),
    "one too many inputs": Slip(X, X.replace("starts", "range(len(ids) - num_steps + 1)"),
        "X has one more window than Y: the last window in X has no target for its last character."),
    "one too few": Slip(STARTS, "starts = range(len(ids) - num_steps - 1)", "The last window is "
        "missing. It ends one character before the end of the text, and its last target is the "
        "last character."),
    "first only": Slip(STARTS, "starts = range(1)", "You returned only the first window. There "
        "should be one for every possible start. (Is your return statement inside the loop?)"),
    "no overlap": Slip(STARTS, "starts = range(0, len(ids) - num_steps, num_steps)",
        "The windows do not overlap. Here, a window starts at every possible position, so each one "
        "shares all but one character with the next."),
    "a fixed number of steps": Slip(STARTS, "num_steps = 5\n    " + STARTS, "The windows always "
        "have 5 steps. Their length should be num_steps."),
    "a step too long": Slip(X, X.replace("num_steps", "num_steps + 1"), "Each window in X is one "
        "character too long: the last one is a target, not an input."),
    "cut out of the window": Slip(STARTS, "num_steps -= 1\n    " + STARTS, "The inputs and targets "
        "are one id too short, as if both were cut out of a window of num_steps ids. Together, "
        "they should span num_steps + 1 ids."),
    "targets one too short": Slip(Y, "Y = [ids[i + 1 : i + num_steps] for i in starts]",
        "The targets of each window are one id too short: their end shifts by one position, too."),
    "targets not shifted": Slip(Y, "Y = [ids[i : i + num_steps] for i in starts]",
        "The targets are the same as the inputs, so the model would be asked for what it has just "
        "read. They should start one position later."),
    "one target": Slip(Y, "Y = [ids[i + num_steps] for i in starts]", "Each window has a single "
        "target, the character after it. It should have num_steps targets: the next character "
        "after each of its characters."),
    "a window ahead": Slip(Y, "Y = [ids[i + num_steps : i + 2 * num_steps] for i in starts]",
        "The targets are the whole next window. They should be the same window, shifted by one."),
    "ids plus one": Slip(Y, "Y = [x + 1 for x in X]", 'The targets are the ids plus one. "One id '
        'later" means the next position in the text, not the next number.'),
    "rolled": Slip(Y, "Y = [x.roll(-1) for x in X]", "The last target of each window is its own "
        "first id, because roll() moves that to the end. It should be the id that follows the "
        "window in the text."),
    "one long row": Slip("return X, Y", "return ids[:-1], ids[1:]", "You returned a single window "
        "that spans the whole text. X should hold many windows of num_steps ids, one for each "
        "position where a window can start."),
    "fixed end": Slip(f"{X}\n    {Y}", "X = [ids[i:num_steps] for i in starts]\n    Y = [ids[i + "
        "1 : num_steps + 1] for i in starts]", "The windows get shorter and shorter. A window that "
        "starts at i should end at i + num_steps."),
    "transposed": Slip("return X, Y", "return torch.stack(X).T, torch.stack(Y).T",
        "The tables are transposed: each window should be a row, not a column."),
    "exchanged": Slip("return X, Y", "return Y, X", "Inputs and targets are swapped: X holds what "
        "is read, and Y holds what comes next."),
    "a list of pairs": Slip("return X, Y", "return list(zip(X, Y, strict=True))",
        "You returned a list of pairs, each with a window and its targets. Return two results "
        "instead: all the windows and all the targets."),
}  # fmt: skip
WINDOWS = Exercise(
    name="windows",
    notebook=1,
    title="windows and targets",
    answer=my_windows,
    drive=lambda answer, *args: named(answer(*args), "X", "Y"),
    tried="texts of 4 to 12 ids, windows of 1 to 5 ids, and a text with a single window",
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
        "Write down all windows of 3 characters in a text of 5, each with its targets. "
        "Where does the last one start?",
        "A window that starts at i is ids[i : i + num_steps], and its targets start at i + 1. "
        "The last target must still be inside the text.",
        "The starts i are range(len(ids) - num_steps). For each of them, X holds "
        "ids[i : i + num_steps], and Y holds ids[i + 1 : i + 1 + num_steps].",
    ),
    slips=WINDOWS_SLIPS,
)


def my_one_hot(X, vocab_size):
    places = torch.arange(vocab_size)
    return (X.unsqueeze(-1) == places).float()


PLACES, ROWS = "torch.arange(vocab_size)", "(X.unsqueeze(-1) == places).float()"
ONE_HOT_SLIPS = {
    "integers": Slip(".float()", ".long()", "The rows are right, but they hold whole numbers or "
        "True and False. A product with a weight matrix needs floating-point numbers, so convert "
        "them with .float()."),
    "width from the data": Slip(PLACES, "torch.arange(int(X.max()) + 1)", "The rows are only as "
        "long as the largest id requires. They should have vocab_size entries, no matter which ids "
        "happen to be in this batch."),
    "a fixed width": Slip(PLACES, "torch.arange(28)", "The rows always have 28 entries. Their "
        "length should be vocab_size."),
    "one place off": Slip("X.unsqueeze", "(X - 1).unsqueeze", "The 1 is one position too early: id "
        "0 belongs at position 0."),
    "from one": Slip("X.unsqueeze(-1)", "((X - 1) % vocab_size).unsqueeze(-1)",
        "The 1 is one position too early, and for id 0 it is at the end, because -1 means the last "
        "position. Id 0 belongs at position 0."),
    "one place too many": Slip(PLACES, "torch.arange(vocab_size + 1)", "The rows have one entry "
        "too many: the ids run from 0 to vocab_size - 1."),
    "first left out": Slip(PLACES, "torch.arange(1, vocab_size)", "The position for id 0 is "
        "missing. Every id needs a position of its own."),
    "flat": Slip(ROWS, ROWS + ".reshape(-1, vocab_size)", "The rows are right, but the shape of X "
        "is lost. Keep the axes of X and add one at the end."),
    "squeezed": Slip(ROWS, ROWS + ".squeeze()", "An axis of length 1 was removed, as squeeze() "
        "does. Keep all the axes of X and add one at the end."),
    "axis in front": Slip(ROWS, ROWS + ".movedim(-1, 0)", "The new axis is in front. It belongs at "
        "the end, so that each id becomes a row of vocab_size numbers."),
    "no new axis": Slip("X.unsqueeze(-1)", "X", "The ids and the positions are compared one by "
        "one, so the shapes do not match. Give X another axis at the end, X.unsqueeze(-1), so that "
        "each id is compared with every position."),
    "axis 1": Slip("X.unsqueeze(-1)", "X.unsqueeze(1)", "The new axis is axis 1, which is at the "
        "end only if X is a single row of ids. The end is always axis -1."),
    "the id itself": Slip(ROWS, ROWS + " * X.unsqueeze(-1)", "The row holds the id itself where "
        "there should be a 1."),
    "zeros and ones exchanged": Slip("==", "!=", "The zeros and ones are swapped: put a 1 where "
        "the id equals the position and a 0 everywhere else."),
    "one for each row of X": Slip(ROWS, ROWS + ".amax(-2)", "All the ids in a row of X share one "
        "vector, which shows which characters occur but not where. Each id needs a row of its "
        "own."),
    "one row for all": Slip(ROWS, ROWS + ".reshape(-1, vocab_size).amax(0)", "All the ids share a "
        "single row, which shows which characters occur but not where. Each id needs its own row."),
    "all ids in each row": Slip(ROWS,
        ROWS + ".reshape(-1, vocab_size).amax(0).expand(" "*X.shape, vocab_size)",
        "Each row has a 1 for every id in X, as you get from rows[..., X] = 1. Each id should set "
        "a single entry, in its own row."),
    "whole rows": Slip(ROWS, "torch.zeros(vocab_size, vocab_size).index_fill(0, X.flatten(), 1.0)",
        "Whole rows were filled with 1, because rows[X] = 1 selects rows. Set a single 1 for each "
        "id, and keep the axes of X."),
    "rows for a list of ids only": Slip(ROWS,
        "torch.stack([torch.eye(vocab_size)[x].reshape(-1, vocab_size).amax(0) for x in X])",
        "This works only if X is a single row of ids. X may also be a single id or a table, and "
        "the result must keep its shape."),
}  # fmt: skip
ONE_HOT = Exercise(
    name="one_hot",
    notebook=1,
    title="one-hot in one line",
    answer=my_one_hot,
    tried="ids of shape (), (1,), (2,), (3,), (2, 3), and (2, 2, 3), with 3 to 301 tokens",
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
        "At which position of its row does an id have a 1? Express this as a comparison with the "
        "numbers 0, 1, 2, ...",
        "torch.arange(vocab_size) holds all positions. X.unsqueeze(-1) gives each id an axis of "
        "its own, and == then compares it with every position.",
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
    "reshape": Slip(PERMUTED, f"inputs.{SWAPPED}", "The shape is right, but the contents are not: "
        "the numbers were refilled in reading order, as reshape and view do, and this mixes up the "
        "texts. Swap the two axes instead."),
    "batch first": Slip(PERMUTED, "inputs", "The axes are still (batch_size, num_steps, "
        "vocab_size). Swap batch and time."),
    "vocabulary first": Slip(PERMUTED, "inputs.permute(2, 0, 1)", "The vocabulary has moved to the "
        "front, but it should stay last. Swap only the first two axes."),
    "all axes moved": Slip(PERMUTED, "inputs.permute(1, 2, 0)", "All three axes have moved. Only "
        "the first two should be swapped."),
    "all axes reversed": Slip(PERMUTED, "inputs.permute(2, 1, 0)", "The order of all three axes is "
        "reversed. Swap only the first two; the vocabulary stays last."),
    "wrong pair": Slip(PERMUTED, "inputs.permute(0, 2, 1)", "Time and vocabulary are swapped. Swap "
        "batch and time instead."),
    "wrong pair, then reshape": Slip(PERMUTED, f"inputs.permute(0, 2, 1).{SWAPPED}",
        "Time and vocabulary are swapped, and a reshape hides it. Swap batch and time instead; no "
        "reshape is needed."),
    "exchanged, then reshape": Slip(PERMUTED, f"{PERMUTED}.reshape(*batch.shape, vocab_size)",
        "The axes are swapped, but then a reshape to (batch_size, num_steps, vocab_size) mixes up "
        "the texts again. Leave out the reshape."),
    "time reversed": Slip(PERMUTED, f"{PERMUTED}.flip(0)", "The steps are in reverse order, with "
        "the last character first. Step 0 should hold the first character of every text."),
    "texts reversed": Slip(PERMUTED, f"{PERMUTED}.flip(1)", "The texts are in reverse order."),
    "ids only": Slip(PERMUTED, "batch.T", "You returned the ids, time first. The one-hot encoding "
        "is missing."),
    "integers": Slip(PERMUTED, f"{PERMUTED}.long()", "The axes are right, but the numbers are "
        "integers. The notebook's one_hot returns floating-point numbers."),
    "sizes for axes": Slip(PERMUTED, "inputs.permute(batch.shape[1], batch.shape[0], vocab_size)",
        "permute takes the numbers of the axes, counted from 0, in their new order. It does not "
        "take the sizes of the new shape."),
    "loop over the texts": Slip(PERMUTED, "torch.stack([inputs[:, t] for t in range(len(batch))])",
        "The loop over the steps runs once for each text. The number of steps is batch.shape[1]."),
}  # fmt: skip
TIME_FIRST = Exercise(
    name="time_first",
    notebook=1,
    title="axes in the wrong order",
    answer=my_time_first,
    given=given_time_first,
    tried="batches of shape (2, 2), (2, 3), (3, 5), (4, 1), and (1, 3)",
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
        "reshape keeps the numbers in the same order in memory and only divides them into rows "
        "differently. What you need is to swap two axes.",
        "batch.T swaps rows and columns before the encoding. Alternatively, use transpose(0, 1) "
        "on the encoded batch.",
    ),
    slips=TIME_FIRST_SLIPS,
)
EXERCISES = (VOCABULARY, WINDOWS, ONE_HOT, TIME_FIRST)
