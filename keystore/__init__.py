"""Keys, not seals: where a signing key lives, and how it signs. Only `keystore.token` speaks PKCS#11."""
