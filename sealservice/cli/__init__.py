"""The command line: every act of the house, without a server. It parses, asks and shows; no rule lives here."""
