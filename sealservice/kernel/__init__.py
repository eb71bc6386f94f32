"""What every wing stands on: errors, clock, identifiers, database, lifecycle. It knows no seal and no document."""
