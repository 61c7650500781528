"""JupyterLab, started on loopback, in a Chromium that Playwright drives."""

import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

from charrnn_helpers.book.find import story_path
from tests.conftest import BOOK_PATH
from tools.course import ROOT

CELL = ".jp-Notebook .jp-Cell"
OUTPUT = ".jp-OutputArea-output"
# What JupyterLab itself says when a kernel is restarted.
NOT_OURS = ["Canceled future for", "Could not restore the debugger state"]
# What the renderer of ipywidgets says when the page was so busy that it looked for a widget for two
# seconds and missed it.  It says the same words in the output, and draws it again if it can.
LATE = "widget model not found"
NOT_DISPLAYED = re.compile("Error displaying widget|Loading widget")
REDRAW_TIME = """
slider => new Promise((resolve, reject) => {
  const picture = slider.closest(".charrnn-panel").querySelector(".charrnn-picture");
  const start = performance.now();
  new MutationObserver((_, observer) => {
    observer.disconnect();
    requestAnimationFrame(() => resolve(performance.now() - start));
  }).observe(picture, { childList: true });
  setTimeout(() => reject(Error("not redrawn")), 5000);
  slider.stepUp();
  if (slider.value === slider.dataset.before) slider.value = 0;
  slider.dataset.before = slider.value;
  slider.dispatchEvent(new Event("input", { bubbles: true }));
})
"""
# Pairs of texts in a drawing that lie upon each other, and the size of the smallest text.
TEXTS = """
svg => {
  const texts = [...svg.querySelectorAll("text")].filter(text => text.textContent.trim());
  const boxes = texts.map(text => text.getBoundingClientRect());
  const meet = (a, b) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3;
  const pairs = [];
  for (let i = 0; i < boxes.length; i++)
    for (let j = 0; j < i; j++)
      if (meet(boxes[i], boxes[j])) pairs.push([texts[j].textContent, texts[i].textContent]);
  const sizes = texts.map(text => parseFloat(getComputedStyle(text).fontSize));
  return { pairs, smallest: Math.min(...sizes) };
}
"""


@contextmanager
def jupyter_lab(folder, **variables):
    """Serve `folder` in JupyterLab, with settings and data of its own; yield the address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    home = folder.parent / "home"
    settings = home / "config/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    news = {"fetchNews": "false", "checkForUpdates": False}
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(news), encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "config/lab/user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "CHARRNN_PROGRESS": str(home / "progress.json"),
        "CHARRNN_TEXT": str(BOOK_PATH or story_path()),
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.expose_app_in_browser=True"]  # so that a test can change the theme
    with (folder.parent / "lab.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(lambda: answers(f"{address}/api/status?token={token}"), 300)
            yield f"{address}/lab/tree/{{}}?token={token}&reset"
        finally:
            server.terminate()
            server.wait(30)


def answers(address):
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def wait_for(condition, seconds, every=0.1):
    """Wait until the condition is true; raise TimeoutError if it is not by then."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise TimeoutError(f"not true within {seconds} s")
        time.sleep(every)


