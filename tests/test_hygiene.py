"""The committed notebooks are whole, clean, small, and shaped as the course promises."""

import ast
import re

import nbformat
import pytest

from charrnn_helpers.lesson import stored_and_loaded
from tools.course import ANSWER, NOTEBOOKS, WIDGET, is_folded

EACH = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)

# Cells whose output nbval does not compare, by their first line.  A trained model's last digits
# differ from machine to machine, and so do the characters that it writes.
IGNORED = {
    "01_one_hot_encoding": [
        "# Demo: what the network writes",
        "# Drawn: the perplexity after 100 updates, from ids, one-hot vectors, controls",
        "def chances(text, temperature=1.0):",
        'written = "the time traveller "',
        "validation = StreamBatches(model_vocab.encode(val_text), 1, 1000)",
    ],
    "02_recurrence": [
        'text = " " + data.text[:20_000].strip()',
        "trained, trained_vocab = trained_model()",
        "val_ids, val_text = data.val_ids, vocab.decode(data.val_ids)",
        "# Drawn: the perplexity of the trained network after n characters",
        'checks.reveal("two_pasts", last)',
        "# Drawn: how much two states differ, in the trained network and in ours",
        "generator = torch.Generator().manual_seed(1)",
    ],
    "03_loss_and_perplexity": [
        "# Drawn: Shannon's reader and the trained network guess the same sentence",
        "def order(before):",
        "# Drawn: the surprisal of each character of a passage, and their mean as a die",
        "validation = StreamBatches(vocab.encode(val_text), 1, 1000)",
        "ranks = numbers_of(network, vocab, val_text)",
        "def archive(text):",
        "# Drawn: where a row has both, the dot lies in the bar of the guesses",
        "generator = torch.Generator().manual_seed(1)",
    ],
    "04_counting": [
        "# Demo: text by n-grams of growing length",
        "# Checked: the share of u after q; write() wrote the demo, and 12 recites",
        "# Demo: a table that begins as noise, beside the one that was counted",
        'scores = {"blind guessing": math.log(len(vocab)), "1-gram": ngrams[1]}',
        "best, letters = KneserNey(train_text, 6, len(vocab)), sorted(set(train_text))",
    ],
    "05_gradient_clipping": [
        "def learn(model, num_steps, num_updates=300, before_update=gradient_norm):",
        "longer = make_model(vocab_size, num_hiddens=32, sigma=0.3, seed=1)",
        'print(f"gradient norm {first_norm:,.0f}")',
        'for name, model in {"ruined": longer, "learned": short}.items():',
        'later = {"A": long_norms[20:], "B": rescued_norms[20:100]}',
        "turned = make_model(vocab_size, num_hiddens=32, sigma=0.3, seed=1)",
        "def read_words(model, X, back=1.0):",
        "val_text, train_text = vocab.decode(data.val_ids), vocab.decode(train_ids)",
        "generator = torch.Generator().manual_seed(1)",
    ],
    "06_training": [
        'sentence = "the time traveller for so it will be convenient to speak of him "',
        "data = TimeMachine(1024, 32, text, num_train=10_000, num_val=5_000)",
        'for name, loss in {" 64": small, "256": large}.items():',
        "stream = StreamBatches(vocab.encode(sentence), 1, 16)",
        "flight = cockpit.run()",
        "from charrnn_helpers.show.live import live_plot",
        "in_training = StreamBatches(train_ids, 32, 1000)",
        "stopped, kept = early_stopping(on_others, patience=3)",
        'scores = {"blind guessing": math.log(len(vocab))}',
        "generator = torch.Generator().manual_seed(1)",
    ],
    "07_sampling": [
        "model, vocab = trained_model()",
        'beginnings = ["the time traveller ", "it was ", "weena ", "i saw "]',
        'networks = {"time_machine": model}  # and three larger ones of notebook 11',
        "# Demo: the way into the circle",
        "def one_round_apart(model, prefix, num_preds, vocab, length):",
        "# Drawn: the distance between states one round apart, on a logarithmic axis",
        "# Drawn: greedy texts and those with the same dice meet, others do not",
        "bits = surprisal(model, greedy[0], vocab)[-200:].mean()",
        "# Drawn: a beam of two over two characters, as a tree",
        "book_bits = surprisal(model, val_text, vocab)  # (len(val_text) - 1,)",
        "# Drawn: one distribution at three temperatures",
        "def drawn_at(T, generator):",
        "# Drawn: how likely searched texts, drawn texts, and the book are",
        "with torch.no_grad():",
        "# Drawn: two distributions, and where top-k and top-p cut them",
        "# Demo: the next character",
        "# Drawn: known words, and different ones of 20, by temperature, and for Wells",
        "@torch.no_grad()",
        "# Drawn: the entropy of the model's predictions, in its own text and in Wells's",
        'name = "our best RNN, 128 units"',
        "from ipywidgets import interact",
    ],
    "08_backpropagation_through_time": [
        "# Drawn: the perplexity of networks P and Q, averaged over 10 updates",
        "suspects, gaps = {}, {}",
        "def compare(model, W):",
        "dO = (O.softmax(dim=-1) - Y) / (num_steps * batch_size)",
        "steps = range(1, num_steps + 1)",
        "dA = window_backward(from_above, H, W_hh)",
        "@torch.no_grad()",
        "def diagonals(from_above, H, W_hh):",
        "trained, _ = trained_model()  # of notebook 7",
        "def size_and_slope(model):",
        'record, ends = recorded("backward"), {}',
        "def gap(num_steps):",
        "# Drawn: the time of each way, in that of Recurrence",
    ],
    "09_inside_the_hidden_state": [
        "# Drawn: 150 states, a direction, and a push of 1",
        "# Demo: what the network writes while its state is pushed",
        "H = states_of(model, seen_text)[:-1]  # (num_states, num_hiddens)",
        "# Demo: what is to the right of a threshold for z",
        "def auc(values, positive):",
        "def area(network, ahead):",
        "share = {}",
        "# Drawn: the share of vowels by the push, on each path",
        "# Drawn: what a push of 1 adds to the logit of each character",
        'questions = {"next": 1, "last": 0, "third-to-last": -2}',
        "turned = {}",
        "# Drawn: the share of vowels with pushes along three directions",
        "# Drawn: the same 150 states, held at their mean along the direction",
        "means = H.mean(dim=0)  # (num_hiddens,)",
        "# Drawn: what can be read, what steers, and what is used",
        'rivals = {"nothing held": model}',
        "# Checked: the numbers in the text of this notebook",
        "fires = states_of(model, val_text)[3:, 41] < -0.97  # 3 places on",
        "def area_of_eight(network, ahead):",
        "# Checked: the numbers after the summary, and in the exercises",
    ],
    "10_gated_networks": [
        "@torch.no_grad()",
        "@torch.no_grad()",
        "# Demo: a round as two networks read it, with the gates of one",
        "X, first = rounds_of_the_game(40, 1000, torch.Generator().manual_seed(2))",
        "data = TimeMachine(batch_size=32, num_steps=32, text=load_time_machine())",
        "# Drawn: the mean reset gate along a sentence, for this GRU",
        "train_text, val_text = (",
    ],
    "11_the_race": [
        "def loss_of(came):",
        "# Drawn: what we know, and a closed envelope",
        "half = (rnn + ngram) / 2",
        "# Drawn: the perplexity over the weight, for three pairs",
        "learns, best_weights = {}, {}",
        "# Drawn: the weight of the network, as it is learned",
        "reader = ReadingKneserNey(nine_text, n, vocab_size, discount)",
        "# Drawn: the open envelope",
        "def alone(p):",
        "# Drawn: the lead of each model over the next",
        "three = KneserNey(train_text, 3, vocab_size)",
        "# Drawn: by how much each loss rises",
        "# Drawn: all rivals on the test part",
        "# Demo: the race on the test part",
        "import textwrap",
    ],
}


