"""Count what is hard to read on the slides: `python -m web.measure [FOLDER]`.

Run it after `make slides`.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tools.browser import launch
from web.build import ROOT

VIEW = {"width": 1280, "height": 720}
SCRIPT = r"""async () => {
  await MathJax.startup.promise;
  for (let i = 0; i < 600 && !window.Reveal?.isReady?.(); i += 1) {
    await new Promise((done) => setTimeout(done, 100));
  }
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
  const DEMO = ".charrnn-drawn, .charrnn-live, .continued";
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  const ownText = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  const found = [];
  for (const slide of Reveal.getSlides()) {
    const { h, v } = Reveal.getIndices(slide);
    Reveal.slide(h, v);
    for (let i = 0; i < 3; i += 1) await new Promise((done) => requestAnimationFrame(done));
    const all = [...slide.querySelectorAll("*")].filter((e) => !e.closest("aside, svg *"));
    const seen = all.filter((e) => e.getBoundingClientRect().height);
    const shown = seen.filter((e) => e.matches("img, svg, input, pre") || ownText(e));
    const code = seen.filter((e) => e.matches(".jp-InputArea .highlight pre"));
    const text = seen.filter((e) => e.matches(".jp-MarkdownCell :is(p, li)"))
      .filter((e) => e.closest(".charrnn-lead, .fragment") || !e.closest(DEMO))
      .filter((e) => !e.querySelector("p, li"))
      .map((e) => {
        const copy = e.cloneNode(true);
        copy.querySelectorAll("mjx-container").forEach((formula) => formula.remove());
        return copy.textContent;
      }).join(" ");
    const top = slide.getBoundingClientRect().top;
    const bottoms = shown.map((e) => (e.getBoundingClientRect().bottom - top) / Reveal.getScale());
    found.push({
      place: `${h}/${v}`,
      bottom: Math.max(0, ...bottoms),
      height: slide.scrollHeight,
      width: slide.scrollWidth,
      words: (text.match(/\p{L}[\p{L}'\u2019-]*/gu) ?? []).length,
      code: code.length,
      asserts: code.some((e) => /\bassert\b/.test(e.textContent)),
      lines: code.reduce((sum, e) => sum + e.textContent.trim().split("\n").length, 0),
      pixels: Math.min(99, ...seen.filter((e) => e.matches("pre")).map(size)),
    });
  }
  return found;
}"""
COUNTS = {
    "slides": lambda slide: True,
    "cut off": lambda slide: slide["height"] > 721 or slide["width"] > 1281,
    "code without a sentence": lambda slide: slide["code"] and not slide["words"],
    "an assert": lambda slide: slide["asserts"],
    "code below 20 px": lambda slide: slide["pixels"] < 20,
    "more than 18 lines of code": lambda slide: slide["lines"] > 18,
    "more than 60 words": lambda slide: slide["words"] > 60,
    "more than half empty": lambda slide: slide["bottom"] < 360,
}


def counts(slides):
    """Return for each kind how many of the slides are of it."""
    return {name: sum(map(bool, map(test, slides))) for name, test in COUNTS.items()}


def main():
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "slides"
    decks = sorted(folder.absolute().glob("[0-9]*.html"))
    if not decks:
        raise SystemExit(f"There are no decks in {folder}: run `make slides`.")
    slides = []
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_context(offline=True, viewport=VIEW).new_page()
        for deck in decks:
            page.goto(deck.as_uri())
            slides += page.evaluate(SCRIPT)
        browser.close()
    for name, number in counts(slides).items():
        print(f"{name:27} {number:4}")


if __name__ == "__main__":
    main()
