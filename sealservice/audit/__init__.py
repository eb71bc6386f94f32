"""The record of everything that was done: lines that are only ever added, each with its RFC 9162 leaf hash.

    >>> from sealservice.audit.operations import append
    >>> from sealservice.audit.queries import find_fault, history
    >>> from sealservice.kernel.lifecycle import Event
    >>> with house.database.begin() as session:  # the transaction of what it records
    ...     line = append(session, Event("door.lock", "door:1", "keeper", house.clock.now(), cause="夜间"))
    >>> with house.database.read() as session:
    ...     [line.act for line in history(session, "door:1")], find_fault(session)
    (['door.lock'], None)

Refuses to know what a line means; what was never recorded it cannot tell.
"""
