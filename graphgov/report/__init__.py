"""The queue, the dossiers and the export pages."""
