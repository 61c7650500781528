"""The commands of `python -m charrnn_helpers`, one module for each.

Each has `add(parser)`, which declares the arguments; `run(arguments)` returns the exit code.
"""