class Page:
    """A notebook in the browser."""

    def __init__(self, browser, address, name):
        self.page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        self.page.set_default_timeout(120_000)  # a busy machine is slow, not wrong
        self.errors, self.forgiven, self.not_displayed = [], [], 0
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address.format(name))
        self.page.wait_for_selector(CELL, timeout=60_000)
        self.sessions = address.format("").replace("/lab/tree/", "/api/sessions")
        wait_for(lambda: self._kernel_is_ready(name), 120)

    def _kernel_is_ready(self, name):
        """Before it is, the page's indicator says idle, and JupyterLab loses what it is told."""
        with urllib.request.urlopen(self.sessions, timeout=30) as answer:
            kernels = [s["kernel"] for s in json.load(answer) if s["path"] == name]
        ready = any(k["execution_state"] == "idle" and k["connections"] for k in kernels)
        return ready and self.page.get_by_text("| Idle").count() > 0

    def _listen(self, message):
        if message.type == "error":
            self.errors.append(message.text)

    def menu(self, *path, asks=False):
        """Choose an entry of the menu bar, and confirm the question that follows."""
        self.page.get_by_role("menuitem", name=path[0], exact=True).first.click()
        self.page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{path[1]}")).first.click()
        if asks:
            self.page.locator(".jp-Dialog .jp-mod-accept").click()
            self.page.locator(".jp-Dialog").wait_for(state="detached")

    def restart_and_run_all(self):
        self.menu("Kernel", "Restart Kernel and Run All Cells", asks=True)
        wait_for(lambda: self.status() == "busy", 120)

    def restart_and_steer(self):
        """The same, and wait until the picture moves and the controls answer."""
        self.restart_and_run_all()
        wait_for(self.live_words, 120)
        self.controls_answer()

    def restart_and_explore(self, seconds):
        """The same for a notebook that ends by itself: wait until the end, and for the controls."""
        self.restart_and_run_all()
        self.wait_until_idle(seconds)
        panels = self.page.locator(".charrnn-panel")
        wait_for(panels.count, 60)
        panels.last.scroll_into_view_if_needed()
        self.controls_answer()

    def status(self):
        """Idle, Busy, ...: what the kernel is doing, by the indicator of the toolbar."""
        return self.page.locator(".jp-Notebook-ExecutionIndicator").first.get_attribute(
            "data-status"
        )

    def wait_until_idle(self, seconds):
        wait_for(lambda: self.status() == "idle", seconds)
        time.sleep(0.5)
        wait_for(lambda: self.status() == "idle", seconds)

    def run_cell(self, source):
        """Select the cell with this in its source, and press Shift+Enter."""
        cell = self.page.locator(CELL).filter(
            has=self.page.locator(".jp-InputArea", has_text=source)
        )
        cell.locator(".jp-InputArea .cm-line").first.click()
        self.page.keyboard.press("Shift+Enter")

    def interrupt(self):
        self.menu("Kernel", "Interrupt Kernel")

    def live_picture(self):
        """The picture that is being redrawn."""
        return self.page.locator(f'{OUTPUT} > svg[aria-label^="Perplexity"]').last

    def live_words(self):
        """The words of that picture; None while there is none."""
        picture = self.live_picture()
        return picture.get_attribute("aria-label") if picture.count() else None

    def controls_answer(self):
        """Wait until the last panel's messages arrive in the kernel."""
        last = self.page.locator(".charrnn-panel").last
        wait_for(lambda: last.get_attribute("data-heard") is not None, 120)

    def live_height(self):
        """The height of that picture, found and measured in one go: it is redrawn all the time."""
        return self.page.evaluate(
            f"[...document.querySelectorAll('{OUTPUT} > svg')].at(-1)"
            "?.getBoundingClientRect().height"
        )

    def has_focus_on_a_cell(self):
        """Whether the focus is on a cell itself, where the notebook's shortcuts work."""
        return self.page.evaluate("document.activeElement.classList.contains('jp-Cell')")

    def cell_height(self):
        """The height of the cell with the last panel."""
        panel = self.page.locator(".charrnn-panel").last
        return panel.evaluate("panel => panel.closest('.jp-Cell').getBoundingClientRect().height")

    def text_of(self, beginning):
        return self.page.locator(OUTPUT, has_text=beginning).last.inner_text()

    def expect_in(self, seconds, text):
        """An output with this text, within so many seconds."""
        self.page.locator(OUTPUT, has_text=text).last.wait_for(timeout=1000 * seconds)

    def in_the_dark(self):
        """Change to the dark theme."""
        self.page.evaluate(
            "jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})"
        )
        self.page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")

    def problems(self):
        """How many cells have ended in an error."""
        return self.page.locator('[data-mime-type="application/vnd.jupyter.error"]').count()

    def images(self):
        """The alternative texts of the figures that are really there to be seen."""
        self.page.wait_for_selector(f"{OUTPUT} img")
        return self.page.evaluate(
            f"[...document.querySelectorAll('{OUTPUT} img')]"
            ".filter(image => image.naturalWidth > 100).map(image => image.alt)"
        )

    def redraw_time(self, slider):
        """Milliseconds from a move of the slider to the next picture on the page."""
        return slider.evaluate(REDRAW_TIME)

    def save_and_shut_down(self):
        """Save, end the kernel, wait until both are done, and close; return what images() saw."""
        shown = self.images()
        with self.answer_to("PUT", "contents"):
            self.menu("File", "Save Notebook$")
        with self.answer_to("DELETE", "sessions"):
            self.menu("Kernel", "Shut Down Kernel")
        self.close()
        return shown

    def answer_to(self, method, what):
        """Wait, at the end of the block, for the server's answer to such a request."""
        return self.page.expect_response(
            lambda r: r.request.method == method and f"/api/{what}/" in r.url, timeout=120_000
        )

    def close(self):
        if not self.page.is_closed():
            self.not_displayed = self.page.locator(OUTPUT, has_text=NOT_DISPLAYED).count()
            self.page.context.close()

    def complaints(self):
        """The errors of ours in the console of a page that was closed.

        A widget that was late is forgiven if, in the end, every widget on the page was displayed.
        """
        late = sum(LATE in error for error in self.errors)
        print(f"{late} widgets were late, {self.not_displayed} were not displayed in the end")
        known = [*NOT_OURS, *self.forgiven, *([] if self.not_displayed else [LATE])]
        return [error for error in self.errors if not any(words in error for words in known)]
