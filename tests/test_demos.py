"""The demos: pure functions, true to the model, quick, and readable from the back of a room."""

import base64
import io
import itertools
import math
import re
import time
import timeit
import xml.etree.ElementTree as ET
from collections import Counter
from functools import partial

import pytest
import torch
from PIL import Image

from charrnn_helpers import logbook
from charrnn_helpers.data import Vocab
from charrnn_helpers.model import GRUScratch, one_hot
from charrnn_helpers.sampling import next_probs, predict, warm_up
from charrnn_helpers.show import (
    chain,
    choices,
    demos,
    descent,
    dice,
    encodings,
    envelope,
    figures,
    game,
    gates,
    guesses,
    journey,
    latch,
    memory,
    mistakes,
    overfitting,
    runs,
    steering,
    tables,
)
from charrnn_helpers.show.circle import LETTERS, circle, circle_of, likelihoods
from charrnn_helpers.show.cliff import cliff, descend, survey
from charrnn_helpers.show.controls import explore
from charrnn_helpers.show.doublings import doublings, position, rates
from charrnn_helpers.show.spread import changed
from charrnn_helpers.show.triangle import (
    dots,
    labelled,
    nudges,
    parts,
    triangle_and_curve,
)
from charrnn_helpers.show.valley import GRIDS, best_rate, height, score, slope, valley, walk
from charrnn_helpers.trained import by_rate, recorded, trained_model
from charrnn_helpers.training import shannon_bounds
from tests.conftest import generator, make_model

TEXT = "the time traveller for so it will be convenient to speak of him " * 40
VOCAB = Vocab(TEXT)
MODEL = make_model(len(VOCAB), sigma=0.3)
SENTENCE = "the time traveller for so it will be"


FIRST, SECOND = (torch.randn(36, len(VOCAB), generator=generator(k)) for k in (3, 4))
FIRST, SECOND = FIRST.softmax(dim=-1).tolist(), SECOND.softmax(dim=-1).tolist()


MATRIX = torch.randn(len(VOCAB), 6, generator=generator(5))
ANGLES = torch.arange(len(VOCAB)) * (2 * math.pi / len(VOCAB))
ROUND = torch.stack([ANGLES.cos(), ANGLES.sin()], dim=1)
NAMES = [*"\u2423?abcdefghijklmnopqrstuvwxyz"]
EVEN = [[1 / len(NAMES)] * len(NAMES) for _ in NAMES]
LEARNED = (torch.eye(len(NAMES)) / 2 + 1 / (2 * len(NAMES))).tolist()
RUN = {"learned": {0: EVEN, 5: LEARNED}, "losses": {0: 3.3, 5: 2.0}, "names": NAMES}
RUN["written"] = {None: "the time", 0: "tzx qjmk", 5: "the tide"}
BY_ORDER = {2: "the time traveller " + "thermelock and weent " * 15}
COPIED = {2: tables.copies(BY_ORDER[2], TEXT, 8)}
FALLING = [17 / n for n in range(1, 13)]
WAYS = {
    name: [0.9**k for k in range(400)] for name in ("q \u2192 u", "t \u2192 h", "y \u2192 \u2423")
}
LOOKS = recorded("trials")["doublings"]["looks"]
TURNING = [3 + (n - 5) ** 2 / 4 for n in range(1, 13)]
LOOPS = {"given": {0: 28, 4: 60, 8: 99}, "repaired": {0: 28, 4: 20, 8: 15}}


WRITTEN = {start: predict(MODEL, start, LETTERS, VOCAB) for start in ("time ", "for ", "it ")}
PASSAGES = [TEXT[:250], TEXT[13:263]]
BEGINS = Counter(TEXT[i : i + n] for i in range(len(TEXT) - 8) for n in range(9))


def unit_loss(w, b):
    """The loss of the unit that has to remember one bit, as in the notebook."""
    h = torch.tensor([0.5, -0.5], dtype=torch.double)
    for _ in range(20):
        h = torch.tanh(w * h + b)
    return (h - torch.tensor([0.8, -0.8])).pow(2).mean(-1)


TERRAIN = survey(unit_loss, (1.7, -0.4), [1.0, math.inf])


def after(updates):
    """Draw the recorded run up to this number of updates."""
    record = recorded("trials")["doublings"]
    return doublings(record["looks"], record["n-grams"], record["words"], updates)


RESULTS = {
    name: {"small": by_rate(name, 64, 468), "large": by_rate("SGD", 256, 117)}
    for name in ("SGD", "momentum", "Adam")
}
PLAYERS = {"a dot": 3.33, "both": (1.5, (1.1, 1.8)), "a bar": (0.5, 1.0)}
PLACES = {"small": (0.4, 8), "large": (1, 20)}
SCHEDULES = {
    "one": ([0.01, 0.01, 0.01], [2.0, 1.8], [1.8, 1.7]),
    "two": ([0.01, 0, 0], [2, 1.6], [1.6]),
}
FADING = {"it was": [10 * 0.7**k for k in range(129)], "i saw": [10 * 0.8**k for k in range(129)]}
KEPT = {bias: [(0.5 + bias / 5) ** k for k in range(1, 161)] for bias in (0, 2)}
WON = {bias: {10: [0.1] * 4 + [1.0] * 6, 80: [0.1] * 10} for bias in (0, 2)}
PLAYERS_AT = {update: make_model(9, seed=update, cell=GRUScratch) for update in (0, 9)}
RIVALS_AT = {update: make_model(9, seed=update) for update in (0, 9)}
BRANCHES = [("e", 0.39, " ", 0.26), ("u", 0.3, "t", 0.82), ("y", 0.11, " ", 0.99)]
STEERED = steering.Steered(
    {a: "the time traveller " + 50 * letters for a, letters in ((-3.0, "xst "), (3.0, "eai "))},
    {-3.0: 0.02, 3.0: 0.86},
    [{-3.0: 0.3, 3.0: 0.4}],
)
FLAT = steering.Flat([(0.5, 2.0), (-1.0, 0.0), (1.0, -3.0)], [True, False, True], -0.2)
ROWS = torch.randn(50, generator=generator(8)), torch.arange(50) % 3 == 0
EXPECTED = {"LSTM": 3.5, "7-gram": 3.6, "LSTM + 7-gram": 3.3}
SURPRISES = {name: [math.log(value)] * 400 for name, value in EXPECTED.items()}


def raced(characters):
    """Draw the race of three rivals up to this many characters of a text of 400."""
    curves = {name: envelope.so_far(losses, [200, 400]) for name, losses in SURPRISES.items()}
    return envelope.test_race(curves, [200, 400], TEXT[:400], EXPECTED, characters)


