"""Sliders, text fields, and buttons around a pure function.

These are the browser's own controls, because screen readers can name them and the keyboard works;
the sliders of ipywidgets 8.1 are not fully accessible.
"""

from pathlib import Path
from typing import NamedTuple

import anywidget
import traitlets

from charrnn_helpers.show.style import zoom

FOLDER = Path(__file__).parent
STEERED = "_reply_subshell_for"  # an attribute of the comms of ipykernel 7.4
LONGEST_TEXT = 200  # characters in a text field


class Slider(NamedTuple):
    """A slider over a list of values, starting at `value`; the value None means off."""

    label: str
    values: list
    value: object

    def raw(self, value):
        """Return the index of the value in the list, which the front end uses."""
        if value not in self.values:
            raise ValueError(f"{self.label} is {value!r}; use one of {list(self.values)}")
        return list(self.values).index(value)

    def read(self, raw):
        """Return the value at this index; raise ValueError if there is none."""
        if type(raw) is not int or not 0 <= raw < len(self.values):
            raise ValueError(f"{self.label}: index {raw!r} is not in 0 to {len(self.values) - 1}")
        return self.values[raw]


class Text(NamedTuple):
    """A text field that starts with `value`."""

    label: str
    value: str

    def raw(self, value):
        return self.read(value)

    def read(self, raw):
        if not isinstance(raw, str) or len(raw) > LONGEST_TEXT:
            raise ValueError(f"{self.label} must be a text of at most {LONGEST_TEXT} characters")
        return raw


class Keys(NamedTuple):
    """A field that sends each letter at once and is empty again; `value` is what has been typed.

    `action(typed, **values)` returns the values to change, as that of a Button does.
    """

    label: str
    value: str
    action: object

    def raw(self, value):
        return value

    def read(self, raw):
        return raw


class Button(NamedTuple):
    """A button; `action(**values)` returns the values to change, `{name: value}`."""

    label: str
    action: object


class Panel(anywidget.AnyWidget):
    """Controls `{name: Slider, Text, Keys, or Button}`, with a picture and a message below them."""

    _esm = (FOLDER / "controls.js").read_text(encoding="utf-8")
    _css = (FOLDER / "controls.css").read_text(encoding="utf-8")
    title = traitlets.Unicode().tag(sync=True)
    zoom = traitlets.Float(1.0).tag(sync=True)
    spec = traitlets.List().tag(sync=True)
    values = traitlets.Dict().tag(sync=True)  # sent from Python to the page, never back
    answered = traitlets.Int(0).tag(sync=True)
    heard = traitlets.Bool(False).tag(sync=True)  # has a message from a page arrived?
    picture = traitlets.Unicode().tag(sync=True)
    message = traitlets.Unicode().tag(sync=True)
    pressed = traitlets.Dict().tag(sync=True)  # {name of a button that stays down: is it down?}
    disabled = traitlets.List().tag(sync=True)  # names of controls that would do nothing now
    notes = traitlets.List(default_value=None, allow_none=True).tag(sync=True)  # to be unfolded

    @traitlets.observe("comm")
    def _let_messages_pass(self, change):
        """Take messages in while a cell runs: ipykernel 7.4 would route them to the busy shell."""
        if hasattr(change.new, STEERED):
            setattr(change.new, STEERED, None)

    def __init__(self, title, controls, on_change=None, on_click=None, on_keys=None):
        self.controls, self.on_change, self.on_click = controls, on_change, on_click
        self.on_keys = on_keys
        self.static = None  # the Picture to show where widgets do not work
        self.now = {n: c.raw(c.value) for n, c in controls.items() if not isinstance(c, Button)}
        spec = []
        for name, control in controls.items():
            kind = type(control).__name__.lower()
            labels = [spell(value) for value in getattr(control, "values", [])]
            spec.append({"kind": kind, "name": name, "label": control.label, "labels": labels})
        values = {"push": 0, "now": self.now}
        super().__init__(title=title, zoom=zoom(), spec=spec, values=values)
        self.on_msg(self.receive)

    def read(self):
        """Return the values of all controls, `{name: value}`."""
        return {name: self.controls[name].read(raw) for name, raw in self.now.items()}

    def put(self, **values):
        """Move controls to these values, here and on the page."""
        self.now = self.now | {n: self.controls[n].raw(v) for n, v in values.items()}
        self.values = {"push": self.values["push"] + 1, "now": self.now}
        self.on_change(self.read())

    def receive(self, _, content, buffers):
        """Handle a message from the page; if it is invalid, show the reason below the controls."""
        self.heard = True
        try:
            changed = content.get("set", {})
            for name, raw in changed.items():
                self._find(name, Slider, Text).read(raw)
            self.now = self.now | changed
            if changed:
                self.on_change(self.read())
            if "click" in content:
                self._find(content["click"], Button)
                self.on_click(content["click"])
            for name, typed in content.get("keys", {}).items():
                self._find(name, Keys)
                self.on_keys(name, Text(name, "").read(typed))
        except (ValueError, TypeError, AttributeError) as error:
            self.message = str(error)
        if isinstance(content.get("number"), int):
            self.answered = content["number"]

    def _find(self, name, *kinds):
        control = self.controls.get(name)
        if not isinstance(control, kinds):
            raise ValueError(f"there is no such control: {name!r}; reload the page")
        return control

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        if self.static is not None:
            note = "<p>Run this cell, and its controls appear here.</p>"
            data |= {"text/html": note + self.static._repr_html_(), "text/plain": self.static.alt}
        return data, metadata


def spell(value):
    """Return a value as text to display; None becomes "off"."""
    if value is None:
        return "off"
    return f"{value:,g}" if isinstance(value, float) else f"{value:,}"


def explore(function, title, **arguments):
    """Return a Panel that shows the Picture `function(**arguments)`, redrawn when a control moves.

    Sliders, Texts, and Keys become controls that set these arguments; Buttons become controls, but
    are not passed on; all other arguments are passed on as they are.  A ValueError becomes the
    message.
    """
    controls = {n: a for n, a in arguments.items() if isinstance(a, (Slider, Text, Keys, Button))}
    fixed = {name: a for name, a in arguments.items() if name not in controls}

    def redraw(values):
        panel.static = function(**fixed, **values)
        panel.picture, panel.message = panel.static.inline(), ""

    def click(name):
        panel.put(**controls[name].action(**panel.read()))

    def type_keys(name, typed):
        panel.put(**controls[name].action(typed, **panel.read()))

    panel = Panel(title, controls, redraw, click, type_keys)
    redraw(panel.read())
    return panel
