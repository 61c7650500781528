"""Where else a notebook can be had: links above its page, all from `[project.urls]`."""

import html
import importlib.metadata
import re

BRANCH = "gh-pages"  # where the workflow puts the edition, with notebooks for Colab and Kaggle


def repository():
    """Return the address that `[project.urls]` gives for Repository, or ""."""
    pairs = importlib.metadata.metadata("charrnn-helpers").get_all("Project-URL") or []
    urls = dict(pair.split(", ", 1) for pair in pairs)
    return urls.get("Repository", "").rstrip("/").removesuffix(".git")


def on_github(repository):
    """Return (owner, name) of a repository on GitHub, or ()."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", repository)
    return found.groups() if found else ()


def pages(repository):
    """Return the address of the edition, which the workflow publishes, or ""."""
    github = on_github(repository)
    return f"https://{github[0].lower()}.github.io/{github[1]}" if github else ""


def about(address):
    """Return what a site that shows a link to the edition reads about it."""
    if not address:
        return {}
    return {
        "property=og:title": "From scratch: a character-level language model",
        "property=og:type": "website",
        "property=og:image": f"{address}/_static/preview.png",
        "name=twitter:card": "summary_large_image",
    }


def links(stem, paper=False, repository=""):
    """Return [(label, address)] for a page; those on the network only if there is a repository."""
    found = [("Download this notebook", f"../_static/notebooks/{stem}.ipynb")]
    found.append(("Slides", f"../slides/{stem}.html"))
    if paper:
        found.append(("Paper", f"../paper/{stem}.pdf"))
    if name := "/".join(on_github(repository)):
        colab = f"https://colab.research.google.com/github/{name}/blob/{BRANCH}/colab/{stem}.ipynb"
        binder = f"https://mybinder.org/v2/gh/{name}/HEAD?labpath=notebooks/{stem}.ipynb"
        found += [("Colab", colab), ("Binder", binder)]
        found.append(("Codespaces", f"https://codespaces.new/{name}"))
    if repository:
        found.append(("Source", f"{repository}/blob/main/notebooks/{stem}.ipynb"))
    return found


def line_of(found):
    """Return links as one line of HTML."""
    parts = [
        f'<a href="{html.escape(url)}"{" download" * label.startswith("Download")}>'
        f"{html.escape(label)}</a>"
        for label, url in found
    ]
    return f'<p class="charrnn-links">{"".join(parts)}</p>'
