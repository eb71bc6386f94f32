"""All tables together, for whoever compares the migrations with the models."""

from __future__ import annotations

import sealservice.audit.model
import sealservice.certificates.model
import sealservice.documents.model
import sealservice.impressions.model
import sealservice.kernel.home
import sealservice.parties.model
import sealservice.seals.model  # noqa: F401 - each import registers its tables
from sealservice.kernel.database import Table

METADATA = Table.metadata
