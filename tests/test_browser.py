"""The course in a real JupyterLab, in a real Chromium: curves move, controls answer."""

import itertools
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from functools import partial

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe

from charrnn_helpers import checks
from tests.lab import OUTPUT, TEXTS, Page, jupyter_lab, wait_for
from tools.course import NOTEBOOKS, ROOT

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]  # one JupyterLab for all


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A folder with copies of the notebooks, and the address at which JupyterLab serves it."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    folder.mkdir()
    for path in NOTEBOOKS:
        shutil.copy(path, folder)
    with jupyter_lab(folder) as address:
        yield folder, address


@pytest.fixture
def open_page(browser, served):
    """Open a notebook; at the end, no error of ours may stand in the browser's console."""
    pages = []

    def open_page(name):
        pages.append(Page(browser, served[1], f"{name}.ipynb"))
        return pages[-1]

    yield open_page
    for page in pages:
        page.close()
    assert [complaint for page in pages for complaint in page.complaints()] == []


def write(folder, name, *sources):
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata = nbformat.read(NOTEBOOKS[0], as_version=4).metadata
    nbformat.write(notebook, folder / f"{name}.ipynb")


def serious(page):
    """The violations of level serious or critical in the notebook's outputs.

    The sliders of ipywidgets, which a reader makes in notebook 6, have no name for a screen reader.
    """
    context = {"include": [[OUTPUT]], "exclude": [[".widget-slider"]]}
    found = Axe().run(page.page, context=context).response["violations"]
    return [
        (v["id"], [node["html"][:120] for node in v["nodes"]])
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


COCKPIT = """
import torch
from charrnn_helpers.book import load_time_machine
from charrnn_helpers.show.cockpit import TrainingCockpit
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import make_model
from charrnn_helpers.training import Options
torch.set_num_threads(1)  # on a busy machine, two threads wait for each other at every step
data = TimeMachine(32, 32, load_time_machine())
model = make_model(len(data.vocab), num_hiddens=64, sigma=0.1)
cockpit = TrainingCockpit(model, data, Options(num_epochs=1000, carry_state=True))
history = cockpit.run()
""".strip()
AFTER = """
print("after:", sorted({r.lr for r in cockpit.history}), [str(c) for c in cockpit.changes])
""".strip()
SCENE = """
from charrnn_helpers.show.controls import Slider, explore
from charrnn_helpers.show.chain import belief
sliders = {"believed": Slider("a", range(9), 1), "written": Slider("b", range(9), 1)}
explore(belief, "A scene", probs=[0.75, 0.25], names="ab", **sliders)
""".strip()


RUN = """
import torch
from charrnn_helpers.book import load_text, story_path
from charrnn_helpers.data import TimeMachine
from charrnn_helpers.model import make_model
from charrnn_helpers.sampling import predict
from charrnn_helpers.show.live import live_plot
from charrnn_helpers.training import Options, train
torch.set_num_threads(1)
data, history = TimeMachine(32, 32, load_text(story_path())), []
model = make_model(len(data.vocab), num_hiddens=64, sigma=0.1)
options = Options(num_epochs=40, lr=0.01, carry_state=True, optimizer=torch.optim.Adam)
run = train(model, data.train_streams(), options)
""".strip()
WATCH = """
live_plot(
    run,
    sample=lambda: predict(model, "the time traveller", 60, data.vocab),
    num_epochs=40,
    history=history,
)
print(f"{len(history)} records of {40 * len(data.train_streams())}")
""".strip()


def watch(page, num_frames, every):
    """Look at the live plot until so many frames differ: it does not jump, and the model writes."""
    frames, heights = [], set()
    while len(set(frames)) < num_frames:
        assert page.status() == "busy" and len(frames) < 1000
        frames.append(page.live_words())
        heights.add(page.live_height())
        time.sleep(every)
    assert len(heights - {None}) == 1  # no jump
    assert "The model writes: the time traveller" in frames[-1]


def test_a_run_is_watched_interrupted_continued_and_saved(open_page, served):
    write(served[0], "run", RUN, WATCH, SCENE)
    page = open_page("run")
    page.restart_and_run_all()
    wait_for(lambda: page.live_words(), 120)
    watch(page, 4, every=0.1)
    page.interrupt()
    page.expect_in(300, "Interrupted after step")
    page.run_cell("live_plot(")  # the same run goes on
    page.expect_in(300, " records of ")
    done, of = re.findall(r"\d+", page.text_of(" records of ").splitlines()[-1])
    assert done == of
    page.run_cell("explore(")
    page.wait_until_idle(300)
    assert page.problems() == 0
    shown = page.save_and_shut_down()
    assert any("epoch 40.0 of 40" in words for words in shown)
    fresh = open_page("run")  # the kernel is gone, and so are its widgets, but for what was saved
    wait_for(lambda: fresh.images() == shown, 120)  # the page fills from the top
    demo = fresh.page.locator(".charrnn-panel .charrnn-picture svg")
    demo.scroll_into_view_if_needed(timeout=120_000)
    assert demo.is_visible()
    assert "model not found" not in fresh.page.locator(".jp-Notebook").inner_text()


@pytest.mark.parametrize(
    "path",
    [NOTEBOOKS[0], *(pytest.param(path, marks=pytest.mark.long) for path in NOTEBOOKS[1:])],
    ids=lambda path: path.stem,
)
def test_a_committed_notebook_shows_its_figures_to_a_stranger(open_page, path):
    """Opened for the first time, a notebook is not trusted: JupyterLab takes scripts out of it."""
    saved = str(nbformat.read(path, as_version=4)).count("<img ")
    assert saved >= 3
    page = open_page(path.stem)
    wait_for(lambda: len(page.images()) == saved, 120)


# What the demos of the notebooks are given, on one page; the numbers stand for those of models.
SCENERY = """
from collections import Counter, defaultdict
import math
from functools import partial
from types import SimpleNamespace
import torch
from charrnn_helpers.book import story_path
from charrnn_helpers.counting import KneserNey
from charrnn_helpers.data import preprocess
from charrnn_helpers.model import GRUScratch, make_model
from charrnn_helpers.sampling import advance, apply_temperature, keep_top_k, keep_top_p, next_probs
from charrnn_helpers.sampling import predict, sample, warm_up
from charrnn_helpers.show.controls import Button, Slider, Text, explore
from charrnn_helpers.show.demos import draw_next
from charrnn_helpers.show.style import visible
from charrnn_helpers.trained import recorded, trained_model
from charrnn_helpers.training import perplexity
model, vocab = trained, trained_vocab = trained_model()
model_vocab, text = vocab, preprocess(story_path().read_text(encoding="utf-8"))
test_text, val_text, data = text, text, SimpleNamespace(text=text)
greedy = [predict(model, start, 170, vocab) for start in ("it was ", "moon ")]
actual = (torch.eye(28) + 1) / 29
share = torch.linspace(0.0001, 0.1, 28)[:, None]
phrase, beginnings = "the time", ["it was ", "moon "]
begins = Counter(text[i : i + n] for i in range(len(text) - 8) for n in range(9))
runs = {rate: ([actual.tolist()] * 2001, [3.0] * 2001) for rate in (5, 50, 200)}
train_text, beginning = text, "there was a "
seen_text, prompts = text[:20_000], vocab.encode(text[:4000]).reshape(100, 40)
answer = torch.arange(2000) % 3 == 0
z = torch.where(answer, 2.0, -2.0) + torch.linspace(-1.9, 1.9, 2000)
tables, ngrams = [defaultdict(lambda: Counter(text))] * 12, {1: 2.8, 12: 1.4}
t, h = vocab["t"], vocab["h"]
ids = vocab.encode(text)
texts = {n: n * "there was a " for n in range(2, 9)}
def remember(w, b):
    h = torch.tensor([0.5, -0.5], dtype=torch.double)
    for _ in range(20):
        h = torch.tanh(w * h + b)
    return (h - torch.tensor([0.8, -0.8])).pow(2).mean(-1)
n, best, test_ids = 3, KneserNey(text, 3, 28), ids[:400]
rnn, ngram = torch.linspace(0, 1, 300), torch.linspace(1, 0.5, 300) ** 2
opinions, seven, duo = recorded("opinions"), "7-gram", "LSTM 640 + 7-gram"
rivals = ["RNN 768", "LSTM 640", seven, f"{duo}, reading on"]
came = {name: torch.linspace(0.1 + k / 50, 0.9, 400) for k, name in enumerate(rivals)}
expected = {name: 3.9 - k / 10 for k, name in enumerate(rivals)}
found, marks = recorded("gates"), [25, 300]
players = {update: make_model(9, 32, 0.1, update, GRUScratch) for update in marks}
rnns = {update: make_model(9, 32, 0.1, update) for update in marks}
@torch.no_grad()
def gates_of(rnn, inputs):
    outputs, _ = rnn(inputs)
    before = torch.stack([torch.zeros_like(outputs[0]), *outputs[:-1]])
    return torch.sigmoid(inputs @ rnn.W_xz + before @ rnn.W_hz + rnn.b_z)
""".strip()


GAME = """
from charrnn_helpers.book import story_path
from charrnn_helpers.data import preprocess
from charrnn_helpers.show.controls import explore
from charrnn_helpers.show.game import SHOWN, Game, guessing_game
game = Game(preprocess(story_path().read_text(encoding="utf-8")))
print("rest:", game.passages[0][SHOWN : SHOWN + 40] + ".")
""".strip()
PLAY = """
explore(guessing_game, "Game", passages=game.passages, guesses=game.keys, again=game.again)
""".strip()


def test_letters_typed_quickly_arrive_once_and_in_their_order(open_page, served):
    write(served[0], "game", GAME, PLAY)
    page = open_page("game")
    page.restart_and_explore(300)
    rest = re.search(r"rest: (.*)\.", page.text_of("rest: "))[1]
    panel = page.page.locator(".charrnn-panel")
    words = partial(panel.locator("svg").get_attribute, "aria-label")
    assert "Nothing has been found yet" in words()
    panel.get_by_label("your guess").click()
    page.page.keyboard.type(rest)
    wait_for(lambda: "found: 40 characters" in words(), 60)
    assert panel.get_by_label("your guess").input_value() == ""
    page.page.keyboard.press("Escape")
    assert page.has_focus_on_a_cell() and page.problems() == 0


def demos():
    """Yield each cell of the notebooks that makes a demo, and the names of its sliders."""
    for path in NOTEBOOKS:
        for before, cell in itertools.pairwise(nbformat.read(path, as_version=4).cells):
            if cell.cell_type == "code" and re.search("^explore\\(", cell.source, re.M):
                needed = before.cell_type == "code" and not before.outputs  # what it is given
                source = f"{before.source}\n{cell.source}" if needed else cell.source
                yield source, re.findall(r"(\w+)=Slider\(", cell.source)


def test_the_demos_answer_on_one_page(open_page, served):
    sources = list(demos())
    assert len(sources) >= len(NOTEBOOKS)
    cells = (c for path in NOTEBOOKS for c in nbformat.read(path, as_version=4).cells)
    imports = [c.source for c in cells if c.source.startswith("# Imported: ")]
    scenery = "\n".join([SCENERY, *imports])
    write(served[0], "demos", scenery, *[source for source, _ in sources])
    page = open_page("demos")
    page.page.set_viewport_size({"width": 1280, "height": 9000})  # all of them at once
    page.restart_and_explore(600)
    assert page.problems() == 0
    panels = page.page.locator(".charrnn-panel")
    wait_for(lambda: panels.count() == len(sources), 120)
    assert page.page.get_by_text("Changes so far").count() == 0  # that is for the cockpit
    for i, (_, sliders) in enumerate(sources):
        for name in sliders[:1]:
            answers_when_moved(page, panels.nth(i), name)
        stands_still(panels.nth(i))
    look(page)


def answers_when_moved(page, panel, name):
    slider, picture = panel.locator(f"input[data-name={name}]"), panel.locator(".charrnn-picture")
    before = picture.inner_html()
    last = slider.input_value() == slider.get_attribute("max")
    slider.press("ArrowLeft" if last else "ArrowRight")
    wait_for(lambda: picture.inner_html() != before, 120)
    assert panel.locator("p").inner_text() == ""  # no complaint
    slider.press("Escape")
    assert page.has_focus_on_a_cell()


def look(page):
    """No serious violation, in both themes."""
    assert serious(page) == []
    page.in_the_dark()
    assert serious(page) == []


# The notebook with the cockpit waits for its reader, and has a test of its own.
WITH_DEMOS = [
    path
    for path in NOTEBOOKS
    if "explore(" in path.read_text(encoding="utf-8") and not path.stem.endswith("training")
]


@pytest.mark.long
@pytest.mark.parametrize("path", WITH_DEMOS, ids=lambda path: path.stem)
def test_the_demos_answer_in_their_notebook(open_page, path):
    page = open_page(path.stem)
    page.restart_and_explore(900)
    assert page.problems() == 0
    panels = page.page.locator(".charrnn-panel")
    for panel in [panels.nth(i) for i in range(panels.count())]:
        for slider in panel.locator("input[type=range]").all()[:1]:
            answers_when_moved(page, panel, slider.get_attribute("data-name"))
            times = [page.redraw_time(slider) for _ in range(6)]
            print(f"\n{path.stem}: redrawn after {sorted(round(ms) for ms in times)} ms")
        stands_still(panel)
    look(page)


def stands_still(panel):
    """Move each slider to its ends: the height stays, and texts are large and apart."""
    panel.scroll_into_view_if_needed()
    heights, found = set(), []
    sliders, picture = panel.locator("input[type=range]"), panel.locator(".charrnn-picture")
    for slider in [sliders.nth(i) for i in range(sliders.count())]:
        for key in ("Home", "End"):
            before = picture.inner_html()
            slider.press(key)
            for _ in range(10):  # it may be there already, or change nothing
                if picture.inner_html() == before:
                    time.sleep(0.05)
            heights.add(panel.evaluate("panel => panel.getBoundingClientRect().height"))
            found.append(picture.locator("svg").evaluate(TEXTS))
    assert len(heights) <= 1, heights  # a game without sliders has none
    assert all(seen["smallest"] >= 12 for seen in found)
    assert [seen["pairs"] for seen in found if seen["pairs"]] == []


def test_the_cockpit_from_the_keyboard(open_page, served):
    """Pause, step, and play; sliders; the pause at the end of the budget; Stop; an interrupt.

    Nothing moves or overlaps, and the focus comes back to the notebook.
    """
    short = COCKPIT.replace("num_epochs=1000", "num_epochs=30")
    write(served[0], "cockpit", short, AFTER)
    page = open_page("cockpit")
    page.restart_and_steer()
    panel = page.page.locator(".charrnn-panel")
    button = lambda name: panel.locator(f"button[data-name={name}]")  # noqa: E731
    said = panel.locator(".charrnn-message")
    assert said.inner_text() == "Training."
    heights = [page.cell_height()]
    assert button("play").get_attribute("aria-pressed") == "true"
    assert button("step").is_disabled()
    button("play").press(" ")
    wait_for(lambda: "paused" in page.live_words(), 120)
    assert button("play").get_attribute("aria-pressed") == "false"
    paused = page.live_words()
    time.sleep(1)
    assert step_of(page.live_words()) == step_of(paused)
    button("step").press(" ")
    wait_for(lambda: step_of(page.live_words()) == step_of(paused) + 1, 120)
    button("play").press(" ")
    wait_for(lambda: step_of(page.live_words()) > step_of(paused) + 20, 120)
    lr = panel.locator("input[data-name=lr]")
    lr.press("ArrowRight")
    assert panel.locator("output").first.inner_text() == "2"
    panel.locator("summary").click()
    wait_for(lambda: "learning rate from 1 to 2" in panel.locator("ol").inner_text(), 120)
    panel.locator("summary").click()
    for key in ["ArrowLeft"] * 3 + ["ArrowRight"] * 2:
        lr.press(key)
        time.sleep(0.3)
        heights.append(page.cell_height())
    lr.press("Escape")
    assert page.has_focus_on_a_cell()
    assert serious(page) == []
    wait_for(lambda: "Paused after 30 epochs" in said.inner_text(), 600)
    assert page.status() == "busy"  # the cell has not ended
    time.sleep(1)
    heights.append(page.cell_height())
    seen = page.live_picture().evaluate(TEXTS)
    assert seen["pairs"] == [] and seen["smallest"] >= 12
    button("play").press(" ")
    wait_for(lambda: said.inner_text() == "Training.", 120)
    button("stop").press("Enter")
    wait_for(lambda: "Stopped after step" in said.inner_text(), 300)
    page.expect_in(300, "after: [")
    assert "learning rate from 1 to 2" in page.text_of("after:")
    page.wait_until_idle(300)
    heights.append(page.cell_height())
    assert len(set(heights)) == 1
    assert page.has_focus_on_a_cell()
    assert panel.locator("button:enabled, input:enabled").count() == 0
    assert page.problems() == 0


def test_a_cockpit_is_interrupted_and_its_kernel_restarted(open_page, served):
    """An interrupt ends it, and the next cell runs; after a restart, the new controls answer."""
    write(served[0], "restart", SCENE, COCKPIT, AFTER)
    page = open_page("restart")
    page.forgiven = ["Comm not found"]  # of the kernel that was shut down
    page.restart_and_run_all()
    wait_for(lambda: page.live_words(), 120)
    page.interrupt()
    page.expect_in(300, "after: [1.0] []")
    page.menu("Edit", "Clear Outputs of All Cells")  # or Stop might be that of the dead panel
    page.restart_and_run_all()
    wait_for(lambda: page.live_words(), 120)
    page.menu("Edit", "Clear Outputs of All Cells")
    page.restart_and_steer()  # while it trains
    slider = page.page.locator("input[data-name=believed]").last
    slider.press("End")
    wait_for(
        lambda: "entropy 0.00" in page.page.locator(".charrnn-picture").first.inner_html(), 120
    )
    page.page.locator("button[data-name=stop]").last.click()
    page.expect_in(300, "after: [1.0] []")
    assert page.problems() == 0


STARTED = "import os\nprint('kernel', os.getpid(), 'runs')"


@pytest.mark.long
@pytest.mark.parametrize("times", [200])
def test_no_start_of_a_kernel_hangs(open_page, served, times):
    """Restart and run all, while two other processes keep the cores busy."""
    write(served[0], f"starts{times}", STARTED, SCENE)
    page = open_page(f"starts{times}")
    page.forgiven = ["Comm not found"]  # of the kernels that were shut down
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        before, seconds = "", []
        for _ in range(times):
            start = time.monotonic()
            page.menu("Kernel", "Restart Kernel and Run All Cells", asks=True)
            said = page.page.locator(OUTPUT, has_text="kernel").first
            changed = lambda: said.count() and said.inner_text() not in ("", before)  # noqa: B023, E731
            wait_for(changed, 300)
            before = said.inner_text()
            page.wait_until_idle(300)
            seconds.append(time.monotonic() - start)
        print(f"\n{times} starts: median {statistics.median(seconds):.1f} s, {max(seconds):.1f} s")
    finally:
        for process in load:
            process.kill()
            process.wait()
    assert page.problems() == 0


def step_of(words):
    return int(re.search(r"step ([\d,]+)", words).group(1).replace(",", ""))


EXERCISES = [
    "from charrnn_helpers import checks\nimport torch\nkept = 'kept'",
    "checks.windows(...)",
    "checks.two_numbers(lambda n: torch.arange(2 * n).reshape(n, 2))",
    "checks.two_numbers(lambda n: torch.stack([torch.arange(n), torch.arange(n) ** 2], 1))",
    'checks.hint("windows", 2)',
    'checks.solution("windows")',
    'checks.predict("large_logits", "nan")',
    'checks.reveal("large_logits", float("inf"))',
    "def my_windows(ids, num_steps):\n    while True:\n        kept = 'lost'",
    "checks.windows(my_windows)",
    "checks.progress()",
    "print(kept, 'and going on')",
]


def test_verdicts_in_the_browser(open_page, served):
    """Seen with their colors, in words and without harm; the endless answer is stopped."""
    write(served[0], "verdicts", *EXERCISES)
    page = open_page("verdicts")
    page.restart_and_run_all()
    wait_for(lambda: "kept and going on" in page.page.locator(OUTPUT).last.inner_text(), 120)
    page.wait_until_idle(600)
    text = page.page.locator(".jp-Notebook").inner_text()
    for words in (
        "Not tried yet: windows and targets",
        "Not right yet: two numbers for each token",
        "it returned",
        "expected",
        "Passed: two numbers for each token",
        "Hint 2 of 3",
        "def my_windows(ids, num_steps):",
        'Your prediction: "nan"',
        "Not as predicted",
        "Your code did not return within 2 seconds",
        f"1 of {len(checks.EXERCISES)} exercises passed; 1 prediction revealed, 0 right",
    ):
        assert words in text, words
    border = "el => getComputedStyle(el).borderLeftColor"
    verdict = page.page.locator(f"{OUTPUT} div[style*='border-left']")
    colors = {verdict.nth(i).evaluate(border) for i in range(verdict.count())}
    assert len(colors) >= 3  # not tried, wrong, passed
    assert serious(page) == []  # contrast, among other things
    shots = os.environ.get("CHARRNN_SHOTS")
    for theme in ("light", "dark"):
        if theme == "dark":
            page.in_the_dark()
            assert serious(page) == []
        if shots:
            page.page.set_viewport_size({"width": 1280, "height": 2600})
            page.page.screenshot(path=f"{shots}/verdicts-{theme}.png")


# The whole of one notebook, as a reader goes through it.


@pytest.mark.long
def test_notebook_06_from_the_first_cell_to_the_last(open_page, served):
    """Fly the cockpit, watch our recipe, interrupt, go on, and look at what was saved."""
    folder, _ = served
    notebook = nbformat.read(ROOT / "notebooks/06_training.ipynb", as_version=4)
    place = [cell.source for cell in notebook.cells].index("flight = cockpit.run()")
    notebook.cells.insert(place + 1, nbformat.v4.new_code_cell(AFTER))
    budget = notebook.cells[place - 1]
    assert "num_epochs=4," in budget.source
    budget.source = budget.source.replace("num_epochs=4,", "num_epochs=300,")  # as the text says
    nbformat.write(notebook, folder / "flight.ipynb")
    page = open_page("flight")
    page.restart_and_run_all()

    panel = page.page.locator(".charrnn-panel")
    panel.wait_for(timeout=900_000)
    page.controls_answer()
    panel.locator("input[data-name=lr]").press("ArrowRight")
    assert panel.locator("output").first.inner_text() == "2"
    panel.locator("summary").click()
    changes = panel.locator("ol")
    wait_for(lambda: "learning rate from 1 to 2" in changes.inner_text(), 120)
    assert serious(page) == []
    panel.locator("button[data-name=stop]").press("Enter")
    page.expect_in(300, "after: [1.0, 2.0] ['step ")
    assert "learning rate from 1 to 2" in page.text_of("after:")

    wait_for(lambda: page.live_words(), 300)  # our recipe
    watch(page, 8, every=0.2)
    page.wait_until_idle(600)
    assert page.problems() == 0

    page.run_cell("network, run = start_recipe(")  # begin anew, break off, and go on
    page.run_cell("validate=lambda: evaluate(network")
    wait_for(lambda: page.live_words(), 120)
    page.interrupt()
    page.expect_in(300, "Interrupted after step")
    page.run_cell("validate=lambda: evaluate(network")
    page.wait_until_idle(600)
    assert any("epoch 9.0 of 9" in words for words in page.images())
    page.run_cell('scores = {"blind')
    page.wait_until_idle(600)
    assert page.problems() == 0

    shown = page.save_and_shut_down()
    fresh = open_page("flight")
    assert len(shown) >= 4
    wait_for(lambda: fresh.images() == shown, 120)  # the page fills from the top
