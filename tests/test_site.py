"""The online edition: links, the model in the page beside the package's, browsers, both themes."""

import base64
import html
import math
import re
import urllib.parse
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from charrnn_helpers import checks
from charrnn_helpers.checks.predictions import PREDICTIONS
from charrnn_helpers.data import preprocess
from charrnn_helpers.model import one_hot
from charrnn_helpers.sampling import next_probs
from charrnn_helpers.trained import recorded, trained_model
from tools.course import NOTEBOOKS, is_folded
from tools.growth import restored
from web import links
from web.build import for_readers
from web.site import build

pytestmark = [  # one worker builds the site for all; the warnings are those of Sphinx's extensions
    pytest.mark.xdist_group("pages"),
    pytest.mark.filterwarnings("ignore"),
]
SHARE = ["index.html", "notebooks/02_recurrence.html"]


def pages_of(site):
    """Return the pages of a site, without the slides."""
    return [path for path in site.rglob("*.html") if "slides" not in path.relative_to(site).parts]


class Links(HTMLParser):
    """Collect the links, and what they may point to, of one page."""

    def __init__(self, path):
        super().__init__()
        self.links, self.parts, self.anchors = [], [], {""}
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.anchors |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("script", "img", "link", "iframe"):
            self.parts += [found[key] for key in ("src", "href") if found.get(key)]


def split(path, link):
    """Return the file and the anchor that a link on a page points to."""
    address = urllib.parse.urlsplit(link)
    place = path if not address.path else path.parent / urllib.parse.unquote(address.path)
    return place.resolve(), urllib.parse.unquote(address.fragment)


def test_every_link_and_anchor_leads_somewhere_and_nothing_comes_from_elsewhere(site):
    pages = {path.resolve(): Links(path) for path in pages_of(site)}
    count = 0
    for path, page in pages.items():
        for link in [*page.links, *page.parts]:
            if link.startswith(("http://", "https://", "mailto:")):
                assert link in page.links, f"{path.name} loads {link}"
                continue
            if link.startswith("data:"):
                continue
            count += 1
            target, anchor = split(path, link)
            assert target.exists(), f"{path.name}: {link}"
            assert target not in pages or anchor in pages[target].anchors, f"{path.name}: {link}"
    print(f"\n{len(pages)} pages, {count} links")
    assert count


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_folded_cell_shows_its_first_line_and_its_picture(site, browser, path):
    cells = [c for c in for_readers(nbformat.read(path, as_version=4)).cells if is_folded(c)]
    page, _ = opened(browser, site / "notebooks" / f"{path.stem}.html")
    buttons = page.get_by_role("button", name="Show the outcome")
    while buttons.count():
        buttons.first.click()
    folds = page.locator(".tag_hide-input > details")
    lines = [cell.source.splitlines()[0].removeprefix("# ") for cell in cells]
    assert [text.split("\n")[0].strip() for text in folds.all_inner_texts()] == lines
    assert not any(
        page.locator(".tag_hide-input .cell_input").nth(k).is_visible() for k in range(3)
    )
    page.emulate_media(media="print")
    assert not folds.first.is_visible()
    page.close()


def opened(browser, path, **settings):
    """Return a page, and the list of its errors, opened from the disk without a network."""
    page = browser.new_context(offline=True, **settings).new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("requestfailed", lambda request: errors.append(request.url))
    page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
    page.goto(path.as_uri())
    return page, errors


