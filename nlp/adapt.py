"""Teaches a trained model a few labels more, without the texts that it was made of.

The weights move from where they are only as far as the new labels ask: a squared hinge with a prior centred on the
old weights (Chelba and Acero 2004 did so for maximum entropy). With 50 labels of another kind of text this gains what
training on the 50 alone cannot (`python -m bench.fifty_labels`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from nlp.features import Floats, counts, weighted, with_copies
from nlp.linear import LinearModel

# How much new labels ask for, against the prior; of labels that combine each has fewer texts.
_ONE, _SEVERAL = 1.0, 0.25
_STIFF = 10.0  # the bias moves unwillingly: people label what went wrong, often of one label only
_STEPS = 200


def adapted(base: LinearModel, texts: Sequence[str], labels: Sequence[Sequence[str]]) -> LinearModel:
    """`base` after it has seen texts with their labels, as written and without accents.

    Vocabulary, calibration and thresholds stay those of `base`. Raises ValueError for a label that it does not know.
    """
    if unknown := sorted({label for each in labels for label in each} - set(base.labels)):
        raise ValueError(f"the base model does not know {', '.join(unknown)}")
    copies = with_copies(texts)
    matrix = weighted(counts(copies, base.settings.grams, base.index), base.inverse)
    used = np.unique(matrix.indices)
    as_written = replace(base, settings=replace(base.settings, restore=False))
    seen, margins = csr_matrix(matrix[:, used]), as_written.margins_of(copies)
    truth = np.array([[name in each for name in base.labels] for each in labels] * 2, dtype=np.float64)
    weights, bias = base.weights.copy(), base.bias.copy()
    strength = _SEVERAL if base.settings.multi else _ONE
    for column in range(len(base.labels)):
        step, shift = _moved(seen, margins[:, column], 2 * truth[:, column] - 1, strength)
        weights[used, column] += step
        bias[column] += shift
    return replace(base, weights=weights.astype(np.float16).astype(np.float64), bias=bias)


def _moved(matrix: csr_matrix, margins: Floats, sign: Floats, strength: float) -> tuple[Floats, float]:
    """How far weights and bias move so that `sign` and margin agree."""

    def loss(moved: Floats) -> tuple[float, Floats]:
        short = np.maximum(1 - sign * (margins + matrix @ moved[:-1] + moved[-1]), 0)
        pull = -2 * strength * short * sign
        gradient = stiffness * moved + np.append(matrix.T @ pull, pull.sum())
        return float(0.5 * stiffness @ moved**2 + strength * short @ short), gradient

    start = np.zeros(matrix.shape[1] + 1)
    stiffness = np.append(np.ones(matrix.shape[1]), _STIFF)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}).x
    return found[:-1], float(found[-1])
