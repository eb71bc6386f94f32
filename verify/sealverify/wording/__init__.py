"""The verifier's sentences, as TOML files. See `sealverify.messages`."""
