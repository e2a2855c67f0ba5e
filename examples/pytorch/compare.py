#!/usr/bin/python3
"""How far outputs are from those wanted: `compare.py WANT.npy GOT.npy`, rows of logits.

Prints the largest difference (of the row's largest magnitude), the signal-to-noise ratio in dB and the
share of rows with the same decision.
"""
import sys

import numpy as np

want, got = (np.load(path).astype(np.float64) for path in sys.argv[1:3])
assert want.shape == got.shape, (want.shape, got.shape)
error = got - want
largest = np.max(np.abs(error).max(axis=1) / np.abs(want).max(axis=1))
sqnr = 10 * np.log10(np.square(want).sum() / max(np.square(error).sum(), 1e-300))
agreement = np.mean(want.argmax(axis=1) == got.argmax(axis=1))
print("largest difference %.3g, SQNR %.1f dB, agreement %.2f %%" % (largest, sqnr, 100 * agreement))