DEMOS = {
    "journey": lambda: journey.journey(SENTENCE, 12, VOCAB, MATRIX),
    "growing_contexts": lambda: journey.growing_contexts("the ti"),
    "picked_row": lambda: journey.picked_row([0, 1, 0], [[1, 2], [3, 4], [5, 6]]),
    "batch_box": lambda: journey.batch_box(["the t", "him w"], VOCAB),
    "rows_or_windows": lambda: journey.rows_or_windows(["time", "mach"]),
    "stages": lambda: encodings.stages(recorded("encodings")["written"], "the time traveller "),
    "learned": lambda: encodings.learned({"ids": 10.6, "one-hot": 6.3}, {"copies": 10.6}),
    "what_units_get": lambda: encodings.what_units_get(VOCAB),
    "on_a_circle": lambda: encodings.on_a_circle(ROUND, VOCAB, "e"),
    "continuation": lambda: demos.continuation(MODEL, VOCAB, "Die Zeit", 0.7),
    "hand_memory": lambda: memory.hand_memory("to be spoken", VOCAB, 1.5),
    "four_weights": lambda: latch.four_weights("to be spoken", VOCAB, [0.6, 3]),
    "two_tables": lambda: tables.two_tables(EVEN, **RUN, updates=5),
    "by_order": lambda: tables.by_order(BY_ORDER, {"the", "time"}, COPIED, 9, 2),
    "bowl": lambda: descent.bowl(0.08, 0.33, 27, 200, 19),
    "lengths": lambda: overfitting.lengths(
        {"old": dict(enumerate(TURNING, 1)), "new": {1: 17, 6: 3.5, 12: 4}}, ["old"], ["new"]
    ),
    "one_place": lambda: overfitting.one_place(
        {"": (90, 0.1), "q": (3, 0.7), "eq": (1, 0.85), "req": (1, 0.925)}, "u", "a"
    ),
    "wrong_table": lambda: descent.wrong_table(
        LOOPS, ["e", "u"], {"given": [0.9, 0.1], "repaired": [0.2, 0.8]}
    ),
    "waits": lambda: descent.waits(WAYS, WAYS, dict.fromkeys(WAYS, 0.02), 50),
    "falling": lambda: descent.falling({5: [50, 40, 30], 200: [50, 20, 45]}),
    "guessing_game": lambda: game.guessing_game(PASSAGES, "vxave "),
    "two_games": lambda: guesses.two_games("the time ", {"a": [1] * 9, "b": [3, 12] + [1] * 7}),
    "as_die": lambda: dice.as_die("the time", [3, 0.1, 0.2, 0.3, 9, 1, 2, 1.0]),
    "slabs": lambda: guesses.slabs([0.5, 0.3, 0.1, 0.1]),
    "board": lambda: guesses.board(PLAYERS, (0.6, 1.3), {"x": (0.5, 1.0)}, "Another text:"),
    "stacked": lambda: chain.stacked({"Ann": [0.1, 0.9], "Cleo": [0.99, 0.001]}, "it"),
    "chain_rule": lambda: chain.chain_rule("the time", BEGINS, 8, 7),
    "belief": lambda: chain.belief([0.5, 0.3, 0.1, 0.1], "abcd", 1, 2),
    "likelihood": lambda: chain.likelihood(2, 18),
    "cliff": lambda: cliff(TERRAIN, 1.0, 60),
    "triangle_and_curve": lambda: triangle_and_curve(
        "time",
        {"5": [[0.1], [0.02, 0.1], [0.0, 0.2, 0.1]]},
        {"0": [1.0, 0.9, 0.8, 0.9], "5": [1.0, 0.3, 0.1, 1e-5]},
        5,
    ),
    "parts": parts,
    "dots_and_chance": lambda: dots(
        {"1 state": [0.6, 1.0], "2 states": [1.0]},
        "right",
        (0.4, 1),
        ("learned it", lambda shares: f"{sum(share > 0.99 for share in shares)} of {len(shares)}"),
        {"2 states": "from here on"},
        {"no": 0.45, "yes": 0.55},
    ),
    "dots_by_perplexity": lambda: dots(
        {"a": [4.5, 4.6], "b": [5.0]}, "perplexity", (4, 6), ("mean", str), {"a": "few"}
    ),
    "labelled": lambda: labelled(
        {"a": ([0, 1, 2], [1.0, 0.5, 0.1]), "b": ([0, 1, 2], [1.0, 0.001, 1e-5])},
        ("lag", "what remains"),
        (0.001, 2),
        {"a": (1, 0.5, -0.5), "b": (1, -0.5, 0.5)},
        [("here", (1, 0.05), (2, 0.1))],
        {"1%": 0.01},
    ),
    "nudges": lambda: nudges(
        {"A": ([0.001, 0.002], [0.002, -0.001]), "B": ([0.002, -0.001], [0.002, -0.001])}
    ),
    "unit_text": lambda: demos.unit_text(MODEL, VOCAB, TEXT[:120], 3),
    "two_opinions": lambda: demos.two_opinions(VOCAB, SENTENCE, FIRST, SECOND, 12, 0.5),
    "kept_and_passed": lambda: gates.kept_and_passed(KEPT, WON),
    "one_round": lambda: gates.one_round(PLAYERS_AT, RIVALS_AT, gates_of, "abc" * 14, 9),
    "rows_of_dots": lambda: gates.rows_of_dots(
        {"300": {"a": [1.0, 0.9, 0.2], "b": [0.1] * 3}, "1,200": {"a": [1.0] * 3, "b": [0.95] * 3}}
    ),
    "losses_on_the_book": lambda: gates.losses_on_the_book(
        {
            "RNN": {"own states": [1.6, 1.6], "1": [3.1, 3.3], "8": [1.7, 1.7], "16": [1.6, 1.7]},
            "GRU": {"own states": [1.4, 1.4], "1": [3.4, 3.5], "8": [1.6, 1.6], "16": [1.5, 1.6]},
        }
    ),
    "resets_drawn": lambda: gates.resets_drawn("a bc", [0.3, 0.1, 0.4, 0.5]),
    "answers_drawn": lambda: gates.answers_drawn(
        {"same gates": (0.97, None), "other gates": (0.05, 0.9)}
    ),
    "distances_drawn": lambda: gates.distances_drawn(
        {
            "by hand": ([0.8] * 41, [-0.8] * 41),
            "always 0.5": ([0.8 * 0.5**k for k in range(41)], [-(0.5**k) / 1e3 for k in range(41)]),
        }
    ),
    "gradients_drawn": lambda: gates.gradients_drawn(
        {f"{share}": [share**k for k in range(42)] for share in (0.9, 0.5, 0.7, 0.99, 0.95)},
        {"0.5": [0.9**k for k in range(42)], "0.99": [0.6**k for k in range(42)]},
        {f"{share}": 7 for share in (0.9, 0.5, 0.7, 0.99, 0.95)},
    ),
    "passed_later": lambda: gates.passed_later({"a": (0, 10), "b": (2, 1), "c": (3, 3)}),
    "perplexities_drawn": lambda: gates.perplexities_drawn(
        {"a": {0.01: [1.5, 1.6, 1.55], 0.02: [1.6]}, "b": {0.01: [1.4]}},
        {"b": "best"},
    ),
    "gru_drawn": gates.gru_drawn,
    "lstm_drawn": gates.lstm_drawn,
    "circle": lambda: circle(MODEL, VOCAB, "It will", 30, WRITTEN),
    "likelihoods": lambda: likelihoods({"a": [1.0, 2.0], "b": [3.0]}, "bits", (0, 5), ["b"]),
    "apart": lambda: choices.apart(FADING, 12, 0.016, 60),
    "meeting": lambda: choices.meeting(
        {"greedy": [1000, 300, 12], "own dice": [1000] * 3}, {"greedy": "a circle"}
    ),
    "steering": lambda: steering.steering(STEERED, 3.0),
    "shares_by_push": lambda: steering.shares_by_push(
        {"both paths": {-3: 0.0, 3: 0.9}, "memory only": {-3: 0.2, 3: 0.3}},
        [{"both paths": {-3: 0.1, 3: 0.8}, "memory only": {-3: 0.3, 3: 0.3}}],
        {-3: [0.2, 0.4], 3: [0.3]},
    ),
    "gains": lambda: steering.gains({"a": 1.0, "b": -0.5, " ": -1.0}),
    "plane": lambda: steering.plane(FLAT),
    "plane, held": lambda: steering.plane(FLAT, held=True),
    "told_apart": lambda: steering.told_apart(*ROWS, 0.5),
    "one_look": lambda: steering.one_look(
        {"last": (1.0, 0.9, 0.02)}, {"last": ([0.5, 0.8], [0.0, 0.2], [0.03, 0.05])}
    ),
    "two_paths": steering.two_paths,
    "tree": lambda: choices.tree("so b", BRANCHES, 2),
    "temperatures": lambda: choices.temperatures({0.5: [0.8, 0.2], 1.0: [0.6, 0.4]}, "ab"),
    "tails": lambda: choices.tails({"th": ("eai", [0.8, 0.15, 0.05])}, 1, 0.9),
    "less_sure": lambda: mistakes.less_sure(
        {"own": [(2.3, 0.02), (2.4, 0.01)], "Wells": [(2.3, 0.02), (2.3, 0.01)]},
        [(1, 10), (11, 20)],
    ),
    "variety": lambda: mistakes.variety(
        {0.5: [(80, 14), (90, 15)], 1.0: [(50, 18), (52, 19)]},
        {"Wells": [(92, 18), (90, 19)]},
    ),
    "envelope": lambda: envelope.envelope({"3-gram": 6.0, "RNN 128": 4.6, "6-gram": 3.6}),
    "kinds": lambda: envelope.kinds(
        {"RNN": [3.9, 3.8], "LSTM": [3.5, 3.4, 3.6], "GRU": [3.7]}, ("7-gram", 3.6), ("GRU", "RNN")
    ),
    "leads": lambda: envelope.leads(
        {"LSTM over GRU": (0.02, 0.004), "GRU over a": (0.01, 0.006), "a over b": (0.01, 0.004)},
        0.013,
    ),
    "opened": lambda: envelope.opened_envelope(
        EXPECTED, {name: v + 0.2 for name, v in EXPECTED.items()}, ("zpaq", 3.56)
    ),
    "by_weight": lambda: envelope.by_weight(
        {name: {0.0: 4.0, 0.5: 3.4, 1.0: 9.0} for name in "abc"}, 5
    ),
    "test_race": lambda: raced(400),
    "weight_lines": lambda: envelope.weight_lines({"learned": ([1, 2, 3], [0.5, 0.4, 0.2], 0.15)}),
    "race_board": lambda: envelope.board(EXPECTED, {"zpaq": 3.45, "LSTM": 3.4}, "zpaq"),
    "held_back": lambda: envelope.held_back(
        {"without": ([5, 3, 2], [5.5, 4, 4.5]), "with": ([5, 4, 3], [5.5, 4.2, 3.5])}
    ),
    "next_character": lambda: demos.next_character(MODEL, VOCAB, "time ", 0.5, 10, 0.9),
    "doublings": lambda: after(8192),
    "rates": lambda: rates(RESULTS, PLACES),
    "rates of one kind": lambda: rates({"SGD": {"": by_rate("SGD", 64, 468)}}),
    "over": lambda: runs.over(
        LOOKS, {"4-gram": 1.48}, {544: [1.7], 1224: [1.54, 1.55], 2448: [1.5]}
    ),
    "schedules": lambda: runs.schedules(SCHEDULES, [1.5, 1.51]),
    "stopping": lambda: runs.stopping([2.5, 2.0, 1.5, 1.4], [2.5, 2.2, 2.3, 2.4], 4, 2),
    "symptoms": lambda: runs.symptoms(
        [2.7, 2.4, 2.5], {"A": [9.0, 11.0, 10.0], "B": [2.6, 2.7, 2.9]}
    ),
    "valley": lambda: valley(15, 30),
    "changed": lambda: changed(
        "recipe",
        [1.54, 1.55],
        {"rate": {"0.02": [1.6]}, "state": {"lost": [1.5, 1.51]}},
        (4.3, 5.3),
    ),
}
EACH = pytest.mark.parametrize("name", DEMOS)


