"""The tested code behind the course; the modules that the notebooks build are at the top level.

============  ================================================================================
text          `preprocess`: letters and single spaces
data          `Vocab`, windows and batches, `TimeMachine`
model         `one_hot`, `RNNScratch`, `GRUScratch`, `LSTMScratch`, `RNNLMScratch`, `make_model`
counting      n-gram models, the baseline that a recurrent model has to beat
training      cross-entropy, perplexity, clipping, `train`, `fit`, `evaluate`
sampling      `predict`, `sample`: temperature, top-k, top-p; surprisal
bptt          the recurrence with a backward pass written by hand, `RNNByHand`
checkpoint    a trained model as one file
atomic        files that are written whole or not at all
book/         the text: file formats, download, search; the bundled story
show/         all drawings: style, figures, svg, live, controls, cockpit, demos
trained/      networks that the course has trained, and how
checks/       the exercises: whether an answer is right, and if not, why not
============  ================================================================================

The modules from `text` to `bptt` import only each other, and do not need Jupyter.  Import from
the modules: ``from charrnn_helpers.model import one_hot``.
"""

__version__ = "0.1.0"
