"""The page with the disagreements in which a model is surest."""

import base64
import io
import re
from html.parser import HTMLParser
from typing import Any

from PIL import Image

from components.records.spans import AgreementRecord, ClassAgreementRecord
from components.span_review.agreement import Answer
from components.span_review.contact_sheet import AnsweredImage, MostConfident, as_html
from tests.conftest import encoded, picture

EVIL = "<script>alert('x')</script>\"'><img src=http://example.org/x onerror=alert(1)>\u202e"
PROBLEM = "class '<b>': the served model agrees with the labels of 0 of 20 images"
# Elements that load something, run something, or lead somewhere.
ACTIVE = {"script", "link", "iframe", "object", "embed", "a", "form", "base", "video", "audio"}


def image(
    score: float = 0.9, label: str = "cat", name: str = "a.png", content: bytes = b""
) -> AnsweredImage:
    return AnsweredImage(Answer(label, "dog", score, "train"), name, content)


def figures(label: str = "cat") -> AgreementRecord:
    share: dict[str, Any] = {"images": 20, "agreement": 0.25, "interval": (0.11, 0.47)}
    of_class = ClassAgreementRecord(**share, other_label=label, other_images=9)
    return AgreementRecord(
        **share,
        version=3,
        by_class={label: of_class},
        score_agreeing=0.9,
        score_disagreeing=0.8,
        unknown_labels=(label,),
    )


class Elements(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_labels_names_and_sentences_are_text_wherever_they_stand() -> None:
    shown = [image(label=EVIL, name=EVIL, content=encoded(picture())), image(name=EVIL)]
    page = as_html(6, figures(EVIL), [PROBLEM], shown)
    elements = Elements(page)
    assert not {tag for tag, _ in elements.tags} & ACTIVE
    assert not [name for _, attributes in elements.tags for name in attributes if name[:2] == "on"]
    pictures = [attributes for tag, attributes in elements.tags if tag == "img"]
    assert [sorted(attributes) for attributes in pictures] == [["alt", "src"]]
    assert "<script>alert('x')</script>" in str(pictures[0]["alt"])
    assert elements.text.count("<script>alert('x')</script>") == 6
    assert "\\u202e" in elements.text
    assert "\u202e" not in page
    assert PROBLEM in elements.text


def test_the_page_needs_no_other_and_forbids_itself_to_ask_for_one() -> None:
    page = as_html(6, figures(), [], [image(content=encoded(picture()))])
    assert not re.search(r"https?:|url\(|@import|file:", page)
    sources = re.findall(r'src="([^"]*)"', page)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "default-src 'none'; img-src data:" in page
    assert "color-scheme: light dark" in page
    assert "@media print" in page


def test_thumbnails_are_small_and_stand_upright() -> None:
    content = encoded(picture(300, 600), "JPEG", orientation=6)
    source = image(content=content).thumbnail
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as thumbnail:
        assert thumbnail.size == (64, 128)


def test_an_image_that_pillow_cannot_read_is_shown_without_a_picture() -> None:
    page = as_html(6, figures(), [], [image(content=b"no image")])
    assert "no preview" in page
    assert "<img" not in page


def test_the_surest_disagreements_stay_in_their_order() -> None:
    surest = MostConfident(3)
    for place, score in enumerate([0.5, 0.9, 0.7, 0.9, 0.2, 0.7]):
        surest.add(image(score, name=str(place)))
    assert [shown.name for shown in surest.kept] == ["1", "3", "2"]


def test_of_many_classes_the_page_shows_those_with_the_least_agreement() -> None:
    share: dict[str, Any] = {"images": 10, "interval": (0.1, 0.9)}
    by_class = {
        f"class {place:02d}": ClassAgreementRecord(**share, agreement=place / 100)
        for place in reversed(range(30))
    }
    agreement = figures().model_copy(update={"by_class": by_class})
    text = Elements(as_html(None, agreement, [], [])).text
    assert "class 19" in text
    assert "class 20" not in text
    assert "10 more classes with more agreement" in text
    assert "The model agrees with every label" in text
