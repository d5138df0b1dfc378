"""One mention: what was said, why it is relevant, how it was understood, how its text changed."""

from __future__ import annotations

import re

from api.models import Annotation, MentionDetail, MentionItem, Resource, Revision, SimilarMention, TextChange
from api.problems import NotFound
from api.reader import Reader
from api.searching import Search
from api.views.similar import similar_mentions
from monitor.records import first_words
from monitor.text_changes import edits

EXCERPT = 700  # characters: a text is stored for analysis, shown as an excerpt
SAME_STORY = 6
SIMILAR = 5


class Piece(Resource):
    """A run of the excerpt; `place` is the id of the place that it names."""

    text: str
    place: str | None = None


class MentionPage(Resource):
    mention: MentionDetail
    lead: list[Piece]
    excerpt: list[Piece]
    story_title: str | None
    same_story: list[MentionItem]
    original: MentionItem | None
    similar: list[SimilarMention]


def mention_detail(reader: Reader, id: str) -> MentionDetail:
    """Raises NotFound."""
    found = reader.it.archive.get([id]).get(id)
    if found is None:
        raise NotFound("mention")
    post = found.post
    row = reader.it.annotations.get([id]).get(id)
    annotation = reader.it.annotations.annotations([id]).get(id)
    earlier = [
        Revision(
            number=edit.revision.number,
            title=edit.revision.title,
            excerpt=excerpt(edit.revision.body or edit.revision.lead, 300),
            replaced_at=edit.revision.replaced_at,
            changes=[TextChange.model_validate(change, from_attributes=True) for change in edit.changes],
        )
        for edit in edits(found, reader.it.archive.revisions(id))
    ]
    return MentionDetail(
        id=id,
        url=post.url,
        title=post.title or first_words(post.lead or post.body),
        lead=post.lead,
        excerpt=excerpt(post.body, EXCERPT),
        source=post.source,
        source_name=reader.names.source(post.source),
        kind=post.kind,
        author=post.author,
        section=post.section,
        published_at=found.counted_at,
        first_seen_at=found.first_seen_at,
        updated_at=post.updated_at,
        withdrawn_at=found.withdrawn_at,
        reactions=dict(post.reactions),
        outcome=found.outcome,
        method=post.method,
        story_id=row.story_id if row else None,
        duplicate_of=row.duplicate_of if row else None,
        annotation=Annotation.model_validate(annotation.as_json()) if annotation else None,
        revisions=earlier,
    )


def mention_page(reader: Reader, id: str) -> MentionPage:
    """Raises NotFound."""
    detail = mention_detail(reader, id)
    stories = reader.it.annotations.stories([detail.story_id] if detail.story_id else [])
    same: list[MentionItem] = []
    if detail.story_id:
        same = reader.newest(Search(story=(detail.story_id,)), SAME_STORY + 1)
    original = reader.index.get([detail.duplicate_of]) if detail.duplicate_of else []
    return MentionPage(
        mention=detail,
        lead=pieces(detail.lead, detail.annotation),
        excerpt=pieces(detail.excerpt, detail.annotation),
        story_title=stories[detail.story_id].title if detail.story_id in stories else None,
        same_story=[item for item in same if item.id != id][:SAME_STORY],
        original=reader.mention(original[0]) if original else None,
        similar=similar_mentions(reader, id, SIMILAR).items,
    )


def excerpt(text: str, length: int) -> str:
    """The beginning of a text, cut between words."""
    if len(text) <= length:
        return text
    return text[:length].rsplit(None, 1)[0] + "…"


def pieces(text: str, annotation: Annotation | None) -> list[Piece]:
    """The text cut at the places found in it. The annotation names each place once; here all its mentions count."""
    surfaces = {place.surface: place.id for place in annotation.places if place.surface} if annotation else {}
    if not surfaces:
        return [Piece(text=text)] if text else []
    longest_first = sorted(surfaces, key=len, reverse=True)
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, longest_first))})\b")
    parts = pattern.split(text)  # plain text and places in turn
    return [Piece(text=part, place=surfaces.get(part) if n % 2 else None) for n, part in enumerate(parts) if part]
