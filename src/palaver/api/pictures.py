"""Pictures as callers give them."""

import base64

from palaver.domain.part import Base64Image, Image, ImageSource, UrlImage
from palaver.errors import Invalid


def taken(source: ImageSource) -> Image:
    """A picture that is given. Raises `Invalid` where no provider could be shown it.

    What is said is kept, so it would be in the way of all that is said later.
    """
    data = source.data if isinstance(source, Base64Image) else None
    if isinstance(source, UrlImage) and not source.url.startswith(("http://", "https://")):
        scheme, _, data = source.url.partition(",")
        if not scheme.startswith("data:"):
            raise Invalid("An image's url must begin with https://, http:// or data:.")
    if data is not None and not _is_base64(data):
        raise Invalid("An image's data must be base64 without line breaks, and not empty.")
    return Image(source=source)


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except ValueError:
        return False
