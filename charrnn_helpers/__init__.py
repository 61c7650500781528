"""The tested code behind the course.  What the notebooks build stands flat; the rest is one down.

============  ================================================================================
data          normalized text, `Vocab`, windows and batches, `TimeMachine`
model         `one_hot`, `RNNScratch`, `RNNLMScratch`, `make_model`
counting      n-gram models: what a recurrent model has to beat
training      cross-entropy, perplexity, clipping, `train`, `fit`, `evaluate`
sampling      `predict`, `sample`: temperature, top-k, top-p; surprisal
checkpoint    a trained model as one file
book/         the text: formats, download, find; the bundled story
show/         all that is drawn: style, figures, svg, live, controls, cockpit, demos
checks/       the exercises: is an answer right, and if not, why not
============  ================================================================================

Imports point one way: `book` knows of none of the others, the taught modules know only of `book`
and of each other, `show` and `checks` know of the taught ones.  The taught modules know nothing
of Jupyter.  Import from the modules: ``from charrnn_helpers.model import one_hot``.
"""
