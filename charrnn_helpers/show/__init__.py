"""All that is drawn: one style, figures, live curves, controls, the cockpit, the demos."""
