# Nets, weights and outputs that torch computed, whole: new ones come along by themselves.
EXTRA_DIST += tests/torch