def gates_of(rnn, inputs):
    """The update gates of a GRU, as the notebook computes them."""
    before = torch.stack([torch.zeros(inputs.shape[1], rnn.num_hiddens), *rnn(inputs)[0][:-1]])
    return torch.sigmoid(inputs @ rnn.W_xz + before @ rnn.W_hz + rnn.b_z)


@EACH
def test_a_demo_is_a_pure_function(name):
    assert DEMOS[name]() == DEMOS[name]()


@EACH
def test_a_demo_is_whole_small_and_described(name):
    picture = DEMOS[name]()
    ET.fromstring(picture.svg)
    assert len(picture.svg) < 60_000 and len(picture.alt) > 30


@EACH
def test_a_demo_is_drawn_quickly(name):
    """In the time in which Python adds a million numbers, some 15 ms."""
    timer = time.process_time  # of this process: others do not count
    drawn = timeit.repeat(DEMOS[name], timer=timer, number=1, repeat=10)
    added = timeit.repeat(lambda: sum(map(int, range(10**6))), timer=timer, number=1, repeat=10)
    print(f"{min(drawn) / min(added):.2f}")
    assert min(drawn) < min(added)


@EACH
def test_for_a_projector_all_text_is_large_and_inside(name, monkeypatch):
    monkeypatch.setenv("CHARRNN_PROJECTOR", "1")
    picture = DEMOS[name]()
    texts = re.findall(
        r'<text x="([\d.-]+)[ \d.]*"[^>]*font-size="([\d.]+)"[^>]*>([^<]*)<', picture.svg
    )
    assert len(texts) > 5
    for x, size, _ in texts:
        assert 1.5 * float(size) >= 22 and -20 <= float(x) <= demos.WIDTH
    for text in re.findall(r'text-anchor="middle"[^>]*>([^<]{50,})<', picture.svg):
        assert 0.52 * 17.8 * len(text) < demos.WIDTH + 60, text


def pixels(picture):
    """The images in a picture, in their order, each as its size and its pixels."""
    found = re.findall(r'href="data:image/png;base64,([^"]*)"', picture.svg)
    return [Image.open(io.BytesIO(base64.b64decode(data))) for data in found]


def test_a_journey_shows_one_black_cell_for_each_character_and_the_row_it_picks():
    grid, matrix, picked = pixels(journey.journey(TEXT, 12, VOCAB, MATRIX))
    assert grid.size == (journey.LONGEST, len(VOCAB)) and picked.size == (12, 6)
    for t, idx in enumerate(VOCAB.encode(TEXT[:12]).tolist()):
        column = [grid.getpixel((t, k)) for k in range(len(VOCAB))]
        assert [k for k, color in enumerate(column) if color == journey.BLACK] == [idx]
        row = [matrix.getpixel((k, idx)) for k in range(6)]
        assert row == [picked.getpixel((t, k)) for k in range(6)]


@pytest.mark.parametrize(
    "sentence, place, said",
    [
        ("The time", 3, "After 'the' comes ' '"),
        ("time", 99, "After 'time' comes '\u25a2'"),
        ("", 5, "After ' ' comes '\u25a2'"),
        ("9 b", 1, "After 'b' comes '\u25a2'"),
        ("b" * 200, 99, f"After '{'b' * 19}' comes 'b'"),
        ("\u00e9", 1, f"has the id {VOCAB.unk}"),
    ],
)
def test_a_journey_of_whatever_is_typed(sentence, place, said):
    assert said in journey.journey(sentence, place, VOCAB, MATRIX).alt


def test_a_journey_has_one_height_wherever_it_is():
    heights = {journey.journey(TEXT, k, VOCAB, MATRIX).height for k in range(1, 20)}
    assert len(heights) == 1