def code_cells(path):
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


@EACH
def test_executed_in_order_without_errors(path):
    cells = code_cells(path)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr"
            assert "Warning" not in str(output)
            assert WIDGET not in output.get("data", {})  # nothing without its kernel


@EACH
def test_small_valid_and_without_paths_of_a_machine(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert path.stat().st_size < 300_000
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"data:image/(png|svg\+xml);base64,[A-Za-z0-9+/=]+", "", text)
    assert not re.search(r"(/home/|/root|/work/|/tmp/|/Users/|[A-Z]:\\\\)", text)
    assert "hsl(" not in text  # JupyterLab takes it out of a notebook that is not trusted
    assert "version" not in notebook.metadata.language_info  # a needless difference
    assert "widgets" not in notebook.metadata


@EACH
def test_ignored_outputs_are_on_the_list(path):
    ignored = [
        cell.source.splitlines()[0]
        for cell in code_cells(path)
        if "nbval-ignore-output" in cell.metadata.get("tags", [])
    ]
    assert ignored == IGNORED.get(path.stem, [])
    tags = {tag for cell in code_cells(path) for tag in cell.metadata.get("tags", [])}
    assert tags <= {"draft", "exercise", "nbval-ignore-output", "slide-code"}


FOLDED = {  # how the first line of a folded cell begins, and what the cell has to hold
    "# Checked: ": r"^\s*assert ",
    "# Drawn: ": r"^(show|HTML)\(",
    "# Demo: ": r"^explore\(",
    "# Imported: ": r"^from charrnn_helpers\.show",
    "# Needed here: ": r"^catch_up\(",
    ANSWER: r"^(def|class) ",
}


