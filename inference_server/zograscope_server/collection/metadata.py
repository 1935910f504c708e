"""Recognises the title, date, creator, rights and link among labels as catalogues write them."""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from zograscope_server.collection.collection import Item
from zograscope_server.collection.dates import parse_year
from zograscope_server.collection.fetching import is_address

# English, German and French names, without spaces, marks and prefixes; better ones come first.
TITLE = ("title", "titel", "titre", "label", "caption", "name", "bezeichnung", "legende", "légende")
DATE = (
    *("date", "datum", "datierung", "created", "datecreated", "creationdate", "dateofcreation"),
    *("year", "jahr", "année", "annee", "issued", "dateissued", "published", "publicationdate"),
    *(
        "datepublished",
        "dateofpublication",
        "publicationyear",
        "erscheinungsjahr",
        "entstehungszeit",
    ),
    *("entstehungsdatum", "datedecréation", "datedepublication", "temporal", "period", "zeit"),
)
CREATOR = (
    *("creator", "author", "artist", "photographer", "cartographer", "maker", "engraver"),
    *("urheber", "urheberin", "autor", "autorin", "künstler", "kuenstler", "künstlerin"),
    *("fotograf", "fotografin", "kartograf", "verfasser", "verfasserin", "auteur", "artiste"),
    *("photographe", "créateur", "createur", "contributor", "contributors", "authors", "creators"),
    *("beteiligte", "mitwirkende"),
)
RIGHTS = (
    *("rights", "license", "licence", "lizenz", "rechte", "nutzungsrechte", "droits", "copyright"),
    *("accessrights", "rightsstatement", "usagerights", "termsofuse", "attribution"),
)
LINK = (
    *("link", "url", "uri", "permalink", "homepage", "webpage", "weblink", "page", "lien", "seite"),
    *("source", "quelle", "relation", "isshownat", "isreferencedby", "identifier"),
)

_PREFIX = re.compile(r"^(?:dc|dcterms|dct|schema|edm|foaf|vra|mods)[:.]")
_NO_LETTER = re.compile(r"[\W_]+")


@lru_cache(maxsize=10_000)
def plain_label(label: str) -> str:
    """Return a label as this module and others list them: "dc:Date_Issued" is "dateissued"."""
    return _NO_LETTER.sub("", _PREFIX.sub("", label.strip().casefold()))


def with_metadata(item: Item, pairs: Mapping[str, str]) -> Item:
    """Return an item with what a catalogue says of it, by labels in the catalogue's own words.

    Whatever the item has already stays. The text of a date is kept among the fields, since a
    decimal year cannot say how sure it is; so is every text that is not recognised.
    """
    texts = {label: text.strip() for label, text in pairs.items() if text.strip()}
    labels: dict[str, str] = {}
    for label in texts:
        labels.setdefault(plain_label(label), label)
    used = set()

    def first(names: tuple[str, ...]) -> str:
        label = next((labels[name] for name in names if name in labels), None)
        used.add(label)
        return "" if label is None else texts[label]

    title = item.title or first(TITLE)
    creator = item.creator or first(CREATOR)
    rights = item.rights or first(RIGHTS)
    link = item.link
    for name in LINK:
        if not link and name in labels and is_address(texts[labels[name]]):
            link = first((name,))
    years = (parse_year(texts[labels[name]]) for name in DATE if name in labels)
    date = item.date
    if date is None:
        date = next((year for year in years if year is not None), None)
    rest = {label: text for label, text in texts.items() if label not in used}
    return replace(
        item,
        title=title,
        date=date,
        creator=creator,
        rights=rights,
        link=link,
        fields={**item.fields, **rest},
    )