def test_a_network_learns_from_any_table():
    ids = VOCAB.encode(TEXT)
    table = torch.eye(len(VOCAB))
    once = encodings.score_with(table, ids, ids[:1500], 0, num_updates=5)
    scaled = encodings.scaled(table)
    looks = list(encodings.learn_with(scaled, ids, ids[:1500], 0, [2, 5]))
    assert once == looks[1] < looks[0] < len(VOCAB)
    for other in (table.int(), table.int().tolist(), list(table)):  # what the check accepts
        assert encodings.score_with(other, ids, ids[:1500], 0, num_updates=5) == once


def test_a_scaled_table_has_a_mean_row_of_zeros_and_rows_of_one_length():
    for table in (torch.arange(28.0).unsqueeze(1), torch.eye(28)):
        scaled = encodings.scaled(table, 4.0)
        assert scaled.mean(dim=0).abs().max() < 1e-6
        assert scaled.pow(2).sum(dim=1).mean().item() == pytest.approx(16)


def test_contexts_grow_at_one_height():
    drawn = [journey.growing_contexts(text) for text in ("ab", "The time traveller")]
    assert drawn[0].height == drawn[1].height
    assert drawn[1].alt.endswith("'the ti' is followed by 'm'.")
    with pytest.raises(ValueError, match="at least two letters"):
        journey.growing_contexts("a")


def test_a_box_is_read_by_time_step_and_by_window():
    alt = journey.rows_or_windows(["time", "mach"]).alt
    assert "are ['tmia', 'mceh']" in alt
    box = journey.batch_box(["the t", "him w"], VOCAB)
    assert "the sheets 'th', 'hi', 'em', '  ', 'tw'." in box.alt


def test_a_cell_of_the_box_stands_below_its_token():
    parts = list(ET.fromstring(journey.batch_box(["ttttt"], VOCAB).svg))
    (label,) = (p for p in parts if p.text == "t" and p.get("fill") == "#555")
    cells = [p for p in parts if p.get("fill") == journey.BOXES[0][1] and p.get("width")]
    assert len(cells) == 5
    for cell in cells:
        off = float(cell.get("x")) + float(cell.get("width")) / 2 - float(label.get("x"))
        assert abs(off) < float(cell.get("width")) / 2


def test_ones_pick_rows_and_add_them():
    W = [[1, 2], [3, 4], [5, 6]]
    assert journey.picked_row([0, 1, 0], W).alt.endswith("is row 1 of W.")
    two = journey.picked_row([1, 0, 1], W)
    assert two.alt.endswith("is row 0 plus row 2 of W.") and ">6<" in two.svg and ">8<" in two.svg


def test_the_memory_that_was_built_by_hand_shows_its_units():
    picture = memory.hand_memory("to be spoken", VOCAB, 3.0)
    images = re.findall(r'href="data:image/png;base64,([^"]*)"', picture.svg)
    latch = Image.open(io.BytesIO(base64.b64decode(images[2])))
    assert len(images) == 3 and latch.size == (13, 1)
    blue = [latch.getpixel((t, 0))[2] > latch.getpixel((t, 0))[0] for t in range(13)]
    assert blue == [True, True, False, *[True] * 10]  # " to": known after the o, and gone again
    assert "at the end, it is at -0.995" in picture.alt


@pytest.mark.parametrize(
    ("typed", "read"), [("", " "), (" To-Be", " to be"), ("t\u00f6", " t"), ("2 t", " t")]
)
def test_what_is_typed_is_preprocessed_and_what_is_unknown_is_left_out(typed, read):
    assert f"Three units read {read!r}" in memory.hand_memory(typed, VOCAB, 1).alt


def test_shades_run_from_blue_over_white_to_orange():
    blue, white, orange = (0, 64, 107), (255, 255, 255), (230, 159, 0)
    assert [demos.shade(v) for v in (-2, -1, 0, 1)] == [blue, blue, white, orange]


def test_the_guesses_are_counted_for_each_character():
    passage = "x" * game.SHOWN + "time"
    assert game.played([passage], "atixmqq9") == (passage, ["at", "i", "xm"], "q")
    assert game.played([passage], "timeabc") == (passage, ["t", "i", "m", "e"], "")
    assert game.played([passage, "y" * 200], "ti" + game.NEXT + "ay") == ("y" * 200, ["ay"], "")
    assert "found: 3 characters" in game.guessing_game([passage], "atixmqq").alt


@pytest.fixture
def played(monkeypatch, tmp_path):
    """A game, and a function that types letters into it; then the whole text of guesses."""
    monkeypatch.setenv("CHARRNN_PROGRESS", str(tmp_path / "progress.jsonl"))

    def new():
        made = game.Game(TEXT)
        passages = {"passages": made.passages, "guesses": made.keys, "again": made.again}
        return explore(game.guessing_game, "The game", **passages), made.passages

    return new


def tell(panel, **content):
    panel.receive(panel, content, [])


def test_the_game_goes_on_where_it_was_and_the_score_stands_on_the_board(played):
    panel, passages = played()
    rest = passages[0][game.SHOWN :]
    tell(panel, keys={"guesses": "Q9" + rest[:40].upper()})
    panel, _ = played()
    assert "found: 40 characters" in panel.static.alt
    assert figures.with_reader({"a": 1.0}) == {"a": 1.0}  # not enough
    tell(panel, keys={"guesses": rest[40:60].replace(" ", "_")})
    low, high = (math.log(2) * bound for bound in shannon_bounds([2] + [1] * 59))
    board = figures.with_reader({"a": 1.0})
    assert board == {"a": 1.0, "you, 60 characters": (low, high)}
    assert "you, 60 characters" in figures.scoreboard({"a": 1.0}).data
    assert ">1.0 to 1.1</td>" in figures.scoreboard({"a": 1.0}).data
    words = "a 1.44, on your passage:, you, 60 characters 0.0 to 0.1."
    assert words in guesses.board({"a": 1.0}).alt
    tell(panel, click="again")
    assert "Nothing has been found" in panel.static.alt and figures.with_reader({"a": 1.0}) == {
        "a": 1.0
    }
    assert played()[0].static.alt == panel.static.alt


def test_who_gives_up_has_the_letters_tried_from_the_frequent_to_the_rare(played):
    panel, passages = played()
    tell(panel, keys={"guesses": "??"})
    found = [letters[-1] for letters in logbook.guesses()]
    assert found == list(passages[0][game.SHOWN : game.SHOWN + 2])
    assert logbook.guesses() == [game.LETTERS[: game.LETTERS.index(c) + 1] for c in found]


def test_a_model_guesses_the_likeliest_character_first():
    numbers = guesses.numbers_of(MODEL, VOCAB, "the time")
    logits = MODEL(VOCAB.encode(" the tim")[None])[0].tolist()
    for number, row, char in zip(numbers, logits, "the time", strict=True):
        row[VOCAB.unk] = -math.inf
        assert sorted(row, reverse=True)[number - 1] == row[VOCAB[char]]


def test_the_printed_game_adds_up_to_what_shannon_says():
    """Of 102 symbols 79 at the first guess, 8, 3, 2, 2, and only 8 at more than five."""
    assert len(guesses.SENTENCE) == len(guesses.READER) == 102
    assert [guesses.READER.count(k) for k in range(1, 6)] == [79, 8, 3, 2, 2]
    assert sum(number > 5 for number in guesses.READER) == 8


def test_the_slabs_are_dice():
    alt = DEMOS["slabs"]().alt
    assert "1 face: 0 bits, for 20% of" in alt and "4 faces: 2 bits, for 40% of" in alt


def test_a_complete_passage_takes_no_more_guesses(played):
    panel, passages = played()
    rest = passages[0][game.SHOWN :]
    for k in range(0, len(rest), 50):
        tell(panel, keys={"guesses": rest[k : k + 50]})
    tell(panel, keys={"guesses": "abc?"})
    assert "The passage is complete" in panel.static.alt
    assert len(logbook.guesses()) == len(rest)


