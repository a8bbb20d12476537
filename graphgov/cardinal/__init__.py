"""What Cardinal computes on OCDS data, with the same commands and settings."""
