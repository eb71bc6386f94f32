"""The service's sentences, one TOML file a wing. `sealverify.messages` says how they are read."""