def test_the_model_in_the_page_is_that_of_the_package(site, browser, story):
    page, errors = opened(browser, site / "play.html")
    text = preprocess(story)[5000:6000]
    model, vocab = trained_model()
    with torch.no_grad():
        states, _ = model.double().rnn(
            one_hot(vocab.encode(text), len(vocab)).double().unsqueeze(1)
        )
        H = torch.cat(states)
        probs = (H @ model.W_hq + model.b_q).softmax(dim=1)
    found = page.evaluate(
        """text => {
          const { model } = charrnnDemos;
          return charrnn.read(model, text).slice(1).map((H) => {
            return [[...H], [...charrnn.softmax(charrnn.logits(model, H))]];
          });
        }""",
        text,
    )
    differences = [
        (torch.tensor([row[k] for row in found]).double() - ours).abs().max().item()
        for k, ours in enumerate((H, probs))
    ]
    print(f"\nlargest difference: states {differences[0]:.1e}, probabilities {differences[1]:.1e}")
    assert max(differences) < 1e-5 and errors == []


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [
        (1, None, None),
        (0.5, None, None),
        (0, None, None),
        (0.7, 3, None),
        (1.2, None, 0.8),
        (1, 5, 0.6),
    ],
)
def test_the_distribution_is_that_of_the_package(site, browser, temperature, top_k, top_p):
    page, _ = opened(browser, site / "play.html")
    logits = torch.randn(28, generator=torch.Generator().manual_seed(0)) * 2
    ours = next_probs(logits, temperature, top_k, top_p).double()
    settings = {"temperature": temperature, "topK": top_k, "topP": top_p}
    words = "([O, settings]) => [...charrnn.nextProbs(Float64Array.from(O), settings)]"
    theirs = torch.tensor(page.evaluate(words, [logits.tolist(), settings])).double()
    assert torch.allclose(theirs, ours, rtol=0, atol=1e-6)


def test_the_same_cleaning_of_a_text(site, browser):
    page, _ = opened(browser, site / "play.html")
    for text in ["The  Time-Machine, 1895!", "Élan ÉLAN", "a_b  ß", "It's\n5 o'clock "]:
        assert page.evaluate("text => charrnn.preprocess(text)", text) == preprocess(text)


def test_the_book_goes_on_writing_until_it_is_paused(site, browser):
    page, errors = opened(browser, site / "index.html")
    book = page.locator(".charrnn-book")
    page.wait_for_function("document.querySelector('.charrnn-book').textContent.length > 40")
    assert book.text_content().startswith("the time traveller ")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_selector("[aria-pressed=false]")
    expect(page.get_by_role("button", name="Write", exact=True)).to_be_visible()
    text = book.text_content()
    page.wait_for_timeout(300)
    assert book.text_content() == text
    page.get_by_role("button", name="One character").click()
    longer = "length => document.querySelector('.charrnn-book').textContent.length > length"
    page.wait_for_function(longer, arg=len(text))  # the new character may be a space
    assert book.text_content()[:-1] == text
    page.get_by_label("it begins with").fill("Weena, ")
    expect(book).to_have_text("weena ")
    page.get_by_label("it begins with").fill("\u0416\u0438\u043b")
    expect(page.locator(".charrnn-message")).to_contain_text("never seen \u0436")
    assert errors == []


def test_an_empty_field_stops_the_writer_only_until_there_is_a_text(site, browser):
    page, errors = opened(browser, site / "index.html")
    page.wait_for_function("document.querySelector('.charrnn-book').textContent.length > 25")
    page.get_by_label("it begins with").fill("")
    expect(page.locator(".charrnn-message")).to_contain_text("at least one character")
    page.get_by_label("it begins with").fill("weena ")
    page.wait_for_function(
        "/^weena .{20}/.test(document.querySelector('.charrnn-book').textContent)"
    )
    assert errors == []


def test_training_goes_from_nothing_to_nine_epochs(site, browser):
    page, errors = opened(browser, site / "index.html", reduced_motion="reduce")
    looks = recorded("growth")["looks"]
    ladder, slider = page.locator(".charrnn-ladder"), page.get_by_label("training")
    for key, look in (("End", looks[-1]), ("Home", looks[0])):
        slider.press(key)
        told = f"Perplexity {math.exp(look['loss']):.1f}, beside counting models"
        expect(ladder).to_have_attribute("aria-label", told)
    expect(page.locator("output").first).to_have_text("nothing")
    bars = page.locator(".charrnn-bars").first
    expect(bars).to_have_attribute("aria-label", re.compile("[1-9]%$"))  # nearly all are alike
    page.get_by_role("button", name="Greedy").click()
    expect(bars).to_have_attribute("aria-label", re.compile("100%"))
    page.locator("[data-id]").nth(2).click(force=True)
    vocab = trained_model()[1].idx_to_token
    letters = [token for token in vocab if token != "<unk>"]
    expect(page.locator(".charrnn-book")).to_have_text(f"the time traveller {letters[2]}")
    assert errors == []


