"""Sphinx's settings for the online edition; `make site` builds it."""

from pathlib import Path

from web import links

project = "A character-level language model, from scratch"
author = "the authors of the course"
copyright = "the authors of the course; text and figures under CC BY 4.0"
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
mathjax_path = "mathjax.js"  # it draws formulas as SVG, so it needs no fonts
mathjax3_config = {"options": {"enableMenu": False}}  # so a formula is no stop of the Tab key
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 4
myst_html_meta = {
    "description lang=en": "An interactive course on one idea: a character-level recurrent "
    "language model, built from scratch in PyTorch on H. G. Wells's The Time Machine.",
}
myst_html_meta |= links.about(links.pages(links.repository()))
nb_execution_mode = "off"  # the notebooks are committed with their outputs
nb_mime_priority_overrides = [("html", "text/html", 0), ("html", "text/plain", 10)]
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]

default_role = "code"  # the docstrings write code as Markdown does
autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}

html_theme = "furo"
html_title = "From scratch: a character-level language model"
html_favicon = "static/favicon.svg"
html_static_path = ["static"]
html_css_files = ["controls.css", "page.css"]
html_js_files = ["model.js", "controls.js", "weights.js", "demos.js", "page.js"]
# Puts first the notebook that teaches a term
html_search_scorer = str(Path(__file__).with_name("scorer.js"))
html_show_search_summary = False  # a page on a disk may not read other pages
html_copy_source = False
html_show_sourcelink = False
