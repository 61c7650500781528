"""PyTorch's networks in place of ours, for trainings that would take too long in a Python loop."""

from charrnn_helpers.library import Library


def by_library(cell):
    """Return what makes PyTorch's network with the initial weights of the cell."""

    def made(*settings):
        return Library(cell(*settings))

    return made


def fast(recipe):
    """Return the recipe with PyTorch's network in place of ours."""
    return recipe._replace(cell=by_library(recipe.cell))


def as_built(model):
    """Return the model that was trained by a fast recipe, with our network for one-hot inputs."""
    model.rnn.rnn = model.rnn.rnn.ours()
    model.rnn = model.rnn.without()
    return model.eval()
