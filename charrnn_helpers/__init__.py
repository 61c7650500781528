"""The tested code behind the course, one noun a module, in reading order.

=============  ==========================================================
files          written whole or not at all
encoding       what a file is that is no text in UTF-8
download       one file, from the first mirror that has it; what can go wrong
book           *The Time Machine*, found, downloaded, verified; or a text of your own
guards         a bad value, or a broken-off step, does no harm
data           normalise, `Vocab`, windows and batches, `TimeMachine`
model          `one_hot`, `RNNScratch`, `RNNLMScratch`, `make_model`
counting       n-gram models: what a recurrent model has to beat
training       cross-entropy, perplexity, clipping, `train`, `evaluate`
sampling       `predict`, `sample`: temperature, top-k, top-p; surprisal
checkpoint     save a model and load it again
figures        the static pictures, in one style
svg            drawings as text, quick enough to be redrawn
live           curves that move while a model trains
controls       sliders, text fields and buttons around a function
cockpit        a training run that one can steer
demos          the interactive figures
checks         the exercises: is an answer right, and if not, why not
=============  ==========================================================

A module imports only from those above it.  None of those before `figures`
knows of Jupyter.  Import from the modules: ``from charrnn_helpers.model import one_hot``.
"""
