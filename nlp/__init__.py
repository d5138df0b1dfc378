"""Understands: the text of a post in, an `Annotation` out.

What may come in: text normalising, gazetteer and province records, classifiers with their models and cards,
similarity, stories, key terms.
What stays out: fetching, storing, HTTP. Everything here works on plain text and plain data.
"""
