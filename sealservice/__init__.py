"""The law of the house: who may do what, in which state, and what is written down first.

    >>> from sealservice.impressions.request import PressRequest
    >>> from sealservice.workers import Automatic
    >>> request = PressRequest(document=letter, seal_code=seal.code, keeper="keeper", placement=Automatic())
    >>> impression = house.pressing.press(request)
    >>> impression.state, impression.timestamp_source
    (<ImpressionState.RECORDED: 'RECORDED'>, 'own')

`house` is what `sealservice.assembly.open_house` gives. Each wing's own `__init__` shows what it is asked. Refuses to
know HTTP; how a PDF looks inside is known to `workers` alone.
"""
