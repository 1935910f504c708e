"""What goes wrong with collections."""

from zograscope_protocol.errors import ZograscopeError


class CollectionError(ZograscopeError):
    """What goes wrong with collections."""

    SENTENCES = {
        "collection-unknown": "{path} is no collection. Name a folder of images, a CSV or TSV table, or a IIIF manifest.",
        "collection-empty": "There is no image in {name} that can be read. The details list what was left out.",
        "name-unreadable": "The name {name!r} has characters that are no text in UTF-8. Rename it.",
        "table-unreadable": "{path} cannot be read as a table. Save it as CSV in UTF-8, with the names of the columns in its first row.",
        "table-without-files": "No column of {path} names images. Call one `file`, and fill it with paths from the table's folder or with web addresses.",
        "row-without-file": "This row names no image. Fill its column {column!r}.",
        "manifest-wrong": "{name} is no IIIF manifest or collection of version 2 or 3. Look for the address with the IIIF logo on the library's page.",
        "canvas-without-image": "This page of the manifest shows no image. It may hold sound or film; look at it in a web browser.",
        "file-too-large": "{path} has {size} MB, more than the {limit} MB that can be read. Check whether it is what it seems to be.",
        "format-unread": "{name} is {kind}, which cannot be read. Save it as TIFF, PNG or JPEG.",
        "no-picture": "{name} is no picture, by its name. If it is one, give its name the ending of its format, such as .jpg.",
        "more-left-out": "And {count} more files that are no pictures, by their names.",
        "fetch-failed": "{url} could not be fetched. Check the network and start again; what has come is kept.",
        "fetch-slow": "{url} comes too slowly, and was given up. Try again later, or download it in a web browser.",
        "fetch-refused": "{url} cannot be had. Check the address in a web browser.",
    }
