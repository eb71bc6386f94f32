"""The seal library: who may speak with which seal, and since when.

    >>> from sealservice.demo import CREDIT_CODE
    >>> from sealservice.seals.kinds import SealKind
    >>> from sealservice.seals.requesting import SealRequest
    >>> wanted = SealRequest(credit_code=CREDIT_CODE, kind=SealKind.CONTRACT, keepers=["keeper"])
    >>> asked = house.seals.request(wanted, actor="demo.clerk")
    >>> house.seals.approve(asked.code, actor="demo.chief", cause="同意").state  # somebody else than who asked
    <SealState.APPROVED: 'APPROVED'>
    >>> house.seals.make(asked.code, actor="demo.maker").state
    <SealState.ACTIVE: 'ACTIVE'>

Refuses to know the documents that seals are pressed on.
"""