@EACH
def test_a_folded_cell_says_in_its_first_line_what_it_shows(path):
    for cell in filter(is_folded, code_cells(path)):
        first, *rest = cell.source.split("\n")
        kind = next((kind for kind in FOLDED if first.startswith(kind)), None)
        assert kind and len(first) < 80 and not first.endswith("."), first
        assert re.search(FOLDED[kind], "\n".join(rest), re.M), first
        defines = re.search(r"^\s*(def|class) ", cell.source, re.M)
        assert kind == ANSWER or not defines, first
        assert not re.search(r"^checks\.", cell.source, re.M), first
        assert bool(cell.outputs) == (kind in ("# Drawn: ", "# Demo: ")), first


@EACH
def test_what_a_reader_sees_is_what_a_reader_could_write(path):
    """No cell that only asserts, no alternative text, no guard, and no line that is too wide."""
    for cell in code_cells(path):
        if not is_folded(cell):
            asserts = re.search(r"^\s*assert\b", cell.source, re.M) and not cell.outputs
            other = re.search(r"^\s*(def|class|import|from|checks)\b", cell.source, re.M)
            assert not asserts or other, cell.source
            assert "alt=" not in cell.source, cell.source
            calls = set(re.findall(r"(?<!def )\b(check_\w+)\(", cell.source))
            assert calls <= {"check_len", "check_shape"}, calls
        assert max(map(len, cell.source.split("\n"))) <= 80, cell.source


@EACH
def test_there_is_something_to_look_at(path):
    """At most eight cells in a row without an output, a formula, or a table.

    Text between two cells of code counts once: it is in several cells only for the slides.
    """
    blank, before = 0, ""
    for cell in nbformat.read(path, as_version=4).cells:
        shown = cell.outputs if cell.cell_type == "code" else re.search(r"\$\$|\|---", cell.source)
        goes_on = cell.cell_type == before == "markdown"
        blank, before = 0 if shown else blank + (not goes_on), cell.cell_type
        assert blank <= 8, cell.source[:80]