@pytest.mark.parametrize("context, words", [(7, "the same"), (0, "as likely as it is")])
def test_the_chain_rule_gives_the_share_only_if_all_is_known(context, words):
    assert words in chain.chain_rule("the time", BEGINS, 8, context).alt
    assert chain.chain_rule("the time", BEGINS, 1, context).alt.endswith("the same.")


@pytest.mark.parametrize(
    "believed, written, words",
    [
        (0, 0, f"{math.log(2):.2f} nats: entropy {math.log(2):.2f}, divergence 0.00"),
        (0, 2, "1.20 nats: entropy 0.69, divergence 0.51"),  # -ln(0.9 * 0.1) / 2
        (2, 2, "0.33 nats: entropy 0.33, divergence 0.00; believed 0.90, 0.10, written 0.90, 0.10"),
    ],
)
def test_the_divergence_is_what_is_above_the_entropy(believed, written, words):
    assert words in chain.belief([0.75, 0.25], "ab", believed, written).alt


def test_the_likelihood_is_highest_at_the_share():
    assert "at p = 0.11" in chain.likelihood(2, 18).alt


def images(picture):
    data = re.findall(r'href="data:image/png;base64,([^"]*)"', picture.svg)[0]
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_cliff_shows_the_landscape_with_the_lowest_rows_below():
    image = images(cliff(TERRAIN, 1.0, 0))
    assert image.size == (110, 110)
    above, wedge = image.getpixel((109, 0)), image.getpixel((109, 72))
    assert sum(wedge) < sum(above)  # the loss is small where w is 3.6 and b is 0.1


def test_the_cliff_tells_where_the_path_is():
    assert "a threshold of 1, at (1.70, -0.40) after 0 updates" in cliff(TERRAIN, 1.0, 0).alt
    alt = cliff(TERRAIN, math.inf, 9).alt
    assert "no threshold, at (1.53, -0.22) after 9 updates: loss 1.48, gradient norm 33.6" in alt


def test_the_wall_is_where_the_first_state_is_the_point_from_which_it_would_not_move():
    for wall, sign in zip(TERRAIN.walls, (-1, 1), strict=True):
        ends = [(w, b) for w, b in wall if w > 1.5]
        assert len(ends) > 50
        assert all(abs(b - sign * (0.5 * w - math.atanh(0.5))) < 0.02 for w, b in ends)


def test_the_survey_finds_the_longest_update_and_cuts_along_it():
    assert TERRAIN.place == 9
    distances, losses = TERRAIN.cut
    assert min(losses) < 0.02 < 1.6 < losses[-1] and distances[0] < 0 < distances[-1]
    start = min(range(len(distances)), key=lambda k: abs(distances[k]))
    assert abs(losses[start - 2] - 1.48) < 0.05


def test_a_descent_stops_at_the_minimum_and_keeps_its_steps_short():
    path = descend(lambda w, b: w**2 + 4 * b**2, (1.0, -1.0), threshold=0.5, num_updates=200)
    assert path[0][:3] == (1.0, -1.0, 5.0) and path[0][3] == pytest.approx(math.hypot(2, 8))
    assert path[-1][2] < 1e-6
    assert all(math.dist(a[:2], b[:2]) < 0.0501 for a, b in itertools.pairwise(path))


def test_the_ring_in_the_cut_is_where_the_longest_gradient_led():
    def ring(threshold):
        svg = cliff(TERRAIN, threshold, 0).svg
        return re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)" r="6.0"', svg)[-1]

    (near, low), (far, high) = ring(1.0), ring(math.inf)
    assert float(near) < float(far) and float(low) > float(high)


def test_two_opinions_and_their_mixture():
    came = VOCAB[SENTENCE[12]]
    p, q = FIRST[12][came], SECOND[12][came]
    for weight in (0, 0.3, 1):
        alt = demos.two_opinions(VOCAB, SENTENCE, FIRST, SECOND, 12, weight).alt
        bits = [float(number) for number in re.findall(r"\) (\d+\.\d+)", alt)]
        expected = [-math.log2(value) for value in (p, q, weight * p + (1 - weight) * q)]
        assert bits == pytest.approx(expected, abs=0.006)


def test_the_next_character_agrees_with_the_model():
    logits, _ = warm_up(MODEL, "time ", VOCAB)
    probs = next_probs(logits, 0.5, 3)
    alt = demos.next_character(MODEL, VOCAB, "time ", 0.5, 3).alt
    best = probs.argmax()
    assert "3 characters kept" in alt
    assert f"likeliest {VOCAB.idx_to_token[best]!r} ({probs[best]:.2f})" in alt


def test_a_character_is_drawn_from_that_distribution():
    drawn = {demos.draw_next(MODEL, VOCAB, generator(k), "time ", 1.0, 3) for k in range(60)}
    logits, _ = warm_up(MODEL, "time ", VOCAB)
    logits[VOCAB.unk] = -math.inf
    kept = next_probs(logits, 1.0, 3).nonzero().flatten()
    assert drawn == {"time " + VOCAB.idx_to_token[k] for k in kept.tolist()}


def test_the_cuts_decide_how_many_are_kept_and_not_the_rounding():
    assert f"{len(VOCAB)} characters" in demos.next_character(MODEL, VOCAB, "time ", 0.001).alt
    assert "1 characters" in demos.next_character(MODEL, VOCAB, "time ", top_p=1e-6).alt


def test_unk_is_never_drawn():
    for k in range(200):
        assert "<" not in demos.draw_next(MODEL, VOCAB, generator(k), "time ", 2.0)


def test_temperature_zero_draws_the_likeliest():
    logits, _ = warm_up(MODEL, "time ", VOCAB)
    likeliest = VOCAB.idx_to_token[logits.argmax()]
    assert demos.draw_next(MODEL, VOCAB, generator(), "time ", 0.0) == "time " + likeliest


def test_no_gradient_is_kept():
    with torch.enable_grad():
        demos.unit_text(MODEL, VOCAB, SENTENCE, 5)
    assert all(p.grad is None for p in MODEL.parameters())


def test_two_tables_tell_how_far_they_are_apart():
    assert "cells is 0.00" in tables.two_tables(EVEN, **RUN, updates=0).alt
    apart = max(LEARNED[0]) - 1 / len(NAMES)
    found = tables.two_tables(EVEN, **RUN, updates=5)
    assert "Of 8 characters that both write, 7 are the same" in found.alt
    assert f"is {apart:.2f}." in found.alt and "after 5 updates: perplexity 7.4" in found.svg
    assert found.height == tables.two_tables(EVEN, **RUN, updates=0).height


def test_an_update_settles_below_two_by_the_curvature():
    limit = 2 / (0.08 * 0.33 * 0.67)
    ends = {}
    for rate in (0.9 * limit, 1.1 * limit):
        alt = descent.bowl(0.08, 0.33, 27, rate, 40).alt
        ends[rate < limit] = list(map(float, re.findall(r"(?:is|earlier) (-?\d+\.\d+)", alt)[:2]))
    lowest = math.log(27 * 0.33 / 0.67)
    assert max(abs(o - lowest) for o in ends[True]) < 0.05
    assert min(abs(o - lowest) for o in ends[False]) > 0.1


def test_the_given_loop_is_told_beside_the_repaired_one():
    found = DEMOS["wrong_table"]()
    assert "begins at 28, and after 8 updates it is 99 (given) and 15 (repaired)" in found.alt
    assert "given: e 0.90, u 0.10; repaired: e 0.20, u 0.80" in found.alt