def of_bytes(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.int8)


def test_the_networks_in_bytes_are_those_of_the_record(site, browser):
    page, _ = opened(browser, site / "index.html", reduced_motion="reduce")
    model, vocab = trained_model()
    for k, look in enumerate(recorded("growth")["looks"]):
        small = {}
        for name, W in look["weights"].items():
            whole = name if name.startswith(("W_hq", "b_q")) else f"rnn.{name}"
            small[whole] = torch.tensor(W) if isinstance(W, list) else of_bytes(W)
            if not isinstance(W, list):
                small[whole] = small[whole].view_as(model.get_parameter(whole))
        ours = restored(model, small)
        with torch.no_grad():
            logits, _ = ours.double().forward_with_state(vocab.encode("the time")[None])
        script = """k => {
          const model = charrnn.loadBytes(charrnnWeights.vocab, charrnnGrowth.looks[k].weights);
          return [...charrnn.logits(model, charrnn.read(model, "the time").at(-1))];
        }"""
        theirs = torch.tensor(page.evaluate(script, k)).double()
        assert torch.allclose(theirs, logits[0, -1], atol=1e-4), k
        assert abs(look["loss"] - look["exact"]) < 0.005


def test_on_the_first_page_the_network_learns_while_it_writes(site, browser):
    page, errors = opened(browser, site / "index.html")
    training = page.locator("output").first
    expect(training).to_have_text("nothing")
    expect(training).to_have_text("10 updates", timeout=30_000)
    page.get_by_label("training").press("Home")  # from here on, the reader decides
    length = len(page.locator(".charrnn-book").text_content())
    more = "length => document.querySelector('.charrnn-book').textContent.length > length + 50"
    page.wait_for_function(more, arg=length)
    expect(training).to_have_text("nothing")
    assert errors == []


def test_the_keyboard_reaches_the_first_page_in_the_order_that_is_seen(site, browser):
    page, errors = opened(browser, site / "index.html", reduced_motion="reduce")
    page.locator("[data-demo=writer] .charrnn-picture").focus()
    page.keyboard.press("q")
    expect(page.locator(".charrnn-book")).to_have_text("the time traveller q")
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.getBoundingClientRect().y"))
    assert reached == sorted(reached) and reached[-1] > reached[0]
    assert errors == []


def test_on_a_phone_a_picture_moves_to_where_it_has_changed(site, browser):
    size = {"width": 390, "height": 844}
    page, _ = opened(browser, site / "notebooks" / "07_sampling.html", viewport=size)
    page.get_by_role("button", name="Show the outcome").first.click()
    box = page.locator("[data-grid] .charrnn-picture").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth && box.scrollLeft === 0")
    page.get_by_label("characters written").first.press("End")  # in the circle, on the right
    page.wait_for_function("box => box.scrollLeft > 50", arg=box.element_handle())
    page.locator(".charrnn-whole:has(+ [data-grid])").first.click()  # all of it, across the phone
    seen = "e => ((box) => [box.width, box.height, box.x, box.y])(e.getBoundingClientRect())"
    screen, shown = page.locator(".charrnn-turned"), page.locator(".charrnn-turned svg")
    assert screen.evaluate(seen) == [390, 844, 0, 0]
    assert shown.evaluate(seen)[1] == 690  # as wide as on the page, and upright if the phone lies
    assert page.get_by_label("characters written").first.evaluate(seen)[1] <= 128
    page.set_viewport_size({"width": 844, "height": 390})  # if it turns by itself
    assert screen.evaluate(seen) == [844, 390, 0, 0]
    assert shown.evaluate(seen)[0] == 690
    page.set_viewport_size(size)
    page.get_by_label("characters written").first.press("Home")
    page.keyboard.press("Escape")
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")


