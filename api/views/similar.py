"""Mentions that resemble one, of other stories."""

from __future__ import annotations

from api.models import SimilarMention, SimilarMentions
from api.problems import NotFound
from api.reader import Reader


def similar_mentions(reader: Reader, id: str, limit: int) -> SimilarMentions:
    """Those that the index holds, likeliest first. Raises NotFound."""
    try:
        how, found = reader.it.meaning.similar(id, limit)
    except KeyError:
        raise NotFound("mention") from None
    scores = {each.id: each.score for each in found}
    held = {m.id: m for m in reader.index.get(list(scores))}
    items = [
        SimilarMention(**reader.mention(held[each]).model_dump(), score=score)
        for each, score in scores.items()
        if each in held
    ]
    return SimilarMentions(how=how, items=items)
