"""The words of HTML that the project wrote, in which nothing may run, load or be left open."""

from html.parser import HTMLParser

ELEMENTS = frozenset(
    [
        "b",
        "u",
        "i",
        "br",
        "span",
        "div",
        "p",
        "mark",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "bdi",
        "style",
    ]
)
ATTRIBUTES = frozenset(
    [
        "class",
        "style",
        "lang",
        "align",
        "title",
        "tabindex",
        "role",
        "aria-label",
        "colspan",
        "data-lm-suppress-shortcuts",
    ]
)


class _Checked(HTMLParser):
    """Collects the words; an element or attribute that is not among ours is refused."""

    def __init__(self):
        super().__init__()
        self.words, self.open = [], []

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS, f"<{tag}>"
        assert {name for name, _ in attrs} <= ATTRIBUTES, attrs
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)


def words_of(html):
    """The words, once the elements around them were found to be ours."""
    parser = _Checked()
    parser.feed(html)
    parser.close()
    assert not parser.open
    return "".join(parser.words)