@EACH
def test_every_figure_has_an_alternative_text(path):
    for cell in code_cells(path):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/png" not in data  # figures come through show(fig, alt)
            for image in re.findall(r"<img [^>]*>", data.get("text/html", "")):
                assert re.search(r'alt="[^"]{20,}"', image)


@EACH
def test_opening_and_closing(path):
    """Sections called *Further* may stand between the summary and the exercises."""
    cells = nbformat.read(path, as_version=4).cells
    first = next(i for i, cell in enumerate(cells) if cell.cell_type == "code")
    opening = "\n\n".join(cell.source for cell in cells[:first])
    assert opening.startswith(f"# {int(path.stem[:2])} \u00b7 ")
    assert "**You need**" in opening and "**Time:**" in opening
    assert 3 <= opening.count("\n- **") <= 5
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    headings = re.findall(r"^## (.*)", text[text.index("## Summary") :], re.M)
    further = headings[1:-2]
    assert headings == ["Summary", *further, "Exercises", "Where next"]
    assert all(title.startswith("Further: ") for title in further)
    points = re.findall(r"^\d\. ", text.split("## Summary")[1].split("\n## ")[0], re.M)
    assert len(points) == 5


@EACH
def test_a_chapter_is_read_in_half_an_hour(path):
    """At most 100 cells, 3,000 words of prose, and 30 minutes."""
    cells = nbformat.read(path, as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    minutes = int(re.search(r"\*\*Time:\*\* (\d+) minutes to read", prose)[1])
    words = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|`[^`]*`", " x ", prose, flags=re.S)
    assert len(cells) <= 100 and len(re.findall(r"\w+", words)) <= 3_000 and minutes <= 30


@EACH
def test_the_test_part_stays_closed_until_the_last_notebook(path):
    """Only the first notebook names it, to cut it off and to draw how long it is."""
    touched = [c.source for c in code_cells(path) if re.search(r"\btest_(text|ids)\b", c.source)]
    if path == NOTEBOOKS[0]:
        split, checked, drawn = touched[-3:]
        assert len(touched) == 3 and "train_text, val_text, test_text = split(text)" in split
        assert checked.startswith("# Checked: ") and drawn.startswith("# Drawn: the lengths")
    else:
        assert bool(touched) == (path == NOTEBOOKS[-1]), touched


@EACH
def test_a_board_shows_the_validation_part(path):
    """In the last notebook, it shows the test part; notebook 8 draws scores without a board."""
    boards = [c.source for c in code_cells(path) if re.search(r"\b(score)?board\(", c.source)]
    boards = [source for source in boards if "import" not in source]
    if path.stem.startswith("08"):
        boards = [c.source for c in code_cells(path) if "perplexity on the val" in c.source]
    part = "test" if path == NOTEBOOKS[-1] else "val"
    assert boards and all(re.search(rf"\b{part}|blind", source) for source in boards)


@EACH
def test_nothing_global_is_seeded_or_star_imported(path):
    source = "\n".join(cell.source for cell in code_cells(path))
    assert "import *" not in source
    assert not re.search(r"(torch|random)\.(manual_)?seed\(", source)
    for node in ast.walk(ast.parse(source)):
        assert not isinstance(node, (ast.Global, ast.Nonlocal))


@EACH
def test_what_a_reader_sees_needs_nothing_that_is_folded(path):
    """A name that a seen cell reads is defined in a seen cell, an answer, or an import."""
    hidden = {}
    for cell in code_cells(path):
        stored, loaded = stored_and_loaded(cell.source)
        if is_folded(cell):
            first = cell.source.splitlines()[0]
            shared = first.startswith(("# Imported: ", ANSWER))
            hidden |= {} if shared else dict.fromkeys(stored, first)
        else:
            assert not loaded & hidden.keys(), {n: hidden[n] for n in loaded & hidden.keys()}
            hidden = {name: first for name, first in hidden.items() if name not in stored}
