"""Pressing a seal on a document: the heart of the house. `docs/sealing-cycle.md` tells the whole on one page.

    >>> from sealservice.impressions.request import PressRequest
    >>> from sealservice.workers import Keyword
    >>> where = Keyword(text="盖章")
    >>> request = PressRequest(document=letter, seal_code=seal.code, keeper="keeper", placement=where)
    >>> impression = house.pressing.press(request)
    >>> impression.state, [place["page"] for place in impression.preparation["places"]]
    (<ImpressionState.RECORDED: 'RECORDED'>, [1])

Refuses to know how a PDF looks inside, and where keys live.
"""
