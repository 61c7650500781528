"""The commands of `python -m charrnn_helpers`, one module for each.  Import-only.

Each module has `add(parser)`, which declares the arguments, and `run(arguments)`, which returns
the exit code.
"""