def test_each_occurrence_is_counted_once_or_at_each_length():
    table = {"": Counter("aab")}, {"a": Counter("ab")}
    found = overfitting.occurrences(table, "ab")
    assert found.tolist() == [[[2, 1], [3, 3], [2, 2]], [[0, 1], [0, 2], [0, 2]]]
    assert overfitting.occurrences(table, "ab", every=2).tolist() == found[:, :, :1].tolist()
    first, second = (2 + 2 / 4) / 5, (1 + 2 / 4) / 5
    longer = (1 + 2 * second) / 4
    ends = [math.sqrt(1 / (first * p)) for p in (second, longer)]
    assert overfitting.mixed(found, 4) == pytest.approx(ends)
    assert overfitting.mixed(found, 4, once=True) == pytest.approx(ends)  # 3 times, and 2
    found[1, 1] = torch.tensor([0, 3])  # now both contexts have the same occurrences
    longer = (1 + 2 / 4) / 5
    ends[1] = math.sqrt(1 / (first * longer))
    assert overfitting.mixed(found, 4, once=True) == pytest.approx(ends)


def test_lengths_and_occurrences_are_told():
    found = DEMOS["lengths"]()
    assert "old: lowest at n = 5, 3.00" in found.alt and "new: lowest at n = 6, 3.50" in found.alt
    assert "lowest: 3.50 at n = 6" in found.svg and "lowest: 3.00" not in found.svg
    found = DEMOS["one_place"]()
    assert (
        "with the context to 0.925, over 2 contexts with the same occurrence; a came" in found.alt
    )
    assert "90 times" in found.svg and "2 times" in found.svg and "(none)" in found.svg


def test_a_pair_arrives_when_a_tenth_of_its_distance_is_left():
    assert descent.arrival([0.8, 0.5, 0.08, 0.0]) == 2
    assert descent.arrival([0.8, 0.4, 0.08, 0.0], 0.5) == 1
    assert "22 for q \u2192 u" in DEMOS["waits"]().alt  # 0.9 to the power of 22 is 0.098


def test_texts_are_drawn_from_what_followed():
    book = "abcab" * 30
    texts = tables.by_lengths(book, "ab", [1, 2, 3], 20)
    assert all(len(text) == 22 and text.startswith("ab") for text in texts.values())
    pieces = {texts[3][i : i + 3] for i in range(20)}
    assert all(piece in book for piece in pieces)


def test_a_table_learns_what_was_counted():
    ids = VOCAB.encode(TEXT)
    counted, kept, losses = tables.learning(ids, len(VOCAB))
    assert list(kept) == list(losses) == tables.UPDATES
    a, b = VOCAB["t"], VOCAB["h"]
    share = TEXT.count("th") / (TEXT.count("t") - TEXT.endswith("t"))
    assert math.isclose(counted[a][b], share, rel_tol=1e-5)
    assert abs(kept[2000][a][b] - share) < 0.01 < abs(kept[0][a][b] - share)
    assert losses[2000] < losses[100] < losses[0]


def test_the_copied_pieces_are_found():
    book = "the time traveller for so it will be convenient"
    assert tables.copies("time travel", book, 4) == [True] * 11
    assert tables.copies("no time or", book, 5) == [False] * 2 + [True] * 6 + [False] * 2
    assert tables.copies("abc", book) == [False] * 3


def rects(picture, fill):
    return re.findall(rf'<rect x="([\d.]+)" y="([\d.]+)"[^>]*fill="{fill}"', picture.svg)


def test_words_that_are_known_and_characters_that_are_copied():
    text = "the time of xyzzy"
    drawn = tables.by_order({3: text}, {"the", "time", "of"}, {3: [True] * 17}, 4, 3)
    assert "67% of the words" in drawn.alt and "100% are copied" in drawn.alt
    assert drawn.svg.count('font-style="italic"') == 1 and len(rects(drawn, "#cfe6f5")) == 17


def test_the_tangent_touches_the_curve_at_zero():
    fig = tables.tangent([-2, -1, 0, 1, 2], [4, 1, 3, 1, 4], -0.5, "x", "y")
    curve, line, dot, _ = fig.axes[0].lines
    assert dot.get_xydata().tolist() == [[0, 3]] and len(curve.get_xdata()) == 5
    (x, y), (x1, y1) = line.get_xydata()
    assert math.isclose((y1 - y) / (x1 - x), -0.5) and math.isclose(y - x * -0.5, 3)


def test_what_gates_keep_and_who_passes_is_told_and_drawn_darker_where_more_pass():
    table = DEMOS["kept_and_passed"]()
    assert "bias 0, 10 letters: 6, 0.001; bias 0, 80 letters: 0, 8\u00b710" in table.alt
    colors = re.findall(r'fill="(#[0-9a-f]{6})" stroke="white"', table.svg)
    assert colors[1] == "#ffffff" and colors[0] == colors[2] < colors[1]


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.954, "0.95"),
        (0.02, "0.02"),
        (1e-6, "10\u207b\u2076"),
        (3.8e-6, "4\u00b710\u207b\u2076"),
        (0.0, "0"),
    ],
)
def test_a_share_in_words(share, said):
    assert gates.share_in_words(share) == said


def test_a_round_shows_the_gates_and_the_answer_of_the_network():
    model = PLAYERS_AT[9]
    picture = gates.one_round(PLAYERS_AT, RIVALS_AT, gates_of, "ca!b", 9)
    image, _ = pixels(picture)  # and the key
    assert image.size == (4, 32)  # three letters and the question mark
    right = model(torch.tensor([[2, 0, 1, 8]]))[0, -1].softmax(-1)[2].item()
    other = RIVALS_AT[9](torch.tensor([[2, 0, 1, 8]]))[0, -1].softmax(-1)[2].item()
    assert f"right answer at the end: GRU {right:.2f}, plain RNN {other:.2f};" in picture.alt
    Z = gates_of(model.rnn, one_hot(torch.tensor([[2, 0, 1, 8]]).T, 9))
    assert f"{Z[0].mean().item():.2f} at the first letter" in picture.alt


@pytest.mark.parametrize("letters", ["", "xyz", "A" * 90])
def test_a_round_with_whatever_is_typed(letters):
    picture = gates.one_round(PLAYERS_AT, RIVALS_AT, gates_of, letters, 0)
    assert pixels(picture)[0].size[0] == (42 if "A" in letters else 2)


def test_the_losses_on_the_book_are_told_by_their_means():
    alt = DEMOS["losses_on_the_book"]().alt
    assert "RNN: 3.20 at 1, 1.70 at 8, 1.65 at 16, 1.60 with all; GRU: 3.45 at 1," in alt


def test_shares_of_answers_and_distances_are_told():
    alt = DEMOS["answers_drawn"]().alt
    assert "same gates: right 0.97; other gates: right 0.05; other gates: theirs 0.90" in alt
    assert (
        "by hand: 1.60, then 1.60; always 0.5: 0.80, then 7\u00b710"
        in DEMOS["distances_drawn"]().alt
    )


def test_gradients_are_told_at_the_first_letter():
    alt = DEMOS["gradients_drawn"]().alt
    assert "0.99 0.66, 7 of 10 pass; 0.95 0.12, 7 of 10 pass. After 50 updates: 0.5 0.01;" in alt


def test_those_that_pass_later_and_perplexities_are_told():
    assert "a: 0, then 10; b: 2, then 1" in DEMOS["passed_later"]().alt
    assert (
        "a, 0.01: 4.48 4.71 4.95; 0.02: 4.95. b, 0.01: 4.06." in DEMOS["perplexities_drawn"]().alt
    )


