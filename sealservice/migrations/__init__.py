"""How the tables came to be as they are, one revision after another.

    >>> house.database.migrate()  # harmless when they are the newest already
    >>> house.database.has_tables()
    True

Refuses to know what the rows mean.
"""
