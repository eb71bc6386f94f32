"""The service's sentences, one TOML file a wing, English and Chinese side by side.

    >>> from sealverify.messages import catalogue
    >>> catalogue("sealservice.messages").text("KEY_RETIRED", key="7f01").zh
    '密钥 7f01 已停用。'

`sealverify.messages` says how they are read. Refuses to know when one is said.
"""
