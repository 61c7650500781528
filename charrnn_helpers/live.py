"""Curves that move while a model trains.  Import-only: no notebook builds this."""

import time

from IPython.display import HTML, display
from matplotlib import style

from charrnn_helpers.figures import STYLE, mark_height, new_figure, plain_log_ticks, to_html
from charrnn_helpers.training import perplexity

ALT = "Perplexity of the training batch and of the validation text against the epoch."
SHARE_OF_TIME = 0.03  # of the training time that drawing may take


def live_plot(records, validate=None, hlines=None, seconds=0.25):
    """Iterate over train(...), drawing its perplexity as it goes; return the list of Records.

    `validate` is called after each epoch and returns a loss in nats; `hlines` `{label: perplexity}`
    are drawn across.  KeyboardInterrupt ends the run as fit() does.  One figure is left.
    """
    picture = LivePicture(validate is not None, hlines or {})
    history, validation = [], []
    due = 0.0
    try:
        for record in records:
            history.append(record)
            if validate is not None and record.epoch == int(record.epoch):
                validation.append((record.epoch, perplexity(validate())))
            if time.perf_counter() >= due:
                cost = picture.update(history, validation)
                due = time.perf_counter() + max(seconds, cost / SHARE_OF_TIME)
    except KeyboardInterrupt:
        print(f"Interrupted: the model is as it was after step {len(history)}.")
    finally:
        picture.update(history, validation, compact=True)
    return history


class LivePicture:
    """One figure in one display, redrawn in place: no flicker, no second copy."""

    def __init__(self, has_validation, hlines):
        self.fig, self.ax = new_figure()
        self.handle = None
        with style.context(STYLE):
            (self.train_line,) = self.ax.plot([], [], label="training batch", linewidth=1.2)
            (self.val_line,) = self.ax.plot([], [], marker="o", markersize=3.5, label="validation")
            for label, y in hlines.items():
                mark_height(self.ax, label, y)
            self.ax.set(xlabel="epoch", ylabel="perplexity", yscale="log")
            if has_validation:
                self.ax.legend(loc="upper right")

    def update(self, history, validation, compact=False):
        """Redraw; return the seconds that it took, after the first time, which sets all up."""
        start, first = time.perf_counter(), self.handle is None
        self.train_line.set_data([r.epoch for r in history], [r.perplexity for r in history])
        self.val_line.set_data([epoch for epoch, _ in validation], [y for _, y in validation])
        self.ax.relim()
        self.ax.autoscale_view()
        plain_log_ticks(self.ax)
        content = HTML(to_html(self.fig, ALT, compact))
        if first:
            self.handle = display(content, display_id=True)
            self.fig.set_layout_engine("none")  # the layout stays as it is
        else:
            self.handle.update(content)
        return 0.0 if first else time.perf_counter() - start
