"""Keys and the certificates that speak for them: the embedded authority, and the way to an outside licensed one."""
