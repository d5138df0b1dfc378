"""Small pictures made on the server: sparklines, day bars and split bars, as inline SVG without style attributes."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape


def bars(counts: Sequence[int], label: str, *, width: int = 144, height: int = 28, css: str = "spark") -> Markup:
    """One bar for each count; empty ones are a hair line, so that silence is seen. `label` is what is heard."""
    step, top = width / max(len(counts), 1), max([*counts, 1])
    shapes = []
    for position, count in enumerate(counts):
        size = max(2.0, count / top * height) if count else 1.0
        name = "bar" if count else "none"
        shapes.append(
            f'<rect class="{name}" x="{position * step:.2f}" y="{height - size:.2f}"'
            f' width="{max(step - 0.75, 0.75):.2f}" height="{size:.2f}"/>'
        )
    return Markup(  # noqa: S704 - numbers of our own and an escaped label
        f'<svg class="{css}" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{escape(label)}" preserveAspectRatio="none">{"".join(shapes)}</svg>'
    )


def split(negative: int, neutral: int, positive: int, of: int) -> Markup:
    """A bar split by sentiment; its whole length stands for `of`. Decorative: the figures stand beside it."""
    parts, start = [], 0.0
    for name, count in (("negative", negative), ("neutral", neutral), ("positive", positive)):
        share = count / of * 100 if of else 0.0
        if share:
            parts.append(f'<rect class="{name}" x="{start:.2f}%" y="0" width="{share:.2f}%" height="100%"/>')
        start += share
    return Markup(f'<svg class="split" aria-hidden="true" focusable="false">{"".join(parts)}</svg>')  # noqa: S704