def test_reset_gates_are_told_at_spaces_and_elsewhere():
    assert "At spaces, it is 0.10, and elsewhere 0.40" in DEMOS["resets_drawn"]().alt


def test_rows_of_dots_count_those_that_win():
    alt = DEMOS["rows_of_dots"]().alt
    assert "300, a: 1 of 3; 300, b: 0 of 3;" in alt


@pytest.mark.parametrize(
    ("text", "start", "ring"),
    [
        ("so the fog " + 30 * "and on ", 10, " and on"),
        ("x" + 100 * "a", 1, "a"),
        (30 * "abc", 0, "abc"),
        (TEXT[:170], 170, ""),
    ],
)
def test_the_circle_at_the_end_of_a_text(text, start, ring):
    assert circle_of(text) == (start, ring)


def test_the_circle_tells_where_the_text_is():
    model, vocab = trained_model()
    text = predict(model, "it will", LETTERS, vocab)
    start, ring = circle_of(text)
    way = start - len("it will")
    assert way > 0 and sorted(ring) == sorted(" sanding the")
    for letters in (0, way, way + 1, way + len(ring) + 1):
        alt = circle(model, vocab, "It will", letters).alt
        lap = (letters - way - 1) // len(ring) + 1
        words = f"in round {lap} of the circle of {len(ring)} characters"
        words = words if letters > way else "on the way to the circle"
        assert f"{letters} characters written, {words}" in alt
        assert repr(text[: len("it will") + letters][-60:]) in alt


@pytest.mark.parametrize("beginning", ["", "!?", "x" * 150, "t"])
def test_the_circle_after_any_beginning(beginning):
    for letters in (0, 3, 80):
        alt = circle(MODEL, VOCAB, beginning, letters, WRITTEN).alt
        assert f"{letters} characters written" in alt


def test_a_beginning_is_not_torn_on_the_map():
    """A path may join another one only after the letters that the network did not write."""
    model, vocab = trained_model()
    others = {start: predict(model, start, LETTERS, vocab) for start in ("it was ", "moon ")}
    svg = circle(model, vocab, "weena ", 0, others).svg
    bold = re.findall(r'<text x="[^"]*" y="([^"]*)"[^>]*font-weight="bold">(.)<', svg)
    words = ["".join(char for y, char in bold if y == row) for row in dict(bold)]
    assert sorted(words) == ["itwas", "moon", "weena"]


def test_the_likelihoods_are_told_as_means():
    assert "a 1.50, b 3.00" in DEMOS["likelihoods"]().alt


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("apart", "one round of 12 characters leaves 0.016 of the distance"),
        ("meeting", "after 2 characters: greedy: 12, own dice: 1,000"),
        ("tree", "'u' 0.30, then 't' 0.82: 0.25; 'y' 0.11, then ' ' 0.99: 0.11"),
        ("temperatures", "0.80 at 0.5, 0.60 at 1.0"),
        ("tails", "after 'th', p = 0.9 keeps 2"),
        ("less_sure", "own 2.30 at first and 2.40 at last; Wells 2.30 at first and 2.30 at last"),
        ("variety", "T = 0.5 85 and 14.5; T = 1.0 51 and 18.5; Wells 91 and 18.5"),
    ],
)
def test_a_picture_of_a_choice_tells_its_numbers(name, said):
    assert said in DEMOS[name]().alt


def test_the_race_begins_with_what_is_expected_and_ends_with_what_was_read():
    assert raced(0).alt.startswith("by the validation part: LSTM + 7-gram 3.30, LSTM 3.50")
    assert "the\u2423time" in raced(200).svg and "the\u2423time" not in raced(0).svg
    assert raced(200).alt.startswith("200 characters read: LSTM + 7-gram 3.30")
    assert raced(0).height == raced(400).height
    assert envelope.so_far([math.log(2)] * 3 + [math.log(8)], [1, 4]) == pytest.approx([2, 8**0.5])


def test_labels_are_spread_as_little_as_needed():
    assert envelope.spread([10, 50, 90], 10, 0, 100) == [10, 50, 90]
    assert envelope.spread([50, 50], 10, 0, 100) == [45, 55]
    for wanted in ([1, 2, 3], [97, 98, 99], [40, 41, 60, 62, 64]):
        found = envelope.spread(wanted, 10, 0, 100)
        assert found[0] >= 0 and found[-1] <= 100
        assert all(b - a >= 10 - 1e-9 for a, b in itertools.pairwise(found))


def test_the_board_has_the_best_on_top():
    board = DEMOS["race_board"]()
    assert (
        "fixed: LSTM + 7-gram 3.30, LSTM 3.50, 7-gram 3.60; reading on: LSTM 3.40, zpaq 3.45"
        in board.alt
    )
    heights = [float(y) for y in re.findall(r'y="([\d.]+)"[^>]*>(?:LSTM|7-gram|zpaq)', board.svg)]
    assert "ahead of zpaq" in board.svg and heights == sorted(heights)


def test_a_board_and_a_weight_tell_their_numbers():
    assert "a, lowest 3.40 at a weight of 0.5" in DEMOS["by_weight"]().alt
    far, near = (envelope.board({"LSTM": 3.5} | more, {}, "") for more in ({"blind": 28.0}, {}))
    assert "blind 28.00" in far.svg and far.height == near.height


def test_a_closed_envelope_tells_nothing_of_the_test_part():
    assert "test part is a closed envelope" in DEMOS["envelope"]().alt
    assert "test part: LSTM + 7-gram 3.50 (before: 3.30), LSTM 3.70" in DEMOS["opened"]().alt
    assert "zpaq, the goal" in DEMOS["opened"]().svg
    assert "LSTM over GRU 0.020 ± 0.004, GRU over a 0.010 ± 0.006" in DEMOS["leads"]().alt
    assert DEMOS["leads"]().svg.count("undecided") == 2
    assert "cut off: it ends at 9.00" in DEMOS["by_weight"]().svg
    assert "average: LSTM 3.50, GRU 3.70, RNN 3.85; 7-gram 3.60" in DEMOS["kinds"]().alt
    assert "without: best 4.00 after epoch 2, then 4.50" in DEMOS["held_back"]().alt


def test_at_temperature_0_one_character_is_kept():
    for settings in ({}, {"top_k": 5}, {"top_p": 0.9}):
        assert (
            ": 1 characters kept" in demos.next_character(MODEL, VOCAB, "time ", 0, **settings).alt
        )


def test_doublings_are_one_apart_and_the_sentences_come_one_by_one():
    assert [position(step) for step in (0, 1, 2, 4, 8192)] == [0, 1, 2, 3, 14]
    looks = recorded("trials")["doublings"]["looks"]
    for k in (0, 5, 14):
        picture = after(looks[k]["step"])
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", picture.svg)
        numbers = [f"{math.exp(look['loss']):.1f}" for look in looks]
        assert texts.count(numbers[0]) == 1 and texts.count(numbers[14]) == (k == 14)
        assert looks[k]["sentence"] in picture.alt
    assert len({after(look["step"]).height for look in looks}) == 1


def test_the_slope_of_the_valley_is_the_derivative_of_its_height():
    for turn in (0, 30, 45):
        x, y, h = 0.7, -0.4, 1e-6
        right = (height(x + h, y, turn) - height(x - h, y, turn)) / (2 * h)
        up = (height(x, y + h, turn) - height(x, y - h, turn)) / (2 * h)
        assert slope(x, y, turn) == pytest.approx((right, up), rel=1e-5)


MOMENTUM = partial(torch.optim.SGD, momentum=0.9)
KINDS = [
    ("SGD", torch.optim.SGD),
    ("momentum", MOMENTUM),
    ("v alone", partial(torch.optim.Adam, betas=(0.0, 0.999))),
    ("Adam", torch.optim.Adam),
]


