"""The tail of a negative binomial: how often chance alone brings at least so many."""

from __future__ import annotations

import math


def tail(count: float, mean: float, shape: float) -> float:
    """P(X >= count) of a negative binomial with this mean and shape (variance = mean + mean^2 / shape).

    A Poisson whose rate is gamma distributed (Greenwood & Yule 1920). Summed from the tail's beginning, so that small
    figures keep their digits; between whole counts it runs smoothly, because voices may weigh a half.
    """
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    log_miss = -math.log1p(mean / shape)  # log of shape / (mean + shape)
    hit = mean / (mean + shape)
    log_first = math.lgamma(count + shape) - math.lgamma(shape) - math.lgamma(count + 1)
    term = math.exp(log_first + shape * log_miss + count * math.log(hit))
    total, n = 0.0, count
    while term > 1e-12 * total or n < mean:
        total += term
        term *= hit * (n + shape) / (n + 1)
        n += 1
        if term == 0.0:
            break
    return min(total, 1.0)
