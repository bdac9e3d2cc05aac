"""Model cards, which are Markdown, on a model's page."""

from markdown_it import MarkdownIt
from markupsafe import Markup

DEEPER = {"h1": "h3", "h2": "h3", "h3": "h4", "h4": "h5"}
"""Headings of a card -> those within a section of a page."""


def rendered(text: str) -> Markup:
    """CommonMark with tables as HTML: tags within the text stay text, and nothing is loaded for it."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    tokens = markdown.parse(text)
    for token in tokens:
        token.tag = DEEPER.get(token.tag, token.tag)
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))
