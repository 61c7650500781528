"""All drawings: the style, figures, live curves, controls, the cockpit, and the demos."""