def test_a_demo_does_not_begin_with_the_answer(site, browser):
    page, errors = opened(browser, site / "notebooks" / "08_backpropagation_through_time.html")
    expect(page.locator("[data-grid] output").first).to_have_text("0")
    assert errors == []


def test_who_wants_no_motion_gets_none(site, browser):
    page, _ = opened(browser, site / "index.html", reduced_motion="reduce")
    page.wait_for_timeout(500)
    assert page.locator(".charrnn-book").text_content() == "the time traveller "


def test_the_hidden_state_and_the_game(site, browser):
    page, errors = opened(browser, site / "play.html")
    state, game = page.locator("[data-demo=state]"), page.locator("[data-demo=game]")
    before = state.locator("svg").get_attribute("aria-label")
    state.get_by_label("characters read").press("ArrowLeft")
    expect(state.locator("svg")).not_to_have_attribute("aria-label", before)
    text = page.evaluate("charrnnWeights.text")
    game.get_by_label("your guess").fill(text[60])
    message = re.compile(r"Out of 1, you have guessed 1 right, and the model [01]\.")
    expect(game.locator(".charrnn-message")).to_have_text(message)
    expect(game.get_by_label("your guess")).to_have_value("")
    assert errors == []


def look_at(browser, path):
    """Assert that a page has no errors, fits on a phone, and has no serious violation by axe."""
    for scheme in ("light", "dark"):
        page, errors = opened(browser, path, color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": 360, "height": 740})
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path.name
        assert errors == [], (path.name, errors)
        found = Axe().run(page).response["violations"]
        bad = [v for v in found if v["impact"] in ("serious", "critical")]
        assert not bad, (path.name, scheme, [(v["id"], v["nodes"][0]["html"][:200]) for v in bad])
        page.context.close()


@pytest.mark.parametrize("name", SHARE)
def test_a_page_on_a_phone_in_both_themes(site, browser, name):
    look_at(browser, site / name)


@pytest.mark.long
def test_every_page_on_a_phone_in_both_themes(site, browser):
    for path in sorted(pages_of(site)):
        look_at(browser, path)


def test_the_search_finds_a_word(site, browser):
    page, errors = opened(browser, site / "index.html")
    page.wait_for_load_state()
    page.goto(f"{(site / 'search.html').as_uri()}?q=perplexity")
    page.wait_for_selector("#search-results li")
    assert [error for error in errors if "favicon" not in error] == []  # left before it was there


def test_formulas_are_drawn(site, browser):
    page, errors = opened(browser, site / "notebooks" / "notation.html")
    page.wait_for_selector("mjx-container svg")
    assert errors == []


@pytest.mark.long
def test_building_again_into_the_same_folder_works(site):
    assert build(site) == 0


def test_a_prediction_hides_what_came_out(site, browser):
    page, errors = opened(browser, site / "notebooks" / "01_one_hot_encoding.html")
    form = page.locator("[data-asks=two_ones]")
    outcome = page.locator(".tag_outcome-two_ones .cell_output")
    expect(outcome).to_be_hidden()
    following = page.locator(".tag_outcome-two_ones ~ p").first  # it says what came out
    expect(following).to_be_hidden()
    form.get_by_role("button", name="Predict").click()
    expect(form.get_by_role("status")).to_have_text("Choose an answer first.")
    form.get_by_label("the sum of row 1 and row 3").check()
    form.get_by_role("button", name="Predict").click()
    told = "You predicted: the sum of row 1 and row 3. As predicted."
    expect(form.get_by_role("status")).to_have_text(told)
    expect(form.locator(".charrnn-outcome")).to_contain_text("It is: the sum of row 1 and row 3.")
    expect(form.locator(".charrnn-right")).to_have_text("the sum of row 1 and row 3")
    expect(form.get_by_label("the mean of row 1 and row 3")).to_be_disabled()
    expect(outcome).to_be_visible()
    expect(following).to_be_visible()
    number = page.locator("[data-asks=unseen_words]")
    expect(number.locator(".charrnn-outcome")).to_be_hidden()
    number.get_by_label("A number").fill("12")
    number.get_by_label("A number").press("Enter")
    told = "You predicted: 12. As predicted."  # within a factor of two
    expect(number.get_by_role("status")).to_have_text(told)
    expect(number.get_by_role("status")).to_be_focused()
    expect(number.locator(".charrnn-outcome")).to_contain_text("It is: 8.3.")
    assert errors == []


def test_a_wrong_prediction_is_told_and_the_right_one_marked(site, browser):
    page, errors = opened(browser, site / "notebooks" / "01_one_hot_encoding.html")
    form = page.locator("[data-asks=two_ones]")
    form.get_by_label("the mean of row 1 and row 3").check()
    form.get_by_role("button", name="Predict").click()
    told = "You predicted: the mean of row 1 and row 3. Not as predicted."
    expect(form.get_by_role("status")).to_have_text(told)
    expect(form.locator(".charrnn-right")).to_have_text("the sum of row 1 and row 3")
    expect(form.locator(".charrnn-wrong")).to_have_text("the mean of row 1 and row 3")
    number = page.locator("[data-asks=unseen_words]")
    number.get_by_label("A number").fill("40")
    number.get_by_role("button", name="Predict").click()
    expect(number.get_by_role("status")).to_have_text("You predicted: 40. Not as predicted.")
    assert errors == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_question_on_a_page_knows_the_outcome(site, path):
    text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    forms = re.findall(r'<form class="charrnn-question".*?</form>', text, re.DOTALL)
    asked = [a for a in PREDICTIONS if a.notebook == int(path.stem[:2])]
    assert len(forms) == len(asked)
    for form, question in zip(forms, asked, strict=True):
        right = re.search(r'data-right="([^"]+)"', form)[1]
        told = html.unescape(re.search(r"<strong>It is: (.*?)\.</strong>", form)[1])
        if question.choices:
            assert told == question.choices[right]
        else:
            assert told == right and float(right.replace(",", "").rstrip("%")) > 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_asks_for_nothing_that_it_cannot_do_and_shows_no_markdown(site, path):
    text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    assert not re.findall(r"Shift \+ Enter|Replace the dots|Answer <code", text)
    assert not re.findall(r"\]\(glossary\.md[^)]*\)", text)
    hints = "".join(re.findall(r"<summary>Hint \d</summary>(.*?)</details>", text))
    assert hints and not re.findall(r"\$[^$]+\$|(?<![*\w])\*[a-z]+\*(?![*\w])", hints)
    assert 'It is "' not in text and "It is &quot;" not in text


def test_an_outcome_in_another_section_waits_as_well(site, browser):
    page, _ = opened(browser, site / "notebooks" / "08_backpropagation_through_time.html")
    outcomes = page.locator('[class*="tag_outcome-"] .cell_output')
    told = page.locator(".charrnn-outcome")
    assert outcomes.count() and told.count() >= 3
    assert not any(box.is_visible() for box in [*outcomes.all(), *told.all()])


def test_a_bar_can_be_pressed_while_the_network_writes(site, browser):
    page, errors = opened(browser, site / "index.html")
    writer = page.locator("[data-demo=writer]")
    expect(writer.get_by_role("button", name="Pause")).to_be_visible()
    place = page.evaluate(
        """() => {
          const bars = [...document.querySelectorAll("[data-id]")];
          const bar = bars.find((e) => e.textContent === "q");
          const { x, y, width, height } = bar.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }"""
    )
    page.mouse.move(*place)
    page.mouse.down()
    page.wait_for_timeout(200)
    page.mouse.up()
    expect(writer.get_by_role("button", name="Write")).to_be_visible()
    assert writer.locator(".charrnn-book").text_content().endswith("q")
    assert errors == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_page_shows_no_state_of_somebody_else(site, path):
    text = (site / "notebooks" / f"{path.stem}.html").read_text(encoding="utf-8")
    for words in ("Not tried yet", "Your progress", "No prediction was made", "run the cell again"):
        assert words not in text, words
    number = int(path.stem[:2])
    exercises = [e for e in checks.EXERCISES if e.notebook == number]
    assert text.count('class="charrnn-hints"') == len(exercises)
    assert text.count("<summary>A solution</summary>") == len(exercises)


def test_a_notebook_can_be_downloaded_and_its_slides_opened(site):
    for path in NOTEBOOKS:
        page = site / "notebooks" / f"{path.stem}.html"
        found = Links(page).links
        copy = f"../_static/notebooks/{path.name}"
        theirs = nbformat.read(page.parent / copy, as_version=4).cells
        ours = nbformat.read(path, as_version=4).cells
        assert copy in found and [c.source for c in theirs] == [c.source for c in ours]
        assert not any(cell.get("outputs") for cell in theirs)
        assert f"../slides/{path.stem}.html" in found


def test_what_lies_on_the_network_needs_an_address():
    plain = [label for label, _ in links.links("01_x")]
    assert plain == ["Download this notebook", "Slides"]
    found = dict(links.links("01_x", True, "https://github.com/some/course"))
    assert list(found) == [*plain, "Paper", "Colab", "Binder", "Codespaces", "Source"]
    assert found["Colab"].endswith("/some/course/blob/gh-pages/colab/01_x.ipynb")
    elsewhere = dict(links.links("01_x", False, "https://example.org/course"))
    assert list(elsewhere) == [*plain, "Source"]


def test_what_is_shown_where_the_edition_is_linked_needs_an_address():
    assert links.about(links.pages("")) == links.about(links.pages("https://example.org/a")) == {}
    found = links.about(links.pages("https://github.com/Some/course"))
    picture = "https://some.github.io/course/_static/preview.png"
    assert found["property=og:image"] == picture


def test_the_overview_shows_every_chapter_with_a_picture(site, browser):
    page = browser.new_page()
    page.goto((site / "course.html").as_uri())
    cards = page.locator(".charrnn-card")
    assert cards.count() == len(NOTEBOOKS)
    for k, path in enumerate(NOTEBOOKS):
        assert cards.nth(k).get_attribute("href") == f"notebooks/{path.stem}.html"
        picture = cards.nth(k).locator("img")
        assert picture.evaluate("async (i) => (await i.decode(), i.naturalWidth)") > 300
        assert picture.get_attribute("alt") and not picture.get_attribute("src").startswith("data")
    page.close()


MEASURE = r"""async () => {
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  const seen = (e) => e.getBoundingClientRect().width && !e.closest(".sidebar-drawer, .toc-drawer");
  const scrolls = [...document.querySelectorAll("article *")].filter(seen)
    .filter((e) => e.scrollWidth > e.clientWidth + 2)
    .filter((e) => ["auto", "scroll"].includes(getComputedStyle(e).overflowX));
  const targets = [...document.querySelectorAll("button, input, select, summary, a")].filter(seen)
    .filter((e) => getComputedStyle(e).display !== "inline" && !e.matches(".visually-hidden *"))
    .filter((e) => Math.min(...["width", "height"].map((k) => e.getBoundingClientRect()[k])) < 24);
  const broken = [];
  const texts = document.createTreeWalker(document.querySelector("article"), NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const parent = node.parentElement;
    if (!seen(parent) || parent.closest("script, style, svg, pre")) continue;
    for (const word of node.textContent.matchAll(/[A-Za-z]{3,}/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const rows = [...range.getClientRects()].map((row) => row.top);
      if (Math.max(...rows) - Math.min(...rows) > 4) broken.push(word[0]);
    }
  }
  const size = (e) => {
    const { a, b } = e.getScreenCTM();
    return parseFloat(getComputedStyle(e).fontSize) * Math.hypot(a, b);
  };
  const drawn = [...document.querySelectorAll("article svg text")].filter(seen).map(size);
  const pictures = [...document.querySelectorAll(".cell_output img")].filter(seen);
  return {
    page: document.documentElement.scrollWidth - innerWidth,
    scrolls: scrolls.map((e) => [e.className, e.matches(".charrnn-goes-on, .charrnn-goes-on *")]),
    targets: targets.map((e) => e.outerHTML.slice(0, 120)),
    broken,
    smallest: Math.min(99, ...drawn),
    pictures: pictures.map((e) => [e.src, e.getBoundingClientRect().width]),
  };
}"""


def smallest_text(address, width):
    """Return the size in pixels of the smallest text of an SVG picture that is so wide."""
    path = Path(urllib.parse.unquote(urllib.parse.urlsplit(address).path))
    if path.suffix != ".svg":
        return math.inf  # Matplotlib's, whose text has at least 10 points in 500 pixels
    text = path.read_text(encoding="utf-8")
    sizes = [float(size) for size in re.findall(r'font-size="([\d.]+)"', text)]
    return min(sizes) * width / float(re.search(r'viewBox="0 0 ([\d.]+)', text)[1])


def check_room(site, browser, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((site / name).as_uri())
    page.wait_for_function("![...document.querySelectorAll('[data-grid] > img')].length")
    found = page.evaluate(MEASURE)
    page.close()
    assert found["page"] <= 0 and found["targets"] == [] and found["broken"] == [], name
    if width == 1200:
        assert found["scrolls"] == [], name
    assert all(fades for _, fades in found["scrolls"]), (name, found["scrolls"])
    assert found["smallest"] >= 10.9, name
    assert all(smallest_text(*picture) >= 10.9 for picture in found["pictures"]), name


@pytest.mark.parametrize("width", [1200, 390])
@pytest.mark.parametrize("name", SHARE)
def test_nothing_is_cut_off_too_small_or_broken(site, browser, name, width):
    check_room(site, browser, name, width)


@pytest.mark.long
@pytest.mark.parametrize("width", [1200, 390])
def test_nothing_is_cut_off_too_small_or_broken_on_any_notebook_page(site, browser, width):
    for path in NOTEBOOKS:
        check_room(site, browser, f"notebooks/{path.stem}.html", width)


CONTRAST = """() => {
  const style = (e, name) => getComputedStyle(e).getPropertyValue(name);
  const keeps = ".tag_keeps-white img, .charrnn-keeps-white .charrnn-picture :is(img, svg)";
  const all = ".cell_output .output img, .charrnn-drawn .charrnn-picture :is(img, svg)";
  const drawn = [...document.querySelectorAll(all)].filter((e) => !e.closest("[hidden]"));
  const sliders = [...document.querySelectorAll("input[type=range]")];
  return {
    dark: drawn.filter((e) => !e.matches(keeps)).map((e) => style(e, "filter")),
    white: drawn.filter((e) => e.matches(keeps)).map((e) => style(e, "filter")),
    sliders: sliders.map((e) => style(e, "accent-color")),
    ground: style(document.body, "background-color"),
  };
}"""


def luminance(color):
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_and_sliders_suit_the_colors_of_the_page(site, browser, scheme):
    page = browser.new_page(color_scheme=scheme)
    page.goto((site / "notebooks" / "02_recurrence.html").as_uri())
    page.wait_for_selector(".charrnn-drawn input[type=range]")
    found = page.evaluate(CONTRAST)
    page.close()
    assert len(found["dark"]) >= 5 and len(found["white"]) >= 1
    kinds = set(found["dark"])
    assert kinds == ({"none"} if scheme == "light" else {"invert(0.92) hue-rotate(180deg)"})
    assert set(found["white"]) == {"none"}  # the text says what is white
    for color in found["sliders"]:
        bright, dim = sorted(map(luminance, (color, found["ground"])), reverse=True)
        assert (bright + 0.05) / (dim + 0.05) >= 4.5


def test_the_weight_of_the_edition(site):
    """The first page and all that it loads, and the whole."""
    loaded = [
        site / "index.html",
        *(site / "_static").glob("*.js"),
        *(site / "_static").rglob("*.css"),
    ]
    first = sum(path.stat().st_size for path in loaded if path.name != "mathjax.js")
    whole = sum(path.stat().st_size for path in site.rglob("*") if path.is_file())
    print(f"\nthe first page: {first:,} bytes, the whole: {whole:,}")
    assert first <= 1_000_000 and whole <= 15_000_000
