"""How fast the export is: against the warehouse's own COPY, and what a team would write instead."""