@pytest.mark.parametrize("name, kind", KINDS)
def test_the_walk_is_that_of_pytorch(name, kind):
    path = walk(name, 0.01, 30, 12)
    weights = torch.tensor(path[0], dtype=torch.float64, requires_grad=True)
    optimizer = kind([weights], lr=0.01)
    for point in path[1:]:
        weights.grad = torch.tensor(slope(*weights.tolist(), 30), dtype=torch.float64)
        optimizer.step()
        assert weights.tolist() == pytest.approx(point, abs=1e-6)


def test_a_turned_valley_takes_the_advantage_away():
    means = {
        (name, turn): score(name, best_rate(name, turn), turn)
        for name, _ in KINDS
        for turn in (0, 45)
    }
    for name in ("SGD", "momentum"):
        assert means[name, 0] == pytest.approx(means[name, 45])
    assert means["v alone", 0] < 0.001 and means["v alone", 45] > means["SGD", 45]
    assert max(means["Adam", 0], means["Adam", 45], means["momentum", 0]) < means["SGD", 0] / 10


def test_each_best_rate_lies_inside_its_grid():
    for turn in (0, 45):
        for name, grid in GRIDS.items():
            assert min(grid) < best_rate(name, turn) < max(grid), (name, turn)


def test_where_the_opening_run_reaches_a_loss():
    looks = [{"step": 64, "loss": 3.0}, {"step": 128, "loss": 2.0}, {"step": 512, "loss": 1.0}]
    assert runs.reached(looks, 2.0) == 128
    assert runs.reached(looks, 1.5) == pytest.approx(256)
    with pytest.raises(ValueError, match="does not reach"):
        runs.reached(looks, 0.5)


def test_the_numbers_of_runs_are_told():
    assert "3-gram" not in DEMOS["over"]().alt and "updates" in DEMOS["over"]().alt
    assert "kept: 9.0 after epoch 2; stopped after epoch 4" in DEMOS["stopping"]().alt
    assert "best: 9.0 after epoch 2;" in runs.stopping([2.5, 2.0], [2.5, 2.2]).alt
    assert "0.01, then a tenth: 4.50" in DEMOS["schedules"]().alt
    words = DEMOS["symptoms"]().alt
    assert "without mistakes, keeps 11.0; A: never below 1,000; B: 18.2 at the end" in words
    assert words.endswith("C: keeps 12.2.")


def test_all_directions_are_pushed_equally_far(monkeypatch):
    """The random ones by odd pushes alone, which are enough for straight lines."""
    pushes = []
    monkeypatch.setattr(steering, "built_in", lambda model, push, _: pushes.append(push) or model)
    prompts = VOCAB.encode(TEXT[:20])[None]
    steering.steered_texts(MODEL, VOCAB, TEXT[:400], prompts, [2.0, 3.0], 3)
    assert [push.norm().item() for push in pushes] == pytest.approx([2, 3, 3, 3, 3], rel=1e-4)


def test_the_share_is_that_of_the_characters_that_are_asked_for():
    def share(chars):
        return steering.share_of(MODEL, VOCAB, VOCAB.encode(TEXT[:20])[None], chars)

    shares = [share(char) for char in sorted(set(TEXT))]
    assert sum(shares) <= 1.001 and share("it") == pytest.approx(share("i") + share("t"))


def test_steering_marks_the_vowels_that_were_written():
    few, many = (steering.steering(STEERED, a).svg.count("#cfe3f1") for a in (-3.0, 3.0))
    assert few == 37  # the line below, with the most vowels; those of the beginning do not count
    assert many - few > 100
    assert (
        "With a push of -3, 2% of the characters are vowels" in steering.steering(STEERED, -3.0).alt
    )


def test_a_push_in_the_weights_is_a_push_of_what_reads_the_state():
    X, push = torch.tensor([[1, 4, 2]]), torch.randn(MODEL.rnn.num_hiddens, generator=generator(9))
    for both in ((push, push), (push, 0 * push), (0 * push, push)):
        logits, H = [], torch.zeros(1, len(push))
        for x in X[0]:
            rnn = MODEL.rnn
            H = torch.tanh(rnn.W_xh[x] + (H + both[1]) @ rnn.W_hh + rnn.b_h)
            logits.append((H + both[0]) @ MODEL.W_hq + MODEL.b_q)
        found = steering.built_in(MODEL, *both)(X)[0]
        assert torch.allclose(found, torch.cat(logits), atol=1e-5)


def test_states_in_a_plane_have_their_component_along_the_probe():
    flat = steering.flat_states(MODEL, VOCAB, TEXT[:400], TEXT[:300], 20)
    H = steering.states_of(MODEL, VOCAB.encode(TEXT[:400]))[:-1]
    u = steering.probed(H, steering.is_vowel(TEXT[:400], 1))
    first = steering.states_of(MODEL, VOCAB.encode(TEXT[:1]))[0]
    assert flat.points[0][0] == pytest.approx((first @ u).item(), abs=1e-4)
    assert flat.mean == pytest.approx((H @ u).mean().item(), abs=1e-4)
    assert len(flat.points) == len(flat.before_vowel) == 20


def test_held_states_stand_on_one_line_and_keep_their_height():
    def states(held):
        found = re.findall(r'cx="([\d.]+)" cy="([\d.]+)" r="3.6"', steering.plane(FLAT, held).svg)
        return found[: len(FLAT.points)]

    free, (line, *others) = states(False), [x for x, _ in states(True)]
    assert [y for _, y in free] == [y for _, y in states(True)]
    assert others == [line, line] and len({x for x, _ in free}) == 3


def test_the_flattest_curve_is_compared_with_random_directions():
    curves = {"steep": {-3: 0.0, 3: 0.9}, "flat": {-3: 0.3, 3: 0.35}}
    for random, words in (
        ({-3: [0.2, 0.4], 3: [0.3, 0.4]}, "no more than random"),
        ({-3: [0.2, 0.4], 3: [0.3, 0.32]}, None),
        (None, "hardly any change"),
    ):
        svg = steering.shares_by_push(curves, (), random).svg
        for note in ("no more than random", "hardly any change"):
            assert (note in svg) == (note == words)


def test_a_direction_is_compared_with_the_random_ones_of_its_own_row():
    rows = {"one": (1.0, 0.5, 0.3), "other": (0.7, 0.1, 0.3)}
    random = {"one": ([0.6, 0.9], [0.2], [0.1]), "other": ([0.6, 0.8], [0.2], [0.1])}
    picture = steering.one_look(rows, random)
    assert picture.svg.count("like random ones") == 2
    assert "one, can it be read? 1.00, and random directions 0.60 to 0.90" in picture.alt


def test_tables_of_characters_know_what_came_after_them():
    """After x comes a vowel in each second place, so that one character does not tell."""
    text = "xaxb" * 30
    answer = steering.is_vowel(text, 1)
    for n, values in steering.tables(text, text).items():
        yes, no = values[8:][answer[8:]], values[8:][~answer[8:]]
        assert (yes.min() > no.max()) == (n > 1), n


def test_the_area_under_the_drawn_curve_is_that_of_the_pairs():
    values, positive = ROWS
    xs, ys = steering.rates(values, positive)
    drawn = sum(
        (x1 - x0) * (y0 + y1) / 2 for x0, x1, y0, y1 in zip(xs, xs[1:], ys, ys[1:], strict=False)
    )
    pairs = values[positive][:, None] > values[~positive]
    assert drawn == pytest.approx(pairs.float().mean().item(), abs=0.02)
