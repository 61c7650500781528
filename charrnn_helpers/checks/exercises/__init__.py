"""The exercises, one module a notebook: model answers, cases, hints and slips."""
