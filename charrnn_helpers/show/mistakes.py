"""Whether mistakes lead to mistakes: the share of unknown words by the number of own words."""

from charrnn_helpers.show.style import PALETTE
from charrnn_helpers.show.svg import WIDTH, Axes, Drawing

OWN, OTHER = "#A84300", "#555"
LOOKS = [(OWN, "none"), (PALETTE[0], "7 4"), (OTHER, "2 3")]


def piling(lines, count):
    """Draw the shares of unknown words, `{label: shares}`, the first line lit.

    Each share is one of `count` words, and the bars are two standard errors to each side.
    """
    d = Drawing(WIDTH, 22 * Drawing(0, 0).em)
    box = (5 * d.em, 0.8 * d.em, WIDTH - 15 * d.em, 18.6 * d.em)
    (places,) = {len(shares) for shares in lines.values()}
    axes = Axes(d, box, (-0.4, places - 0.6), (0, 0.7))
    yticks = {k / 10: f"{k / 10:g}" for k in range(8)}
    xticks = {k: str(k) for k in range(places)}
    axes.frame("own words so far", "share of unknown words", xticks, yticks)
    shares = next(iter(lines.values()))
    note = f"flat: word {places} is as good as word 1"
    d.text(axes.x(places / 2), axes.y(min(shares)) + 2.6 * d.em, note, "middle", 1.1, OWN)
    free = -float("inf")
    order = sorted(zip(lines.items(), LOOKS, strict=True), key=lambda line: -line[0][1][-1])
    for (label, shares), (color, dash) in order:
        d.path(axes.points(range(places), shares), color, 2.5, dash)
        for k, share in enumerate(shares):
            error, x = 2 * (share * (1 - share) / count) ** 0.5, axes.x(k)
            d.line(x, axes.y(share - error), x, axes.y(share + error), color, 2)
            d.dot(x, axes.y(share), color, 4)
        down = 1.9 if color == OWN else -1.1
        d.text(axes.x(0), axes.y(shares[0]) + down * d.em, f"{shares[0]:.2f}", "middle", 1, color)
        free = max(axes.y(shares[-1]) + 0.3 * d.em, free + 1.5 * d.em)
        d.text(box[2] + 0.6 * d.em, free, f"{label}: {shares[-1]:.2f}", color=color)
    told = "; ".join(
        f"{label} {shares[0]:.2f} for the first and {shares[-1]:.2f} for the last"
        for label, shares in lines.items()
    )
    return d.picture(f"The share of unknown words among {places} own words: {told}.")
