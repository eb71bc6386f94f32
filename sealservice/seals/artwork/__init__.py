"""Pictures of seals: drawn here from what a seal says, or taken in from outside, and set on a page at their true
size.

    >>> from sealservice.seals.artwork import Kind, demo_name, draw, typeset_picture
    >>> owner = demo_name("云岭市青禾区行政审批局")
    >>> owner
    '云岭市青禾区行政审批局（演示）'
    >>> picture = draw(Kind.APPROVAL, owner_name=owner, code="99012600012345")
    >>> picture.vector, picture.width_mm, picture.height_mm
    (True, 42, 42)
    >>> typeset_picture(picture.source, picture.media_type, picture.width_mm, picture.height_mm)[:5]
    b'%PDF-'

A picture that somebody else made comes in through `accept_picture`, which refuses what is not plain, in proportion
and see-through. Knows typography and files; refuses to know the database, keys, and who may have which seal.
"""

from sealservice.seals.artwork.drawing import DEMO_MARK, demo_name, draw
from sealservice.seals.artwork.fonts import Typeface, find_font
from sealservice.seals.artwork.intake import accept_picture
from sealservice.seals.artwork.picture import MediaType, Picture
from sealservice.seals.artwork.square_seal import DEMO_SUFFIX
from sealservice.seals.artwork.styles import COLOURS, STYLES, Carving, Kind, Shape, Style
from sealservice.seals.artwork.typeset import png_preview, typeset_picture

__all__ = [
    "COLOURS",
    "DEMO_MARK",
    "DEMO_SUFFIX",
    "STYLES",
    "Carving",
    "Kind",
    "MediaType",
    "Picture",
    "Shape",
    "Style",
    "Typeface",
    "accept_picture",
    "demo_name",
    "draw",
    "find_font",
    "png_preview",
    "typeset_picture",
]
